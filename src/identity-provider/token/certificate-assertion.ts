// Client assertions signed with the application's own certificate. The certificate that verifies is
// the registered one; what the assertion carries (`x5t`, `x5t#S256`, `kid`, `x5c`) only says which.
// Clients re-send one assertion until it expires, so `jti` is not remembered (clients.md §1).
import { constants, createHash, type KeyObject, verify, X509Certificate } from 'node:crypto';
import type { Application, KeyCredential } from '#directory';
import { oauthErrors } from '#errors';
import { ApiError } from '#kernel';
import type { ParsedAssertion } from './parsed-assertion.ts';

interface RegisteredCertificate {
  readonly credential: KeyCredential;
  readonly publicKey: KeyObject;
  readonly sha1: Buffer;
  readonly sha256: Buffer;
}

type Signed = Pick<ParsedAssertion, 'header' | 'signed' | 'signature'>;

/** Throws Entra's refusal; the credential that signed otherwise. */
export function verifyCertificateAssertion(
  application: Application,
  assertion: Signed,
  nowMs: number,
): KeyCredential {
  const { appId } = application;
  const hints = readHints(assertion);
  const certificate = validCertificates(application, nowMs).find(({ sha1, sha256 }) =>
    hints.some((hint) => hint.equals(sha1) || hint.equals(sha256)),
  );
  if (certificate === undefined) {
    const thumbprint = hints[0]?.toString('hex').toUpperCase() ?? '';
    throw new ApiError(oauthErrors.assertionKeyUnknown, { thumbprint, appId });
  }
  if (!verifySignature(assertion, certificate.publicKey)) {
    throw new ApiError(oauthErrors.assertionSignatureInvalid, { appId });
  }
  return certificate.credential;
}

function validCertificates(application: Application, nowMs: number): RegisteredCertificate[] {
  return application.keyCredentials
    .filter(
      ({ startDateTime, endDateTime }) =>
        Date.parse(startDateTime) <= nowMs && nowMs < Date.parse(endDateTime),
    )
    .map((credential) => {
      const der = Buffer.from(credential.certificate, 'base64');
      return {
        credential,
        publicKey: new X509Certificate(der).publicKey,
        sha1: createHash('sha1').update(der).digest(),
        sha256: createHash('sha256').update(der).digest(),
      };
    });
}

/**
 * Thumbprints the assertion may mean. Go writes `x5t` in standard base64, Python pads base64url,
 * Terraform puts it into `kid`, some put hex there; Node's decoder reads both alphabets.
 */
function readHints({ header }: Signed): readonly Buffer[] {
  const texts = [header['x5t#S256'], header.x5t, header.kid].filter((text) => text !== undefined);
  const hints = texts.flatMap((text) => [
    Buffer.from(text, 'base64'),
    ...(/^[0-9A-Fa-f]+$/.test(text) ? [Buffer.from(text, 'hex')] : []),
  ]);
  const [leaf] = header.x5c ?? [];
  const certificate = leaf === undefined ? undefined : readCertificate(leaf);
  if (certificate) hints.push(createHash('sha256').update(certificate.raw).digest());
  return hints;
}

/** Rust sends base64 of the PEM text, az puts line breaks in; both are read. */
function readCertificate(base64: string): X509Certificate | undefined {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
}

function verifySignature(assertion: Signed, publicKey: KeyObject): boolean {
  if (publicKey.asymmetricKeyType !== 'rsa') return false;
  const key =
    assertion.header.alg === 'PS256'
      ? {
          key: publicKey,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
        }
      : { key: publicKey, padding: constants.RSA_PKCS1_PADDING };
  return verify('sha256', assertion.signed, key, assertion.signature);
}
