// Certificate policies on the wire. Limits stand here; what goes together with what is `policy.ts`.
import type { CurveName, KeyUsageName } from '#cryptography';
import { type Schema, z } from '#kernel';
import { isAtLeast } from '../api-version.ts';
import { attributesSchema, type GivenAttributes } from '../object/attributes.ts';
import type { Shown } from '../object/row.ts';
import type { CertificateKeyType, CertificatePolicy, SecretType } from './policy.ts';

export interface GivenAlternativeNames {
  readonly emails?: readonly string[];
  readonly dns_names?: readonly string[];
  readonly upns?: readonly string[];
  readonly uris?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

export interface GivenPolicy {
  readonly key_props?:
    | {
        readonly exportable?: boolean | null | undefined;
        readonly kty?: CertificateKeyType | null | undefined;
        readonly key_size?: number | null | undefined;
        readonly reuse_key?: boolean | null | undefined;
        readonly crv?: CurveName | null | undefined;
      }
    | null
    | undefined;
  readonly secret_props?:
    | {
        readonly contentType?: SecretType | null | undefined;
      }
    | null
    | undefined;
  readonly x509_props?:
    | {
        readonly subject?: string | null | undefined;
        readonly sans?: GivenAlternativeNames | null | undefined;
        readonly ekus?: readonly string[] | null | undefined;
        readonly key_usage?: readonly KeyUsageName[] | null | undefined;
        readonly validity_months?: number | null | undefined;
        readonly basic_constraints?:
          | { readonly ca?: boolean | null | undefined }
          | null
          | undefined;
      }
    | null
    | undefined;
  readonly lifetime_actions?:
    | readonly {
        readonly trigger: {
          readonly lifetime_percentage?: number | null | undefined;
          readonly days_before_expiry?: number | null | undefined;
        };
        readonly action: { readonly action_type: 'AutoRenew' | 'EmailContacts' };
      }[]
    | null
    | undefined;
  readonly issuer?:
    | {
        readonly name?: string | null | undefined;
        readonly cty?: string | null | undefined;
        readonly cert_transparency?: boolean | null | undefined;
      }
    | null
    | undefined;
  readonly attributes?: GivenAttributes | null | undefined;
  readonly platformManaged?:
    | {
        readonly certificateUsage: string;
        readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
      }
    | null
    | undefined;
}

const SUBJECT_CHARACTERS_MAX = 4096;
const NAMES_MAX = 100;
const NAME_CHARACTERS_MAX = 2048;
const USAGES_MAX = 32;
/** A hundred years, the longest that was ever recorded. */
const VALIDITY_MONTHS_MAX = 1200;
const METADATA_BYTES_MAX = 4096;

const KEY_TYPES = ['RSA', 'RSA-HSM', 'EC', 'EC-HSM'] as const;
const CURVES = ['P-256', 'P-384', 'P-521', 'P-256K'] as const;
const KEY_USAGES = [
  ...(['digitalSignature', 'nonRepudiation', 'keyEncipherment', 'dataEncipherment'] as const),
  ...(['keyAgreement', 'keyCertSign', 'cRLSign', 'encipherOnly', 'decipherOnly'] as const),
] as const;

const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => value.isWellFormed());
const names = z
  .array(text(NAME_CHARACTERS_MAX).min(1))
  .max(NAMES_MAX)
  .nullish()
  .transform((given): string[] | undefined => given ?? undefined);

/** Recorded: `crlSign` is understood, and printed as `cRLSign`. */
const keyUsage = z.string().transform((given, context): KeyUsageName => {
  const known = KEY_USAGES.find((usage) => usage.toLowerCase() === given.toLowerCase());
  if (known === undefined) context.addIssue({ code: 'custom', message: 'no key usage' });
  return known ?? 'digitalSignature';
});

const alternativeNames = z
  .object({ emails: names, dns_names: names, upns: names, uris: names, ipAddresses: names })
  .transform(withoutAbsent);

/** `null` for a list is no list. */
function withoutAbsent(
  given: Readonly<Record<keyof GivenAlternativeNames, readonly string[] | undefined>>,
): GivenAlternativeNames {
  const { emails, dns_names, upns, uris, ipAddresses } = given;
  return {
    ...(emails && { emails }),
    ...(dns_names && { dns_names }),
    ...(upns && { upns }),
    ...(uris && { uris }),
    ...(ipAddresses && { ipAddresses }),
  };
}

export const policySchema: Schema<GivenPolicy> = z.object({
  key_props: z
    .object({
      exportable: z.boolean().nullish(),
      kty: z.enum(KEY_TYPES).nullish(),
      key_size: z.int().nullish(),
      reuse_key: z.boolean().nullish(),
      crv: z.enum(CURVES).nullish(),
    })
    .nullish(),
  secret_props: z
    .object({
      contentType: z.enum(['application/x-pkcs12', 'application/x-pem-file']).nullish(),
    })
    .nullish(),
  x509_props: z
    .object({
      subject: text(SUBJECT_CHARACTERS_MAX).nullish(),
      sans: alternativeNames.nullish(),
      ekus: z.array(text(128).min(1)).max(USAGES_MAX).nullish(),
      key_usage: z.array(keyUsage).max(USAGES_MAX).nullish(),
      validity_months: z.int().min(1).max(VALIDITY_MONTHS_MAX).nullish(),
      basic_constraints: z.object({ ca: z.boolean().nullish() }).nullish(),
    })
    .nullish(),
  lifetime_actions: z
    .array(
      z.object({
        trigger: z.object({
          lifetime_percentage: z.int().nullish(),
          days_before_expiry: z.int().nullish(),
        }),
        action: z.object({ action_type: z.enum(['AutoRenew', 'EmailContacts']) }),
      }),
    )
    .max(2)
    .nullish(),
  issuer: z
    .object({
      name: text(127).min(1).nullish(),
      cty: text(256).nullish(),
      cert_transparency: z.boolean().nullish(),
    })
    .nullish(),
  attributes: attributesSchema,
  platformManaged: z
    .object({
      certificateUsage: text(256),
      metadata: z
        .record(text(256), z.unknown())
        .refine((given) => JSON.stringify(given).length <= METADATA_BYTES_MAX)
        .nullish(),
    })
    .nullish(),
});

/** Names that came with 2025-07-01, and whose management is the platform's, with 2026-04-01. */
export function renderPolicy(policy: CertificatePolicy, name: string, shown: Shown): object {
  const { key_props, secret_props, x509_props, lifetime_actions, issuer, attributes } = policy;
  const { sans, subject, ...x509 } = x509_props;
  return {
    id: `${shown.place.origin}/certificates/${name}/policy`,
    key_props,
    secret_props,
    x509_props: { subject, ...(sans && { sans: renderNames(sans, shown) }), ...x509 },
    lifetime_actions,
    issuer,
    attributes,
    ...(isAtLeast(shown.apiVersion, '2026-04-01') &&
      policy.platformManaged && { platformManaged: policy.platformManaged }),
  };
}

function renderNames(sans: GivenAlternativeNames, { apiVersion }: Shown): object {
  if (isAtLeast(apiVersion, '2025-07-01')) return sans;
  const { uris: _uris, ipAddresses: _addresses, ...older } = sans;
  return older;
}
