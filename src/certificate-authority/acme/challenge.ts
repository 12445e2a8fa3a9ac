// How a name is proven: by a text that the server fetches from this host over plain http, or by a
// DNS record that the operator's webhook makes (RFC 8555 §8.3, §8.4).
import { createHash } from 'node:crypto';
import { encodeBase64Url } from '#kernel';
import type { Reader, View } from '#storage';
import type { AcmePorts } from './acme-ports.ts';

export interface ChallengeAnswer {
  readonly kind: 'http-01' | 'dns-01';
  /** Without `*.`. */
  readonly name: string;
  readonly token: string;
  readonly keyAuthorization: string;
}

const TOKEN = /^[A-Za-z0-9_-]{16,128}$/;

/** The token becomes part of a path here and of an address there. */
export function isChallengeToken(token: string): boolean {
  return TOKEN.test(token);
}

export async function publishAnswer(
  view: View,
  answer: ChallengeAnswer,
  ports: AcmePorts,
): Promise<void> {
  if (answer.kind === 'dns-01') return await tellWebhook('present', answer, ports);
  await view.transact(async (transaction) =>
    transaction.put(challengePath(answer.token), { content: answer.keyAuthorization }),
  );
}

export async function withdrawAnswer(
  view: View,
  answer: ChallengeAnswer,
  ports: AcmePorts,
): Promise<void> {
  if (answer.kind === 'dns-01') return await tellWebhook('cleanup', answer, ports);
  await view.transact(async (transaction) => transaction.delete(challengePath(answer.token)));
}

/** What to answer to an ACME server that asks for this token. */
export async function findChallengeAnswer(
  reader: Reader,
  token: string,
): Promise<string | undefined> {
  if (!isChallengeToken(token)) return undefined;
  return (await reader.get<{ readonly content: string }>(challengePath(token)))?.content;
}

async function tellWebhook(
  action: 'present' | 'cleanup',
  { name, keyAuthorization }: ChallengeAnswer,
  { dnsWebhook, send }: AcmePorts,
): Promise<void> {
  if (dnsWebhook === undefined) throw new Error('there is no DNS webhook');
  const { url, token } = dnsWebhook;
  const value = encodeBase64Url(createHash('sha256').update(keyAuthorization).digest());
  const answer = await send({
    url,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ action, type: 'TXT', name: `_acme-challenge.${name}`, value }),
  });
  if (answer.status >= 300) throw new Error(`the DNS webhook answered ${answer.status}`);
}

function challengePath(token: string): string {
  return `acme/challenge/${token}`;
}
