// The key with which a vault signs what it releases, so that the receiver can tell one vault's
// answers from another's. Made at the first release, under the vault's own records; it signs
// nothing else.
import { createHash } from 'node:crypto';
import {
  deserializeKey,
  generateKey,
  type KeyMaterial,
  selfSignCertificate,
  serializeKey,
  sign,
} from '#cryptography';
import { encodeBase64Url } from '#kernel';
import type { Session } from '../object/life.ts';

interface SignerRecord {
  /** base64 of the serialized key. */
  readonly material: string;
  /** base64 DER, self-signed. */
  readonly certificate: string;
}

const PATH = 'release-signer';
const YEARS_MS = 10 * 365 * 86_400_000;

/** → compact JWS, RS256, with the certificate in its header. */
export async function signRelease(session: Session, payload: object): Promise<string> {
  const { material, certificate } = await requireSigner(session);
  const der = Buffer.from(certificate, 'base64');
  const header = {
    alg: 'RS256',
    typ: 'JWT',
    'x5t#S256': createHash('sha256').update(der).digest('base64url'),
    x5c: [certificate],
  };
  const parts = [header, payload].map((part) => encodeBase64Url(Buffer.from(JSON.stringify(part))));
  const signingInput = parts.join('.');
  const digest = createHash('sha256').update(signingInput).digest();
  const bytes = Buffer.from(material, 'base64');
  const signature = await sign({ key: deserializeKey(bytes), algorithm: 'RS256', digest });
  bytes.fill(0);
  return `${signingInput}.${encodeBase64Url(signature)}`;
}

async function requireSigner(session: Session): Promise<SignerRecord> {
  const known = await session.view.get<SignerRecord>(PATH);
  if (known !== undefined) return known;
  const made = await makeSigner(session, await generateKey({ kty: 'RSA', sizeBits: 2048 }));
  return session.view.transact(async (transaction) => {
    const first = await transaction.get<SignerRecord>(PATH);
    if (first === undefined) transaction.put(PATH, made);
    return first ?? made;
  });
}

async function makeSigner({ vault, nowSeconds }: Session, key: KeyMaterial): Promise<SignerRecord> {
  const nowMs = nowSeconds * 1000;
  const certificate = await selfSignCertificate({
    profile: { subject: `CN=${vault.name} key release` },
    key,
    notBeforeMs: nowMs,
    notAfterMs: nowMs + YEARS_MS,
  });
  const bytes = serializeKey(key);
  const record = {
    material: bytes.toString('base64'),
    certificate: certificate.toString('base64'),
  };
  bytes.fill(0);
  return record;
}
