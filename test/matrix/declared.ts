// The errors that rows declare, and which of them an answer is.
import { z } from '#kernel';
import type { Answer } from '#test/kit/wire.ts';
import { readPageProblem } from './dialect.ts';
import type { Row } from './rows.ts';

export interface DeclaredError {
  /** `plane status code/inner: message`, with the message's placeholders as they stand. */
  readonly key: string;
  matches(plane: string, answer: Answer): boolean;
}

type Definition = Row['errors'][number];

const SAID = z.object({
  error: z.union([z.string(), z.object({ code: z.string(), message: z.string() })]),
  error_description: z.string().optional(),
});

/** Every error that any row declares, once. */
export function declaredErrors(rows: readonly Row[]): readonly DeclaredError[] {
  const declared = new Map<string, DeclaredError>();
  for (const { plane, errors } of rows) {
    for (const definition of errors) {
      const one = describe(plane, definition);
      declared.set(one.key, one);
    }
  }
  return [...declared.values()];
}

function describe(plane: string, definition: Definition): DeclaredError {
  const { status, code, inner, message } = definition;
  const words = message.trim().split(/\{\w+\}/);
  const pattern = new RegExp(words.map((text) => RegExp.escape(text)).join('[^]*'));
  return {
    key: `${plane} ${status} ${code}${inner === undefined ? '' : `/${inner}`}: ${message.trim()}`,
    matches: (from, answer) =>
      from === plane && answer.status === status && said(answer, definition, pattern),
  };
}

function said(answer: Answer, { code, inner }: Definition, pattern: RegExp): boolean {
  const problem = readPageProblem(answer);
  if (problem !== undefined) return problem.startsWith(inner ?? '') && pattern.test(problem);
  try {
    const { error, error_description: description } = answer.read(SAID);
    if (typeof error !== 'string') return error.code === code && pattern.test(error.message);
    const text = description ?? '';
    return error === code && text.startsWith(inner ?? '') && pattern.test(text);
  } catch {
    return false;
  }
}
