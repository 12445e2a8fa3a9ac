// A version of a certificate that has been issued: the certificate, its key and its secret, written
// together under one name and one version.
import {
  type Certificate,
  exportPkcs8,
  type KeyMaterial,
  readCertificate,
  writePem,
  writePkcs12,
} from '#cryptography';
import type { Transaction } from '#storage';
import { defaultKeyOps } from '../keys/key.ts';
import { keyObjects } from '../keys/key-objects.ts';
import type { Version } from '../object/records.ts';
import { secretObjects } from '../secrets/secret-store.ts';
import {
  type CertificateContent,
  type CertificateListed,
  type FoundCertificate,
  keyOperationsOf,
} from './certificate.ts';
import { type CertificateHead, certificateObjects } from './certificate-objects.ts';
import { nameConflict } from './name-conflict.ts';
import type { SavedKey } from './pending.ts';
import type { CertificatePolicy } from './policy.ts';

export interface IssuedInput {
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[];
  readonly key: KeyMaterial;
  readonly savedKey: SavedKey;
  readonly policy: CertificatePolicy;
  readonly preserveCertOrder: boolean;
}

/** Everything that is written of a version, made ready before the commit. */
export interface IssuedVersion {
  readonly leaf: Certificate;
  readonly policy: CertificatePolicy;
  readonly preserveCertOrder: boolean;
  readonly sizeBits: number;
  readonly savedKey: SavedKey;
  readonly secretValue: string;
}

/** X509Error `malformed` if the leaf is no certificate. */
export async function prepareIssued(input: IssuedInput): Promise<IssuedVersion> {
  const { chain, key, savedKey, policy, preserveCertOrder } = input;
  const leaf = await readCertificate(chain[0] ?? Buffer.alloc(0));
  const secretValue = await renderSecretValue(input);
  return {
    ...{ leaf, policy, preserveCertOrder, secretValue, savedKey },
    sizeBits: key.sizeBits,
  };
}

/** A key that is not exportable stays behind: its secret has the certificates only. */
async function renderSecretValue({ chain, key, policy }: IssuedInput): Promise<string> {
  const privateKey = policy.key_props.exportable ? exportPkcs8(key) : undefined;
  const input = { certificates: chain, ...(privateKey && { privateKey }) };
  try {
    return policy.secret_props.contentType === 'application/x-pem-file'
      ? writePem(input)
      : (await writePkcs12(input)).toString('base64');
  } finally {
    privateKey?.fill(0);
  }
}

export interface VersionInput {
  readonly name: string;
  readonly version: string;
  readonly enabled: boolean;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly issued: IssuedVersion;
  readonly nowSeconds: number;
  /** The certificate as it is; `undefined`: this is its first version. */
  readonly before: CertificateHead | undefined;
}

/**
 * Makes it the current version of all three. What the placeholder stood for, takes its place.
 * Throws as `nameConflict`.
 */
export async function putIssued(
  transaction: Transaction,
  input: VersionInput,
): Promise<FoundCertificate> {
  const { name, tags, nowSeconds, issued, before } = input;
  const conflict = await nameConflict(transaction, name);
  if (conflict !== undefined) throw conflict;
  const isPlaceholder = before !== undefined && before.current.listed.x5t === undefined;
  const version = isPlaceholder ? before.current.version : input.version;
  const { leaf, policy } = issued;
  const { hsmPlatform, ...savedKey } = issued.savedKey;
  const { kty } = policy.key_props;
  const attributes = {
    enabled: input.enabled,
    nbf: Math.floor(leaf.notBeforeMs / 1000),
    exp: Math.floor(leaf.notAfterMs / 1000),
  };
  const common = { name, version, attributes, tags, nowSeconds };
  await keyObjects.add(transaction, {
    ...common,
    managed: true,
    listed: {
      ...{ kty, sizeBits: issued.sizeBits, exportable: false },
      ...(hsmPlatform !== undefined && { hsmPlatform }),
    },
    content: { keyOps: keyOpsOf(policy), ...savedKey },
  });
  await secretObjects.add(transaction, {
    ...common,
    managed: true,
    listed: { contentType: policy.secret_props.contentType },
    content: { value: issued.secretValue, certificateKey: `${name}/${version}` },
  });
  const listed: CertificateListed = { x5t: leaf.thumbprintSha1.toString('base64url') };
  const content: CertificateContent = {
    cer: leaf.der.toString('base64'),
    ...(issued.preserveCertOrder && { preserveCertOrder: true }),
    ...(policy.key_props.exportable && { keyExportable: true }),
  };
  if (!isPlaceholder)
    return await certificateObjects.add(transaction, { ...common, listed, content });
  return await fillPlaceholder(transaction, before, {
    header: {
      version,
      attributes: { ...attributes, created: nowSeconds, updated: nowSeconds },
      ...(tags && { tags }),
      listed,
    },
    content,
  });
}

async function fillPlaceholder(
  transaction: Transaction,
  head: CertificateHead,
  version: Version<CertificateListed, CertificateContent>,
): Promise<FoundCertificate> {
  const found = await certificateObjects.replace(transaction, { head, version }, version);
  const time = version.header.attributes.created;
  certificateObjects.recordEvent(transaction, found.head, { kind: 'NewVersionCreated', time });
  return found;
}

/** A certificate that says nothing about its use may be used for everything. */
function keyOpsOf({ key_props: key, x509_props: x509 }: CertificatePolicy): readonly string[] {
  const type = key.kty.startsWith('RSA') ? 'RSA' : 'EC';
  return x509.key_usage.length === 0 ? defaultKeyOps(type) : keyOperationsOf(x509.key_usage, type);
}
