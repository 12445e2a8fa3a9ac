// Secrets on the wire: request bodies ↔ rules, records → bundles. Properties come in the order in
// which Azure prints them.
import { type Schema, z } from '#kernel';
import { isAtLeast } from '../api-version.ts';
import {
  attributesSchema,
  type GivenAttributes,
  renderAttributes,
  type Tags,
  tagsSchema,
} from '../object/attributes.ts';
import type { Head, VersionHeader } from '../object/records.ts';
import { renderDeletion, type Shown } from '../object/row.ts';
import type { Place } from '../vault-target.ts';
import {
  CONTENT_TYPE_CHARACTERS_MAX,
  type FoundSecret,
  type SecretListed,
  VALUE_BYTES_MAX,
} from './secret.ts';

export interface SecretProperties {
  readonly contentType?: string | null | undefined;
  readonly attributes?: GivenAttributes | null | undefined;
  readonly tags?: Tags | null | undefined;
}

export interface SecretSetParameters extends SecretProperties {
  readonly value: string;
}

const contentType = z
  .string()
  .max(CONTENT_TYPE_CHARACTERS_MAX)
  .refine((text) => text.isWellFormed())
  .nullish();

export const updateSchema: Schema<SecretProperties> = z.object({
  contentType,
  attributes: attributesSchema,
  tags: tagsSchema,
});

/** A value that UTF-8 cannot carry would come back changed, so it is refused. */
export const setSchema: Schema<SecretSetParameters> = z.object({
  value: z
    .string()
    .refine((text) => text.isWellFormed() && Buffer.byteLength(text) <= VALUE_BYTES_MAX),
  contentType,
  attributes: attributesSchema,
  tags: tagsSchema,
});

export function secretId(place: Place, name: string, version?: string): string {
  return `${place.origin}/secrets/${name}${version === undefined ? '' : `/${version}`}`;
}

/** SecretBundle, or DeletedSecretBundle if the object is deleted. */
export function renderSecret(found: FoundSecret, shown: Shown): object {
  const { head, version } = found;
  const { header, content } = version;
  const { place } = shown;
  const showsPrevious =
    header.previousVersion !== undefined && isAtLeast(shown.apiVersion, '2025-07-01');
  return {
    ...renderDeletion('secrets', head, place),
    ...header.listed,
    id: secretId(place, head.name, header.version),
    ...(head.managed && { managed: true }),
    attributes: renderAttributes(header.attributes, place.vault),
    ...(header.tags && { tags: header.tags }),
    ...(content.certificateKey && { kid: `${place.origin}/keys/${content.certificateKey}` }),
    ...(showsPrevious && { previousVersion: header.previousVersion }),
  };
}

/** Only answers to get and set show the value. */
export function renderSecretWithValue(found: FoundSecret, shown: Shown): object {
  return { value: found.version.content.value, ...renderSecret(found, shown) };
}

/** SecretItem or DeletedSecretItem: the object without a version. */
export function renderItem(head: Head<SecretListed>, { place }: Shown): object {
  const id = secretId(place, head.name);
  return {
    ...renderDeletion('secrets', head, place),
    ...renderHeader(head.current, head, { id, place }),
  };
}

/** SecretItem of one version. */
export function renderVersionItem(
  header: VersionHeader<SecretListed>,
  head: Head<SecretListed>,
  { place }: Shown,
): object {
  return renderHeader(header, head, { id: secretId(place, head.name, header.version), place });
}

function renderHeader(
  header: VersionHeader<SecretListed>,
  head: Head<SecretListed>,
  { id, place }: { readonly id: string; readonly place: Place },
): object {
  return {
    ...header.listed,
    id,
    ...(head.managed && { managed: true }),
    attributes: renderAttributes(header.attributes, place.vault),
    ...(header.tags && { tags: header.tags }),
  };
}
