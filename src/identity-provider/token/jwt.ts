// Signs our tokens. RSA takes about a millisecond, so it runs in the thread pool and never on the
// serving thread.
import { sign } from 'node:crypto';
import type { CurrentKey } from '#directory';
import { encodeBase64Url } from '#kernel';

export async function signJwt(
  key: CurrentKey,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  const header = { typ: 'JWT', alg: 'RS256', x5t: key.kid, kid: key.kid };
  const signed = `${encodeJson(header)}.${encodeJson(claims)}`;
  const signature = await new Promise<Buffer>((resolve, reject) => {
    sign('sha256', Buffer.from(signed, 'ascii'), key.privateKey, (error, bytes) =>
      error ? reject(error) : resolve(bytes),
    );
  });
  return `${signed}.${encodeBase64Url(signature)}`;
}

function encodeJson(value: unknown): string {
  return encodeBase64Url(Buffer.from(JSON.stringify(value), 'utf8'));
}
