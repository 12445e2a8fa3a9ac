// The local certificate authority of one installation, and the server certificates it issues.
// Clients are told to trust this authority and no other, so it signs nothing but TLS server
// certificates, for names and addresses that are written out plainly, and never beyond its own
// lifetime. The tenant's authority, which signs certificates of vaults, is another module.
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import type { Clock } from '#kernel';
import { isAddress, isHostName } from './alternative-names.ts';
import { loadX509Library } from './load-library.ts';
import { newSerialNumber } from './serial-number.ts';

/** A certificate and its private key (PKCS#8), both as PEM. */
export interface CertificateWithKey {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export interface ServerNames {
  /** Host names; the first label may be `*`. At least one name or address. */
  readonly names: readonly string[];
  /** IPv4 or IPv6 addresses. */
  readonly addresses: readonly string[];
}

export interface ServerCertificateRequest extends ServerNames {
  readonly authority: CertificateWithKey;
  readonly clock: Clock;
}

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
// Apple and the CA/Browser Forum refuse more than 398 days; one day is left for rounding.
const SERVER_DAYS = 397;
/** A client's clock may be this far behind ours. */
const CLOCK_SKEW_MS = 3_600_000;
const RENEW_AFTER = 2 / 3;
const NAMES_MAX = 100;

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' } as const;
const { subtle } = webcrypto;

/** A new root: EC P-256, ten years, may sign end-entity certificates only (path length 0). */
export async function createAuthority(input: {
  readonly clock: Clock;
}): Promise<CertificateWithKey> {
  const x509 = await loadX509Library();
  const keys = await subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
  const nowMs = input.clock.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=Strongroom local CA ${randomBytes(4).toString('hex')}`,
    keys,
    signingAlgorithm: SIGNING_ALGORITHM,
    serialNumber: newSerialNumber().toString('hex'),
    notBefore: new Date(nowMs - CLOCK_SKEW_MS),
    notAfter: new Date(nowMs + AUTHORITY_DAYS * DAY_MS),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: certificate.toString('pem'), privateKeyPem: await exportPem(keys) };
}

/**
 * A TLS server certificate (EC P-256, at most 397 days, fresh key) signed by `authority`. Throws
 * RangeError for a name or address that is not one, and Error if the authority has expired or its
 * key is not its certificate's.
 */
export async function issueServerCertificate(
  request: ServerCertificateRequest,
): Promise<CertificateWithKey> {
  const { authority, clock } = request;
  assertNames(request);
  const nowMs = clock.now();
  const issuer = new X509Certificate(authority.certificatePem);
  if (issuer.validToDate.getTime() <= nowMs) throw new Error('the authority has expired');
  const signingKey = await importSigningKey(authority, issuer);

  const x509 = await loadX509Library();
  const root = new x509.X509Certificate(issuer.raw);
  const keys = await subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=Strongroom',
    issuer: root.subjectName,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: SIGNING_ALGORITHM,
    serialNumber: newSerialNumber().toString('hex'),
    notBefore: new Date(Math.max(nowMs - CLOCK_SKEW_MS, root.notBefore.getTime())),
    notAfter: new Date(
      Math.min(nowMs - CLOCK_SKEW_MS + SERVER_DAYS * DAY_MS, root.notAfter.getTime()),
    ),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...request.names.map((value) => ({ type: 'dns', value: value.toLowerCase() }) as const),
        ...request.addresses.map((text) => ({ type: 'ip', value: plainAddress(text) }) as const),
      ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(root.publicKey),
    ],
  });
  return { certificatePem: certificate.toString('pem'), privateKeyPem: await exportPem(keys) };
}

/** True once two thirds of the lifetime have passed, and for anything that is not a certificate. */
export function needsRenewal(certificatePem: string, clock: Clock): boolean {
  const certificate = readCertificate(certificatePem);
  if (certificate === undefined) return true;
  const fromMs = certificate.validFromDate.getTime();
  const untilMs = certificate.validToDate.getTime();
  return clock.now() < fromMs || clock.now() >= fromMs + (untilMs - fromMs) * RENEW_AFTER;
}

/**
 * Whether a kept certificate can go on serving: not due, with its own key, from this authority, for
 * every one of these names and addresses. If not, issue another.
 */
export function isServerCertificateFit(
  kept: CertificateWithKey,
  request: ServerCertificateRequest,
): boolean {
  const certificate = readCertificate(kept.certificatePem);
  if (certificate === undefined || needsRenewal(kept.certificatePem, request.clock)) return false;
  const issuer = readCertificate(request.authority.certificatePem);
  if (issuer === undefined || !certificate.verify(issuer.publicKey)) return false;
  if (!ownsKey(certificate, kept.privateKeyPem)) return false;
  const listed = new Set((certificate.subjectAltName ?? '').split(', '));
  return (
    request.names.every((name) => listed.has(`DNS:${name.toLowerCase()}`)) &&
    request.addresses.every((address) => certificate.checkIP(address) !== undefined)
  );
}

function assertNames({ names, addresses }: ServerNames): void {
  if (names.length + addresses.length === 0) throw new RangeError('a name or address is needed');
  if (names.length + addresses.length > NAMES_MAX) throw new RangeError('too many names');
  const badName = names.find((name) => !isHostName(name));
  if (badName !== undefined) throw new RangeError(`not a host name: ${JSON.stringify(badName)}`);
  const badAddress = addresses.find((address) => !isAddress(address));
  if (badAddress !== undefined) {
    throw new RangeError(`not an IP address: ${JSON.stringify(badAddress)}`);
  }
}

/** Eight hexadecimal groups: the library misreads an IPv6 address that ends in dotted decimals. */
function plainAddress(address: string): string {
  return ipaddr.parse(address).toNormalizedString();
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function ownsKey(certificate: X509Certificate, privateKeyPem: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(privateKeyPem));
  } catch {
    return false;
  }
}

async function importSigningKey(
  authority: CertificateWithKey,
  issuer: X509Certificate,
): Promise<webcrypto.CryptoKey> {
  if (!ownsKey(issuer, authority.privateKeyPem)) {
    throw new Error('the authority’s key does not belong to its certificate');
  }
  const pkcs8 = createPrivateKey(authority.privateKeyPem).export({ format: 'der', type: 'pkcs8' });
  return await subtle.importKey('pkcs8', pkcs8, KEY_ALGORITHM, false, ['sign']);
}

async function exportPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await subtle.exportKey('pkcs8', keys.privateKey));
  const pem = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({
    format: 'pem',
    type: 'pkcs8',
  });
  der.fill(0);
  return pem.toString();
}
