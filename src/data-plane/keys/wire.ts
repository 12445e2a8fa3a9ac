// Keys on the wire: request bodies ↔ rules, records → bundles. Nothing here touches a key's secret
// part.
import type { PrivateJwk } from '#cryptography';
import { type Schema, z } from '#kernel';
import { isAtLeast } from '../api-version.ts';
import {
  attributesShape,
  type GivenAttributes,
  renderAttributes,
  type Tags,
  tagsSchema,
} from '../object/attributes.ts';
import type { Head, VersionHeader } from '../object/records.ts';
import { renderDeletion, type Shown } from '../object/row.ts';
import type { Place } from '../vault-target.ts';
import { type FoundKey, isHardware, KEY_OPERATIONS, type KeyListed } from './key.ts';
import { normalizePolicyData } from './release-policy.ts';

export interface GivenKeyAttributes extends GivenAttributes {
  readonly exportable?: boolean | null | undefined;
}

export interface GivenReleasePolicy {
  readonly contentType?: string | null | undefined;
  readonly data: string;
  readonly immutable?: boolean | null | undefined;
}

export interface KeyProperties {
  readonly key_ops?: readonly string[] | null | undefined;
  readonly attributes?: GivenKeyAttributes | null | undefined;
  readonly tags?: Tags | null | undefined;
  readonly release_policy?: GivenReleasePolicy | null | undefined;
}

export interface KeyCreateParameters extends KeyProperties {
  readonly kty: string;
  readonly key_size?: number | null | undefined;
  readonly crv?: string | null | undefined;
  /** Of `kty` AKP. */
  readonly alg?: string | null | undefined;
}

export interface KeyImportParameters extends KeyProperties {
  readonly Hsm?: boolean | null | undefined;
  readonly key: PrivateJwk & {
    readonly key_ops?: readonly string[] | null | undefined;
    /** A transfer blob instead of the key itself. */
    readonly key_hsm?: string | undefined;
  };
}

const DEFAULT_POLICY_TYPE = 'application/json; charset=utf-8';
const POLICY_CHARACTERS_MAX = 100_000;

const keyOps = z
  .array(z.string().refine((operation) => KEY_OPERATIONS.includes(operation)))
  .max(KEY_OPERATIONS.length)
  .nullish();

function normalizePolicy(text: string, context: z.RefinementCtx): string {
  const data = normalizePolicyData(text);
  if (data === undefined) context.addIssue({ code: 'custom', message: 'not a release policy' });
  return data ?? '';
}

const releasePolicy = z
  .object({
    contentType: z.string().max(255).nullish(),
    data: z.string().max(POLICY_CHARACTERS_MAX).transform(normalizePolicy),
    immutable: z.boolean().nullish(),
  })
  .nullish();

const properties = {
  key_ops: keyOps,
  attributes: z.object({ ...attributesShape, exportable: z.boolean().nullish() }).nullish(),
  tags: tagsSchema,
  release_policy: releasePolicy,
};

export const updateSchema: Schema<KeyProperties> = z.object(properties);

/** `public_exponent` is not read: the recorded service answers 65537 whatever is asked for. */
export const createSchema: Schema<KeyCreateParameters> = z.object({
  ...properties,
  kty: z.string(),
  key_size: z.int().nullish(),
  crv: z.string().nullish(),
  alg: z.string().nullish(),
});

const jwkText = z.string().max(4096).optional();
const optionalText = z
  .union([jwkText, z.null()])
  .transform((text): string | undefined => text ?? undefined);

const optionalBlob = z
  .union([z.string().max(16_384), z.null()])
  .optional()
  .transform((text): string | undefined => text ?? undefined);

export const importSchema: Schema<KeyImportParameters> = z.object({
  ...properties,
  Hsm: z.boolean().nullish(),
  key: z.object({
    key_ops: keyOps,
    ...{ kty: optionalText, crv: optionalText, n: optionalText, e: optionalText, d: optionalText },
    ...{ p: optionalText, q: optionalText, dp: optionalText, dq: optionalText, qi: optionalText },
    ...{ x: optionalText, y: optionalText, k: optionalText, oth: z.unknown().optional() },
    key_hsm: optionalBlob,
  }),
});

export function releasePolicyOf(given: GivenReleasePolicy | null | undefined) {
  if (given == null) return undefined;
  return {
    contentType: given.contentType ?? DEFAULT_POLICY_TYPE,
    data: given.data,
    immutable: given.immutable ?? false,
  };
}

export function keyId(place: Place, name: string, version?: string): string {
  return `${place.origin}/keys/${name}${version === undefined ? '' : `/${version}`}`;
}

export type KeyBundle = Readonly<Record<string, unknown>> & { readonly key: object };

/** KeyBundle, or DeletedKeyBundle if the object is deleted. */
export function renderKey(found: FoundKey, shown: Shown): KeyBundle {
  const { head, version } = found;
  const { header, content } = version;
  const { kty } = header.listed;
  return {
    ...renderDeletion('keys', head, shown.place),
    key: {
      kid: keyId(shown.place, head.name, header.version),
      kty,
      key_ops: content.keyOps,
      ...renderPublic(found, shown.apiVersion),
    },
    attributes: renderKeyAttributes(header, shown),
    ...(header.tags && { tags: header.tags }),
    ...(head.managed && { managed: true }),
    // Recorded: a deleted key is shown without it.
    ...(content.releasePolicy && !head.deleted && { release_policy: content.releasePolicy }),
  };
}

/**
 * The public part without its type, which the version itself knows better (`RSA-HSM`). Recorded:
 * an imported EC key is shown as it was written.
 */
function renderPublic({ version }: FoundKey, apiVersion: string): object {
  const { kty, ...numbers } = { ...version.content.publicJwk, ...version.content.written };
  if (!('e' in numbers) || !isHardware(version.header.listed.kty)) return numbers;
  // Recorded: until 7.4 the exponent of an HSM key comes with a leading zero byte.
  return isAtLeast(apiVersion, '7.5') ? numbers : { ...numbers, e: withLeadingZero(numbers.e) };
}

function withLeadingZero(text: string): string {
  return Buffer.concat([Buffer.of(0), Buffer.from(text, 'base64url')]).toString('base64url');
}

/** KeyItem or DeletedKeyItem: the object without a version. */
export function renderItem(head: Head<KeyListed>, shown: Shown): object {
  const kid = keyId(shown.place, head.name);
  return {
    ...renderDeletion('keys', head, shown.place),
    ...renderHeader(head.current, head, { kid, shown }),
  };
}

/** KeyItem of one version. */
export function renderVersionItem(
  header: VersionHeader<KeyListed>,
  head: Head<KeyListed>,
  shown: Shown,
): object {
  return renderHeader(header, head, { kid: keyId(shown.place, head.name, header.version), shown });
}

function renderHeader(
  header: VersionHeader<KeyListed>,
  head: Head<KeyListed>,
  { kid, shown }: { readonly kid: string; readonly shown: Shown },
): object {
  return {
    kid,
    attributes: renderKeyAttributes(header, shown),
    ...(header.tags && { tags: header.tags }),
    ...(head.managed && { managed: true }),
  };
}

/** `hsmPlatform` is 0, software, where software holds the key, whatever its type says. */
function renderKeyAttributes(header: VersionHeader<KeyListed>, shown: Shown): object {
  const { apiVersion, place } = shown;
  const { exportable, sizeBits, hsmPlatform = '0' } = header.listed;
  return {
    ...renderAttributes(header.attributes, place.vault),
    ...(isAtLeast(apiVersion, '7.3') && { exportable }),
    ...(isAtLeast(apiVersion, '7.5') && { hsmPlatform }),
    ...(isAtLeast(apiVersion, '2026-04-01') && { key_size: sizeBits }),
  };
}
