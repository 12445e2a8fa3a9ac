// The attestation services that the operator trusts, with their keys, from a file of his own:
//
//   { "authorities": [{ "issuer": "https://attest.example", "jwks": { "keys": [ … ] } }] }
//
// Keys are not fetched: whoever could answer for a service's address could otherwise have any key
// released.
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from '#config';
import { parseJson, z } from '#kernel';
import { StartFailure } from './start-failure.ts';

const fileSchema = z.strictObject({
  authorities: z
    .array(
      z.strictObject({
        issuer: z.url({ protocol: /^https$/ }).max(1024),
        jwks: z.looseObject({
          keys: z.array(z.record(z.string(), z.unknown()).refine(isPublicKey)).min(1).max(100),
        }),
      }),
    )
    .max(100),
});

export type AttestationAuthorities = z.infer<typeof fileSchema>['authorities'];

/** Throws StartFailure if the file cannot be read or understood. */
export function readAttestationAuthorities({
  attestationFile: path,
}: Pick<Config, 'attestationFile'>): AttestationAuthorities {
  if (path === undefined) return [];
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new StartFailure(`The attestation authorities in ${path} cannot be read.`, { cause });
  }
  try {
    return fileSchema.parse(parseJson(text)).authorities;
  } catch (cause) {
    throw new StartFailure(
      `${path} does not list attestation authorities as ` +
        '{"authorities": [{"issuer": "https://…", "jwks": {"keys": [public keys]}}]}.',
      { cause },
    );
  }
}

/** A private key among them is a mistake that must not go unnoticed. */
function isPublicKey(jwk: Readonly<Record<string, unknown>>): boolean {
  if ('d' in jwk || 'k' in jwk) return false;
  try {
    return createPublicKey({ key: jwk, format: 'jwk' }).type === 'public';
  } catch {
    return false;
  }
}
