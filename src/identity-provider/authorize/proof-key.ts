// Proof Key for Code Exchange (RFC 7636): who redeems a code is who asked for it. Only S256;
// `plain` would show the verifier to whoever sees the request.
import { createHash } from 'node:crypto';
import { isSameSecret } from '#kernel';

/** BASE64URL(SHA-256(verifier)): always 43 characters. */
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

export function isProofKeyChallenge(text: string): boolean {
  return CHALLENGE.test(text);
}

export function decideProofKey(
  challenge: string | undefined,
  verifier: string | undefined,
): boolean {
  // A verifier where nothing was promised is refused too: somebody took the challenge out.
  if (challenge === undefined) return verifier === undefined || verifier === '';
  if (verifier === undefined || !VERIFIER.test(verifier)) return false;
  const digest = createHash('sha256').update(verifier, 'ascii').digest('base64url');
  return isSameSecret(Buffer.from(digest), Buffer.from(challenge));
}
