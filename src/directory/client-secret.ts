// Client secrets: generated here, never chosen, so a plain SHA-256 is enough to keep them by
// (256 bits of entropy cannot be searched). The secret itself is shown once and never stored.
import { hash as digest, randomBytes } from 'node:crypto';
import { isSameSecret } from '#kernel';
import type { PasswordCredential } from './records.ts';

const SECRET_BYTES = 32;
const HINT_LENGTH = 3;

export interface GeneratedSecret {
  readonly secretText: string;
  readonly hint: string;
  readonly secretHash: string;
}

export function generateSecret(): GeneratedSecret {
  const secretText = randomBytes(SECRET_BYTES).toString('base64url');
  return {
    secretText,
    hint: secretText.slice(0, HINT_LENGTH),
    secretHash: hash(secretText).toString('base64url'),
  };
}

export type SecretVerdict =
  | { readonly kind: 'valid'; readonly credential: PasswordCredential }
  | { readonly kind: 'expired' }
  | { readonly kind: 'invalid' };

/** Compares with every credential, whichever fits, so that time tells nothing about which. */
export function decideSecret(
  credentials: readonly PasswordCredential[],
  secretText: string,
  nowMs: number,
): SecretVerdict {
  const given = hash(secretText);
  let fitting: PasswordCredential | undefined;
  for (const credential of credentials) {
    if (isSameSecret(given, Buffer.from(credential.secretHash, 'base64url'))) fitting = credential;
  }
  if (fitting === undefined || Date.parse(fitting.startDateTime) > nowMs) {
    return { kind: 'invalid' };
  }
  if (Date.parse(fitting.endDateTime) <= nowMs) return { kind: 'expired' };
  return { kind: 'valid', credential: fitting };
}

function hash(text: string): Buffer {
  return digest('sha256', text, 'buffer');
}
