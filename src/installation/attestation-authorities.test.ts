import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readAttestationAuthorities } from './attestation-authorities.ts';
import { StartFailure } from './start-failure.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-attestation-'));
after(() => rmSync(folder, { recursive: true }));

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = pair.publicKey.export({ format: 'jwk' });
const issuer = 'https://attest.example';

function read(content: unknown) {
  const attestationFile = join(folder, 'authorities.json');
  writeFileSync(attestationFile, typeof content === 'string' ? content : JSON.stringify(content));
  return readAttestationAuthorities({ attestationFile });
}

test('without a file nobody’s word counts', () => {
  assert.deepEqual(readAttestationAuthorities({}), []);
});

test('authorities come with their keys', () => {
  const authorities = [{ issuer, jwks: { keys: [{ ...jwk, kid: 'a' }] } }];
  assert.deepEqual(read({ authorities }), authorities);
});

test('a file that is absent, not understood or holds a secret key stops the start', () => {
  const attestationFile = join(folder, 'absent.json');
  assert.throws(() => readAttestationAuthorities({ attestationFile }), StartFailure);
  const one = (keys: readonly unknown[], at = issuer) => ({
    authorities: [{ issuer: at, jwks: { keys } }],
  });
  const bad = [
    ...['', '{', '[]', '{}', { authorities: {} }, { authorities: [{ issuer }] }],
    one([]),
    one([{}]),
    one([{ ...jwk, x: 'AAAA' }]),
    one([pair.privateKey.export({ format: 'jwk' })]),
    one([{ kty: 'oct', k: 'AAAA' }]),
    one([jwk], 'http://attest.example'),
    { ...one([jwk]), more: 1 },
  ];
  for (const content of bad) {
    assert.throws(() => read(content), StartFailure, JSON.stringify(content));
  }
});
