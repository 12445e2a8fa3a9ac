// `az keyvault key`: keys made here and brought along, what is done with them, and their life.

import { ok, strictEqual } from 'node:assert';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from '#kernel';
import type { ClientCase } from '../suite.ts';
import type { Az } from './shell.ts';

const KEY = z.object({ key: z.object({ kid: z.string(), kty: z.string() }) });
const RESULT = z.object({ result: z.string() });
const POLICY = z.object({
  expiresIn: z.string().nullish(),
  lifetimeActions: z.array(z.object({ action: z.unknown() })),
});

/** `vault`: one with roles, in which the signed-in user may do everything. */
export function keyCases(az: Az, vault: string): ClientCase[] {
  return [
    { name: 'keyvault key encrypt, decrypt', run: () => encryption(az, vault) },
    { name: 'keyvault key import, download', run: () => importing(az, vault) },
    { name: 'keyvault key rotation-policy, set-attributes', run: () => policies(az, vault) },
    { name: 'keyvault key backup, delete, list-deleted, recover', run: () => life(az, vault) },
  ];
}

async function encryption(az: Az, vault: string): Promise<void> {
  const one = ['--vault-name', vault, '-n', 'sealer'];
  await az.read(KEY, 'keyvault', 'key', 'create', ...one, '--kty', 'RSA', '--size', '2048');
  for (const algorithm of ['RSA-OAEP-256', 'RSA1_5']) {
    const how = [...one, '-a', algorithm, '--data-type', 'plaintext'];
    const text = 'between us';
    const sealed = await az.read(RESULT, 'keyvault', 'key', 'encrypt', ...how, '--value', text);
    const given = ['--value', sealed.result];
    const opened = await az.read(RESULT, 'keyvault', 'key', 'decrypt', ...how, ...given);
    strictEqual(opened.result, text);
  }
}

async function importing(az: Az, vault: string): Promise<void> {
  const pairs = [
    ['rsa-file', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ec-file', generateKeyPairSync('ec', { namedCurve: 'P-521' })],
    ['k1-file', generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
  ] as const;
  for (const [name, { privateKey, publicKey }] of pairs) {
    const one = ['--vault-name', vault, '-n', name];
    const pem = join(az.folder, `${name}.pem`);
    writeFileSync(pem, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
    await az.read(KEY, 'keyvault', 'key', 'import', ...one, '--pem-file', pem);
    const file = join(az.folder, `${name}.public.pem`);
    await az.do('keyvault', 'key', 'download', ...one, '-f', file, '-e', 'PEM');
    ok(createPublicKey(readFileSync(file)).equals(publicKey), name);
  }
}

async function policies(az: Az, vault: string): Promise<void> {
  const one = ['--vault-name', vault, '-n', 'sealer'];
  const policy = {
    lifetimeActions: [{ trigger: { timeAfterCreate: 'P90D' }, action: { type: 'Rotate' } }],
    attributes: { expiryTime: 'P1Y' },
  };
  const file = join(az.folder, 'policy.json');
  writeFileSync(file, JSON.stringify(policy));
  const rotation = ['keyvault', 'key', 'rotation-policy'];
  await az.read(POLICY, ...rotation, 'update', ...one, '--value', file);
  const kept = await az.read(POLICY, ...rotation, 'show', ...one);
  strictEqual(kept.expiresIn, 'P1Y');
  strictEqual(kept.lifetimeActions.length, 2);
  const disabling = ['keyvault', 'key', 'set-attributes', ...one, '--enabled'];
  await az.read(KEY, ...disabling, 'false');
  const sign = ['-a', 'RS256', '--digest', Buffer.alloc(32).toString('base64')];
  await az.refused(['keyvault', 'key', 'sign', ...one, ...sign], /disabled/i);
  await az.read(KEY, ...disabling, 'true');
}

async function life(az: Az, vault: string): Promise<void> {
  const key = ['keyvault', 'key'];
  const one = ['--vault-name', vault, '-n', 'sealer'];
  const before = await az.read(KEY, ...key, 'show', ...one);
  await az.do(...key, 'backup', ...one, '-f', 'sealer.bin');
  await az.do(...key, 'delete', ...one);
  ok((await az.names(...key, 'list-deleted', '--vault-name', vault)).includes('sealer'));
  // The vault protects what is deleted.
  await az.refused([...key, 'purge', ...one], /purge protection is enabled/);
  await az.do(...key, 'recover', ...one);
  strictEqual((await az.read(KEY, ...key, 'show', ...one)).key.kid, before.key.kid);
}
