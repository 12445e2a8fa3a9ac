// Certificate policies: what a new version of a certificate will be like, and what happens as it
// ages. Filled up with Azure's defaults and checked here; one policy holds for all versions.
import { type CurveName, checkProfile, type KeyUsageName, X509Error } from '#cryptography';
import { certificateErrors } from '#errors';
import { ApiError } from '#kernel';
import { invalidProperties } from '../object/invalid-property.ts';
import type { GivenPolicy } from './policy-wire.ts';

export type CertificateKeyType = 'RSA' | 'RSA-HSM' | 'EC' | 'EC-HSM';
export type SecretType = 'application/x-pkcs12' | 'application/x-pem-file';

export interface AlternativeNames {
  readonly emails?: readonly string[];
  readonly dns_names?: readonly string[];
  readonly upns?: readonly string[];
  readonly uris?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

export interface KeyProperties {
  readonly exportable: boolean;
  readonly kty: CertificateKeyType;
  readonly key_size?: number;
  readonly reuse_key: boolean;
  readonly crv?: CurveName;
}

export interface X509Properties {
  readonly subject: string;
  readonly sans?: AlternativeNames;
  readonly ekus: readonly string[];
  readonly key_usage: readonly KeyUsageName[];
  readonly validity_months: number;
  readonly basic_constraints: { readonly ca: boolean };
}

export interface LifetimeAction {
  readonly trigger: { readonly lifetime_percentage?: number; readonly days_before_expiry?: number };
  readonly action: { readonly action_type: 'AutoRenew' | 'EmailContacts' };
}

export interface IssuerParameters {
  readonly name: string;
  readonly cty?: string;
  readonly cert_transparency?: boolean;
}

/** As stored under the certificate's own data; properties in the order in which Azure prints. */
export interface CertificatePolicy {
  readonly key_props: KeyProperties;
  readonly secret_props: { readonly contentType: SecretType };
  readonly x509_props: X509Properties;
  readonly lifetime_actions: readonly LifetimeAction[];
  readonly issuer: IssuerParameters;
  readonly attributes: {
    readonly enabled: boolean;
    readonly created: number;
    readonly updated: number;
  };
  readonly platformManaged?: {
    readonly certificateUsage: string;
    readonly metadata?: Readonly<Record<string, unknown>>;
  };
}

export const SELF = 'Self';
export const UNKNOWN = 'Unknown';

const SERVER_AND_CLIENT = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
const VALIDITY_MONTHS = 12;
export const LIFETIME_PERCENTAGE = 80;
/** Days that a month counts at least: the furthest from expiry that an action may be. */
const DAYS_OF_MONTH = 27;
const RSA_SIZES_BITS: readonly number[] = [2048, 3072, 4096];
const CURVE_BITS = { 'P-256': 256, 'P-384': 384, 'P-521': 521, 'P-256K': 256 } as const;

export interface PolicyContext {
  readonly nowSeconds: number;
  /** The policy that is there. A new one keeps its creation date and, in a PATCH, what it lacks. */
  readonly before: CertificatePolicy | undefined;
  /** Keys of HSM types are for Premium vaults. */
  readonly allowHardware: boolean;
}

/** A whole policy, for a new certificate. Throws BadParameter or `hardwareNotSupported`. */
export function createPolicy(given: GivenPolicy, context: PolicyContext): CertificatePolicy {
  const issuer = createIssuer(given.issuer);
  const x509 = given.x509_props;
  if (x509 == null) throw invalidProperties(['policy.x509_props']);
  const draft: CertificatePolicy = {
    key_props: createKeyProperties(given.key_props),
    secret_props: { contentType: given.secret_props?.contentType ?? 'application/x-pkcs12' },
    x509_props: {
      subject: x509.subject ?? '',
      ...(x509.sans && { sans: x509.sans }),
      ekus: x509.ekus ?? SERVER_AND_CLIENT,
      key_usage: sortUsages(x509.key_usage ?? ['digitalSignature', 'keyEncipherment']),
      validity_months: x509.validity_months ?? VALIDITY_MONTHS,
      basic_constraints: { ca: x509.basic_constraints?.ca ?? false },
    },
    lifetime_actions: actionsOf(given) ?? [defaultAction(issuer)],
    issuer,
    attributes: attributesOf(given, context),
    ...platformManaged(given),
  };
  return checked(draft, context);
}

/** What a PATCH makes of a policy: whatever it names is replaced. Throws as `createPolicy`. */
export function changePolicy(
  given: GivenPolicy,
  before: CertificatePolicy,
  context: Omit<PolicyContext, 'before'>,
): CertificatePolicy {
  const { x509_props: x509, key_props: key } = given;
  const draft: CertificatePolicy = {
    ...before,
    ...(key && { key_props: createKeyProperties({ ...keyWithoutShape(before, key), ...key }) }),
    ...(given.secret_props?.contentType && {
      secret_props: { contentType: given.secret_props.contentType },
    }),
    x509_props: {
      subject: x509?.subject ?? before.x509_props.subject,
      ...sansOf(x509?.sans ?? before.x509_props.sans),
      ekus: x509?.ekus ?? before.x509_props.ekus,
      key_usage: sortUsages(x509?.key_usage ?? before.x509_props.key_usage),
      validity_months: x509?.validity_months ?? before.x509_props.validity_months,
      basic_constraints: {
        ca: x509?.basic_constraints?.ca ?? before.x509_props.basic_constraints.ca,
      },
    },
    lifetime_actions: actionsOf(given) ?? before.lifetime_actions,
    issuer: given.issuer == null ? before.issuer : createIssuer(given.issuer),
    attributes: attributesOf(given, { ...context, before }),
    ...platformManaged(given),
  };
  return checked(draft, { ...context, before });
}

export interface ImportedProperties {
  readonly x509_props: X509Properties;
  /** As the certificate came; its secret is kept so unless told. */
  readonly contentType: SecretType;
  readonly kty: 'RSA' | 'EC';
  readonly key_size: number;
  readonly crv?: CurveName;
}

/**
 * The policy of an imported certificate: its key and names are those of the certificate, whatever
 * was given; the rest is given, or as for a certificate of an unknown issuer (recorded).
 */
export function importedPolicy(
  given: GivenPolicy,
  imported: ImportedProperties,
  context: PolicyContext,
): CertificatePolicy {
  const issuer = createIssuer(given.issuer);
  const wanted = given.key_props;
  const hardware = wanted?.kty?.endsWith('-HSM') === true;
  const exportable = wanted?.exportable ?? !hardware;
  const draft: CertificatePolicy = {
    key_props: {
      exportable,
      kty: hardware ? `${imported.kty}-HSM` : imported.kty,
      key_size: imported.key_size,
      reuse_key: wanted?.reuse_key ?? false,
      ...(imported.crv && { crv: imported.crv }),
    },
    secret_props: { contentType: given.secret_props?.contentType ?? imported.contentType },
    x509_props: imported.x509_props,
    lifetime_actions: actionsOf(given) ?? [defaultAction(issuer)],
    issuer,
    attributes: attributesOf(given, context),
    ...platformManaged(given),
  };
  checkKey(draft, context);
  checkActions(draft);
  return draft;
}

/** `Self` and `Unknown` are understood in any case, and printed in theirs. */
function createIssuer(given: GivenPolicy['issuer']): IssuerParameters {
  const name = given?.name ?? UNKNOWN;
  const known = [SELF, UNKNOWN].find((word) => word.toLowerCase() === name.toLowerCase());
  return {
    name: known ?? name,
    ...(given?.cty != null && { cty: given.cty }),
    ...(given?.cert_transparency != null && { cert_transparency: given.cert_transparency }),
  };
}

function createKeyProperties(given: GivenPolicy['key_props']): KeyProperties {
  const kty = given?.kty ?? 'RSA';
  const exportable = given?.exportable ?? !kty.endsWith('-HSM');
  const reuse = given?.reuse_key ?? false;
  if (kty.startsWith('RSA')) {
    return { exportable, kty, key_size: given?.key_size ?? 2048, reuse_key: reuse };
  }
  const crv = given?.crv ?? 'P-256';
  const size = given?.key_size ?? CURVE_BITS[crv];
  return { exportable, kty, key_size: size, reuse_key: reuse, crv };
}

/** A key of another type does not take over size and curve. */
function keyWithoutShape(
  before: CertificatePolicy,
  given: NonNullable<GivenPolicy['key_props']>,
): Partial<KeyProperties> {
  const { key_size, crv, ...rest } = before.key_props;
  const keeps = given.kty == null || given.kty === before.key_props.kty;
  const sameCurve = given.crv == null || given.crv === crv;
  return {
    ...rest,
    ...(keeps && sameCurve && key_size !== undefined && { key_size }),
    ...(keeps && crv && { crv }),
  };
}

function defaultAction(issuer: IssuerParameters): LifetimeAction {
  return {
    trigger: { lifetime_percentage: LIFETIME_PERCENTAGE },
    action: { action_type: issuer.name === UNKNOWN ? 'EmailContacts' : 'AutoRenew' },
  };
}

function actionsOf(given: GivenPolicy): readonly LifetimeAction[] | undefined {
  return given.lifetime_actions?.map(({ trigger, action }) => ({
    trigger: {
      ...(trigger.lifetime_percentage != null && {
        lifetime_percentage: trigger.lifetime_percentage,
      }),
      ...(trigger.days_before_expiry != null && { days_before_expiry: trigger.days_before_expiry }),
    },
    action: { action_type: action.action_type },
  }));
}

function attributesOf(
  given: GivenPolicy,
  { before, nowSeconds }: Pick<PolicyContext, 'before' | 'nowSeconds'>,
): CertificatePolicy['attributes'] {
  return {
    enabled: given.attributes?.enabled ?? before?.attributes.enabled ?? true,
    created: before?.attributes.created ?? nowSeconds,
    updated: nowSeconds,
  };
}

function platformManaged(given: GivenPolicy): Pick<CertificatePolicy, 'platformManaged'> {
  const { platformManaged: managed } = given;
  if (managed == null) return {};
  const { certificateUsage, metadata } = managed;
  return { platformManaged: { certificateUsage, ...(metadata && { metadata }) } };
}

function sansOf(sans: AlternativeNames | undefined): Pick<X509Properties, 'sans'> {
  return sans === undefined ? {} : { sans };
}

/** Recorded: usages come back sorted. */
function sortUsages(usages: readonly KeyUsageName[]): readonly KeyUsageName[] {
  return [...new Set(usages)].toSorted();
}

function checked(policy: CertificatePolicy, context: PolicyContext): CertificatePolicy {
  checkKey(policy, context);
  checkActions(policy);
  checkNames(policy);
  return policy;
}

function checkKey(policy: CertificatePolicy, context: PolicyContext): void {
  const { kty, crv, key_size: size, exportable } = policy.key_props;
  const hardware = kty.endsWith('-HSM');
  if (hardware && !context.allowHardware)
    throw new ApiError(certificateErrors.hardwareNotSupported);
  if (hardware && exportable) throw invalidProperties(['policy.key_props.exportable']);
  const fits = crv === undefined ? RSA_SIZES_BITS.includes(size ?? 0) : CURVE_BITS[crv] === size;
  if (!fits) throw invalidProperties(['policy.key_props.key_size']);
}

function checkActions(policy: CertificatePolicy): void {
  const daysMax = policy.x509_props.validity_months * DAYS_OF_MONTH;
  for (const { trigger } of policy.lifetime_actions) {
    const { lifetime_percentage: percentage, days_before_expiry: days } = trigger;
    const fits =
      percentage === undefined
        ? days !== undefined && days >= 1 && days <= daysMax
        : days === undefined && percentage >= 1 && percentage <= 99;
    if (!fits) throw invalidProperties(['policy.lifetime_actions']);
  }
  const types = policy.lifetime_actions.map(({ action }) => action.action_type);
  if (new Set(types).size < types.length) throw invalidProperties(['policy.lifetime_actions']);
}

function checkNames(policy: CertificatePolicy): void {
  const { subject, sans } = policy.x509_props;
  const hasNames = Object.values(sans ?? {}).some((names) => names.length > 0);
  if (subject.trim() === '' && !hasNames) throw new ApiError(certificateErrors.subjectInvalid);
  try {
    checkProfile(profileOf(policy));
  } catch (cause) {
    if (!(cause instanceof X509Error)) throw cause;
    if (cause.code === 'subject' || cause.code === 'nameless') {
      throw new ApiError(certificateErrors.subjectInvalid, {}, { cause });
    }
    throw invalidProperties(['policy.x509_props'], cause);
  }
}

/** The policy as whoever builds and signs certificates wants it. */
export function profileOf({ x509_props: x509 }: CertificatePolicy) {
  const { emails, dns_names: dnsNames, upns, uris, ipAddresses } = x509.sans ?? {};
  return {
    subject: x509.subject,
    alternativeNames: {
      ...(emails && { emails }),
      ...(dnsNames && { dnsNames }),
      ...(upns && { upns }),
      ...(uris && { uris }),
      ...(ipAddresses && { ipAddresses }),
    },
    extendedKeyUsages: x509.ekus,
    keyUsages: x509.key_usage,
    basicConstraints: { isAuthority: x509.basic_constraints.ca },
  };
}
