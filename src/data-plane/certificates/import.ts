// Certificates brought along with their keys, as PFX or PEM. The key must be one that Key Vault
// has, and the leaf's; the rest of the chain is put in order, or left in its own if that is asked.
import {
  type Certificate,
  exportJwk,
  exportSpki,
  importPkcs8,
  isPem,
  KeyError,
  type KeyMaterial,
  type KeyProvider,
  orderChain,
  type Pkcs12Content,
  Pkcs12Error,
  readCertificate,
  readPem,
  readPkcs12,
  softwareProvider,
  X509Error,
} from '#cryptography';
import { certificateErrors } from '#errors';
import { ApiError, newVersion } from '#kernel';
import type { FoundCertificate } from './certificate.ts';
import { loadPolicy, putParts } from './certificate-objects.ts';
import { decodeBase64 } from './certificate-text.ts';
import { requireCreatable, type WorkSession } from './creation.ts';
import { type IssuedVersion, prepareIssued, putIssued } from './issued-version.ts';
import { type SavedKey, saveKey } from './pending.ts';
import { type CertificatePolicy, importedPolicy, type X509Properties } from './policy.ts';
import { monthsBetween } from './validity.ts';
import type { CertificateImportParameters } from './wire.ts';

const VALUE_CHARACTERS_MAX = 350_000;

export interface Imported {
  readonly found: FoundCertificate;
  readonly policy: CertificatePolicy;
}

/** Throws what `createCertificate` throws, and whatever is wrong with the value. */
export async function importCertificate(
  session: WorkSession,
  name: string,
  given: CertificateImportParameters,
): Promise<Imported> {
  const { view, vault, nowSeconds } = session;
  const before = await requireCreatable(view, name);
  const stored = before && (await loadPolicy(view, before.uid));
  const preserveCertOrder = given.preserveCertOrder ?? false;
  const read = await readImported(given, preserveCertOrder);
  const { key, chain } = read;
  const policy = importedPolicy(given.policy ?? {}, propertiesOf(read), {
    nowSeconds,
    before: stored,
    allowHardware: vault.sku === 'premium',
  });
  const savedKey = await takeIn(session.providers.for(policy.key_props), key);
  const issued = await prepareIssued({ chain, key, savedKey, policy, preserveCertOrder });
  return { found: await putImported(session, name, { given, issued }), policy };
}

/** The key was outside; where its policy has an HSM hold it, it is used in there from now on. */
async function takeIn(provider: KeyProvider, key: KeyMaterial): Promise<SavedKey> {
  if (provider === softwareProvider) return saveKey(provider, key);
  try {
    return saveKey(provider, await provider.import(exportJwk(key)));
  } catch (cause) {
    throw keyRefusal(cause);
  }
}

function keyRefusal(cause: unknown): unknown {
  if (!(cause instanceof KeyError)) return cause;
  return new ApiError(certificateErrors.keyUnsupported, {}, { cause, reason: cause.code });
}

function putImported(
  { view, nowSeconds }: WorkSession,
  name: string,
  {
    given,
    issued,
  }: { readonly given: CertificateImportParameters; readonly issued: IssuedVersion },
): Promise<FoundCertificate> {
  return view.transact(async (transaction) => {
    const before = await requireCreatable(transaction, name);
    const found = await putIssued(transaction, {
      name: before?.name ?? name,
      version: newVersion(),
      enabled: given.attributes?.enabled ?? true,
      tags: given.tags ?? undefined,
      ...{ issued, nowSeconds, before },
    });
    const parts = { policy: issued.policy, pending: null, retry: null };
    return { ...found, head: await putParts(transaction, found.head, parts) };
  });
}

interface ReadImported {
  readonly key: KeyMaterial;
  readonly chain: readonly Buffer[];
  readonly leaf: Certificate;
  readonly format: Opened['format'];
}

async function readImported(
  { value, pwd }: CertificateImportParameters,
  preserveCertOrder: boolean,
): Promise<ReadImported> {
  const { format, content } = await openValue(value, pwd ?? undefined);
  const key = await theOnlyKey(content, format);
  try {
    const leaf = await leafOf(content.certificates, key);
    const chain = preserveCertOrder
      ? [leaf.der, ...content.certificates.filter((der) => !der.equals(leaf.der))]
      : inOrder(content.certificates, leaf, key);
    return { key, chain, leaf, format };
  } catch (cause) {
    if (!(cause instanceof X509Error)) throw cause;
    throw new ApiError(certificateErrors.unreadable, {}, { cause });
  }
}

interface Opened {
  readonly format: 'PEM' | 'PKCS#12';
  readonly content: Pkcs12Content;
}

/** PEM as it is or in base64; PFX in base64, in one line (recorded). */
async function openValue(value: string, password: string | undefined): Promise<Opened> {
  if (value.length > VALUE_CHARACTERS_MAX) throw new ApiError(certificateErrors.valueTooLong);
  if (isPem(value)) return await openPem(value, password);
  const bytes = decodeBase64(value);
  if (bytes === undefined) throw new ApiError(certificateErrors.valueNotBase64);
  const text = bytes.toString('latin1');
  if (isPem(text)) return await openPem(text, password);
  const content = await refusing('pkcs12Invalid', () => readPkcs12(bytes, password));
  return { format: 'PKCS#12', content };
}

async function openPem(text: string, password: string | undefined): Promise<Opened> {
  const content = await refusing('pemInvalid', () => readPem(text, password));
  return { format: 'PEM', content };
}

async function refusing<T>(
  malformed: 'pemInvalid' | 'pkcs12Invalid',
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof Pkcs12Error)) throw cause;
    const errors = {
      malformed: certificateErrors[malformed],
      password: certificateErrors.passwordWrong,
      unsupported: certificateErrors.encryptionUnsupported,
      tooMuch: certificateErrors.tooMuch,
    };
    throw new ApiError(errors[cause.code], {}, { cause, reason: cause.subject });
  }
}

async function theOnlyKey(
  { privateKeys }: Pkcs12Content,
  format: Opened['format'],
): Promise<KeyMaterial> {
  const [pkcs8, ...others] = privateKeys;
  try {
    if (pkcs8 === undefined) throw new ApiError(certificateErrors.privateKeyMissing, { format });
    if (others.length > 0) throw new ApiError(certificateErrors.severalKeys);
    return await importPkcs8(pkcs8);
  } catch (cause) {
    throw keyRefusal(cause);
  } finally {
    for (const bytes of privateKeys) bytes.fill(0);
  }
}

async function leafOf(ders: readonly Buffer[], key: KeyMaterial): Promise<Certificate> {
  const spki = exportSpki(key);
  for (const der of ders) {
    const certificate = await readCertificate(der);
    if (certificate.spki.equals(spki)) return certificate;
  }
  throw new ApiError(certificateErrors.publicKeyMismatch);
}

/** What does not belong to the chain is kept behind it, as it came. */
function inOrder(ders: readonly Buffer[], leaf: Certificate, key: KeyMaterial): readonly Buffer[] {
  try {
    return orderChain(ders, exportSpki(key));
  } catch (cause) {
    if (!(cause instanceof X509Error) || cause.code !== 'chain') throw cause;
    return [leaf.der, ...ders.filter((der) => !der.equals(leaf.der))];
  }
}

/** Recorded: a certificate with alternative names shows all three older kinds, empty or not. */
function propertiesOf({ leaf, key, format }: ReadImported) {
  const names = leaf.alternativeNames;
  const { dnsNames = [], emails = [], upns = [], uris = [], ipAddresses = [] } = names;
  const hasNames = [dnsNames, emails, upns, uris, ipAddresses].some((list) => list.length > 0);
  const x509: X509Properties = {
    subject: leaf.subject,
    ...(hasNames && {
      sans: {
        ...{ emails, dns_names: dnsNames, upns },
        ...(uris.length > 0 && { uris }),
        ...(ipAddresses.length > 0 && { ipAddresses }),
      },
    }),
    ekus: leaf.extendedKeyUsages,
    key_usage: leaf.keyUsages.toSorted(),
    validity_months: monthsBetween(leaf.notBeforeMs / 1000, leaf.notAfterMs / 1000),
    basic_constraints: { ca: leaf.basicConstraints?.isAuthority ?? false },
  };
  return {
    x509_props: x509,
    contentType: format === 'PEM' ? 'application/x-pem-file' : 'application/x-pkcs12',
    kty: key.kty === 'EC' ? 'EC' : 'RSA',
    key_size: key.sizeBits,
    ...(key.kty === 'EC' && { crv: key.crv }),
  } as const;
}
