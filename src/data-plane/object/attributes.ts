// Attributes and tags on the wire. Times are Unix seconds. Properties that the caller may not set
// (created, updated, recoveryLevel, …) are ignored when given, as Azure does: SDKs send them back.

import { type Schema, z } from '#kernel';
import type { Vault } from '#resources';
import type { Attributes } from './records.ts';

// The last second of the year 9999, the latest that clients' date types can hold.
const SECONDS_MAX = 253_402_300_799;
const TAGS_MAX = 15;
const TAG_CHARACTERS_MAX = 256;

const seconds = z.int().min(0).max(SECONDS_MAX);

export interface GivenAttributes {
  readonly enabled?: boolean | null | undefined;
  readonly nbf?: number | null | undefined;
  readonly exp?: number | null | undefined;
}

/** For schemas that add attributes of their own. */
export const attributesShape = {
  enabled: z.boolean().nullish(),
  nbf: seconds.nullish(),
  exp: seconds.nullish(),
};

export const attributesSchema: Schema<GivenAttributes | null | undefined> = z
  .object(attributesShape)
  .nullish();

/** The three settable attributes with `null` taken as not given. */
export function settableAttributes(given: GivenAttributes | null | undefined): {
  enabled: boolean | undefined;
  nbf: number | undefined;
  exp: number | undefined;
} {
  return {
    enabled: given?.enabled ?? undefined,
    nbf: given?.nbf ?? undefined,
    exp: given?.exp ?? undefined,
  };
}

/** The same for a new version: enabled unless told otherwise. */
export function newAttributes(
  given: GivenAttributes | null | undefined,
): Pick<Attributes, 'enabled' | 'nbf' | 'exp'> {
  const { enabled = true, nbf, exp } = settableAttributes(given);
  return { enabled, ...(nbf !== undefined && { nbf }), ...(exp !== undefined && { exp }) };
}

export type Tags = Readonly<Record<string, string>>;

/** At most 15 tags of at most 256 characters each side (`azure/facts/limits.json`). */
export const tagsSchema: Schema<Tags | null | undefined> = z
  .custom<Tags>(isTags, { message: 'not a set of tags' })
  .nullish();

function isTags(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries: [string, unknown][] = Object.entries(value);
  return entries.length <= TAGS_MAX && entries.every(isTag);
}

// `__proto__` is refused by name: as a key it would do harm in whatever copies the tags.
function isTag([name, value]: [string, unknown]): boolean {
  return (
    name.length <= TAG_CHARACTERS_MAX &&
    name !== '__proto__' &&
    name.isWellFormed() &&
    typeof value === 'string' &&
    value.length <= TAG_CHARACTERS_MAX &&
    value.isWellFormed()
  );
}

export interface WireAttributes {
  readonly enabled: boolean;
  readonly nbf?: number;
  readonly exp?: number;
  readonly created: number;
  readonly updated: number;
  readonly recoveryLevel: string;
  readonly recoverableDays: number;
}

/** In the order Azure prints them. */
export function renderAttributes(attributes: Attributes, vault: Vault): WireAttributes {
  return {
    ...attributes,
    recoveryLevel: recoveryLevel(vault),
    recoverableDays: vault.softDeleteRetentionDays,
  };
}

/** What deletion in this vault means, from its retention and purge protection. */
export function recoveryLevel(vault: Vault): string {
  const level = vault.softDeleteRetentionDays < 90 ? 'CustomizedRecoverable' : 'Recoverable';
  return vault.enablePurgeProtection ? level : `${level}+Purgeable`;
}
