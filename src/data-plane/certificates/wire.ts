// Certificates on the wire: request bodies, and records → bundles. Properties come in the order in
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
import type { VersionHeader } from '../object/records.ts';
import { renderDeletion, type Shown } from '../object/row.ts';
import type { CertificateListed, FoundCertificate } from './certificate.ts';
import type { CertificateHead } from './certificate-objects.ts';
import type { CertificatePolicy } from './policy.ts';
import { type GivenPolicy, policySchema, renderPolicy } from './policy-wire.ts';

export interface CertificateProperties {
  readonly policy?: GivenPolicy | null | undefined;
  readonly attributes?: GivenAttributes | null | undefined;
  readonly tags?: Tags | null | undefined;
}

export interface CertificateCreateParameters extends CertificateProperties {
  readonly preserveCertOrder?: boolean | null | undefined;
}

export interface CertificateImportParameters extends CertificateCreateParameters {
  readonly value: string;
  readonly pwd?: string | null | undefined;
}

export interface CertificateMergeParameters {
  readonly x5c: readonly string[];
  readonly attributes?: GivenAttributes | null | undefined;
  readonly tags?: Tags | null | undefined;
}

const PASSWORD_CHARACTERS_MAX = 1024;

const properties = {
  policy: policySchema.nullish(),
  attributes: attributesSchema,
  tags: tagsSchema,
};

export const updateSchema: Schema<CertificateProperties> = z.object(properties);

const createShape = { ...properties, preserveCertOrder: z.boolean().nullish() };

export const createSchema: Schema<CertificateCreateParameters> = z.object(createShape);

/** How long `value` and `x5c` may be is said in Azure's words, where they are read. */
export const importSchema: Schema<CertificateImportParameters> = z.object({
  ...createShape,
  value: z.string(),
  pwd: z.string().max(PASSWORD_CHARACTERS_MAX).nullish(),
});

/** Recorded: a merge without a body learns first whether there is something to merge into. */
export const mergeSchema: Schema<CertificateMergeParameters | null | undefined> = z
  .object({
    x5c: z.array(z.string()).min(1).max(100),
    attributes: attributesSchema,
    tags: tagsSchema,
  })
  .nullish();

export const cancelSchema: Schema<{ readonly cancellation_requested: boolean }> = z.object({
  cancellation_requested: z.boolean(),
});

/** A certificate with what belongs to it as a whole. */
export interface CertificateView {
  readonly found: FoundCertificate;
  readonly policy?: CertificatePolicy | undefined;
  readonly hasPending?: boolean;
}

/** CertificateBundle, or DeletedCertificateBundle if the object is deleted. */
export function renderCertificate(view: CertificateView, shown: Shown): object {
  const { head, version } = view.found;
  const { header, content } = version;
  const { origin, vault } = shown.place;
  const { cer } = content;
  const id = `${head.name}/${header.version}`;
  return {
    ...renderDeletion('certificates', head, shown.place),
    id: `${origin}/certificates/${id}`,
    ...(cer !== undefined && {
      kid: `${origin}/keys/${id}`,
      sid: `${origin}/secrets/${id}`,
      x5t: header.listed.x5t,
      cer,
    }),
    attributes: renderAttributes(header.attributes, vault),
    ...(header.tags && { tags: header.tags }),
    ...(isAtLeast(shown.apiVersion, '7.6') && {
      preserveCertOrder: content.preserveCertOrder ?? false,
    }),
    ...(view.policy && { policy: renderPolicy(view.policy, head.name, shown) }),
    ...(view.hasPending && { pending: { id: `${origin}/certificates/${head.name}/pending` } }),
  };
}

/** CertificateItem or DeletedCertificateItem: the object without a version. */
export function renderItem(head: CertificateHead, shown: Shown): object {
  return {
    ...renderDeletion('certificates', head, shown.place),
    ...renderHeader(head.current, `${shown.place.origin}/certificates/${head.name}`, shown),
  };
}

/** CertificateItem of one version. */
export function renderVersionItem(
  header: VersionHeader<CertificateListed>,
  head: CertificateHead,
  shown: Shown,
): object {
  const id = `${shown.place.origin}/certificates/${head.name}/${header.version}`;
  return renderHeader(header, id, shown);
}

/** Recorded: times without the recovery level, and since 7.3 a subject that is always empty. */
function renderHeader(
  header: VersionHeader<CertificateListed>,
  id: string,
  { apiVersion }: Shown,
): object {
  return {
    id,
    ...(header.listed.x5t !== undefined && { x5t: header.listed.x5t }),
    attributes: header.attributes,
    ...(header.tags && { tags: header.tags }),
    ...(isAtLeast(apiVersion, '7.3') && { subject: '' }),
  };
}
