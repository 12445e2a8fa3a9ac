// Signs our tokens. RSA takes up to a millisecond, so it runs on threads of its own and never on
// the serving one.
import { hash } from 'node:crypto';
import { sign } from '#cryptography';
import type { CurrentKey } from '#directory';
import { encodeBase64Url } from '#kernel';

/** Headers by key id: a key's is the same for every token it signs. */
const headers = new Map<string, string>();
const HEADERS_MAX = 16;

export async function signJwt(
  key: CurrentKey,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  const signed = `${headerOf(key.kid)}.${encodeJson(claims)}`;
  const digest = hash('sha256', signed, 'buffer');
  const signature = await sign({ key: key.material, algorithm: 'RS256', digest });
  return `${signed}.${encodeBase64Url(signature)}`;
}

function headerOf(kid: string): string {
  const known = headers.get(kid);
  if (known !== undefined) return known;
  const header = encodeJson({ typ: 'JWT', alg: 'RS256', x5t: kid, kid });
  if (headers.size >= HEADERS_MAX) headers.clear();
  headers.set(kid, header);
  return header;
}

function encodeJson(value: unknown): string {
  return encodeBase64Url(Buffer.from(JSON.stringify(value), 'utf8'));
}
