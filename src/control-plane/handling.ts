// Small things that most handlers need: path parameters, and who changes something when.
import { type Call, type Schema, z } from '#kernel';
import type { PathParams } from './arm-row.ts';
import type { ManagementTarget } from './management.ts';
import { type ArmContext, callerOf, clientName, type Management } from './management.ts';
import type { Change } from './vaults/vault.ts';

export type ArmCall<B = unknown> = Call<ManagementTarget, PathParams, unknown, B>;

const NAME_CHARACTERS_MAX = 260;

/** Path parameters by name: each one segment, within what any Azure name may be. */
export function namesOf(...names: readonly string[]): Schema<PathParams> {
  const name = z
    .string()
    .min(1)
    .max(NAME_CHARACTERS_MAX)
    .refine((text) => !text.includes('/'));
  const shape = Object.fromEntries(names.map((key) => [key, name]));
  return z.object(shape);
}

/** For rows below any scope: the scope has been parsed by the decision already. */
export function scopedNames(...names: readonly string[]): Schema<PathParams> {
  const name = z.string().min(1).max(NAME_CHARACTERS_MAX);
  const shape = Object.fromEntries(names.map((key) => [key, name]));
  return z.object({ scope: z.string(), ...shape });
}

export function changeOf(management: Management, context: ArmContext): Change {
  const principal = callerOf(context);
  return {
    by: clientName(principal),
    byType: principal.type === 'User' ? 'User' : 'Application',
    atMs: management.clock.now(),
  };
}
