// Reads Wycheproof files: the complete ones beside the project if they are there, else the
// selection that is committed here.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, parseJson, type Schema, z } from '#kernel';

const COMPLETE = new URL('../../../shared/vectors/wycheproof/', import.meta.url);
const SELECTED = new URL('./wycheproof/', import.meta.url);

export const hex = z
  .string()
  .regex(/^(?:[0-9a-f]{2})*$/)
  .transform((text) => Buffer.from(text, 'hex'));

const result = z.enum(['valid', 'invalid', 'acceptable']);
export const vectorBase = { tcId: z.number(), comment: z.string(), result } as const;

/** The groups of `name`_test.json, each as `group` describes it. */
export function loadWycheproof<T>(name: string, group: Schema<T>): readonly T[] {
  const complete = new URL(`${name}_test.json`, COMPLETE);
  const selected = new URL(`${name}_test.json`, SELECTED);
  const file = existsSync(fileURLToPath(complete)) ? complete : selected;
  const text = readFileSync(file, 'utf8');
  return parse(z.object({ testGroups: z.array(group) }), parseJson(text), 'body').testGroups;
}

/** Whether there is such a file, complete or selected. */
export function isHere(name: string): boolean {
  return [COMPLETE, SELECTED].some((folder) =>
    existsSync(fileURLToPath(new URL(`${name}_test.json`, folder))),
  );
}

/** The selection alone, whatever lies beside the project. */
export function loadSelected<T>(name: string, group: Schema<T>): readonly T[] {
  const text = readFileSync(new URL(`${name}_test.json`, SELECTED), 'utf8');
  return parse(z.object({ testGroups: z.array(group) }), parseJson(text), 'body').testGroups;
}
