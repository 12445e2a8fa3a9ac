// How each plane words an error; every refusal that a client can meet has to be in its plane's
// words.
import { z } from '#kernel';
import type { Answer } from '#test/kit/wire.ts';

const CODED = z.object({
  error: z.object({
    code: z.string().min(1),
    message: z.string().min(1),
    innererror: z.object({ code: z.string().min(1) }).optional(),
  }),
});

const OAUTH = z.object({
  error: z.string().min(1),
  error_description: z.string().min(1),
  error_codes: z.array(z.number()).optional(),
});

export interface ErrorWords {
  readonly code: string;
  readonly inner?: string | undefined;
}

/** What a page of the identity provider says went wrong: number and text, for programs. */
export function readPageProblem(answer: Answer): string | undefined {
  if (!/^text\/html/.test(answer.headers['content-type'] ?? '')) return undefined;
  const problem = /<meta name="problem" content="([^"]*)">/.exec(answer.text)?.[1];
  return problem?.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}

/** The error that the answer words, or `undefined` if it is not in the plane's dialect. */
export function readError(plane: string, answer: Answer): ErrorWords | undefined {
  const problem = plane === 'login' ? readPageProblem(answer) : undefined;
  if (problem !== undefined) return { code: /^AADSTS\d+/.exec(problem)?.[0] ?? problem };
  if (!/^application\/json/.test(answer.headers['content-type'] ?? '')) return undefined;
  try {
    if (plane === 'login') {
      const { error, error_description: description } = answer.read(OAUTH);
      return { code: /^AADSTS\d+/.exec(description)?.[0] ?? error };
    }
    const { code, innererror } = answer.read(CODED).error;
    return { code, inner: innererror?.code };
  } catch {
    return undefined;
  }
}

/** The answer words its error as its plane does; to HEAD there are no words. */
export function isWorded(plane: string, answer: Answer): boolean {
  return answer.method === 'HEAD' ? answer.text === '' : readError(plane, answer) !== undefined;
}

/** What an answer must never show, whatever went wrong: where in our source, or how. */
export function showsInternals(answer: Answer): boolean {
  return /\bat .*[(/].*:\d+:\d+|\.ts:\d+|node:internal|SyntaxError|TypeError|ZodError/.test(
    answer.text,
  );
}

/** `status code/inner`, for messages and comparisons. */
export function describeAnswer(plane: string, answer: Answer): string {
  const error = readError(plane, answer);
  if (error === undefined) return `${answer.status} ${answer.text.slice(0, 120)}`;
  return `${answer.status} ${error.code}${error.inner === undefined ? '' : `/${error.inner}`}`;
}
