// Post-quantum keys: an extension that a vault has to ask for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateKey } from '#cryptography';
import { doDue, makeVault, openTestVault, type TestVault } from '../vault.fixture.ts';

const skip = await generateKey({ kty: 'AKP', alg: 'ML-DSA-44' }).then(
  () => false as const,
  () => 'this OpenSSL has no post-quantum keys',
);
const params = { name: 'k' };
const value = Buffer.from('a message of any length').toString('base64url');

const open = () => openTestVault(makeVault({ sku: 'standard', enablePostQuantumKeys: true }));
const create = (vault: TestVault, alg: unknown, more: object = {}) =>
  vault.call('CreateKey', { params, body: { kty: 'AKP', alg, ...more } });

test('a vault that has not asked for them knows no such type, as Azure does not', async () => {
  const vault = await openTestVault();
  const unknown = await vault.call('CreateKey', { params, body: { kty: 'XYZ' } });
  const refused = await create(vault, 'ML-DSA-65');
  assert.deepEqual([refused.status, refused.body], [unknown.status, unknown.body]);
  assert.equal(refused.status, 400);
});

for (const alg of ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87']) {
  test(`${alg}: what was signed verifies, and nothing else does`, { skip }, async () => {
    const vault = await open();
    const made = await create(vault, alg);
    assert.equal(made.status, 200);
    const { kty, key_ops: keyOps, pub, alg: shown, priv } = made.body.key;
    assert.deepEqual([kty, shown, keyOps, priv], ['AKP', alg, ['sign', 'verify'], undefined]);
    assert.match(pub, /^[\w-]{1700,}$/);
    const signed = await vault.call('sign', { params, body: { alg, value } });
    assert.equal(signed.status, 200);
    const check = (digest: string) =>
      vault.call('verify', { params, body: { alg, digest, value: signed.body.value } });
    assert.deepEqual((await check(value)).body, { value: true });
    assert.deepEqual((await check('AAAA')).body, { value: false });
  });
}

for (const alg of ['ML-KEM-768', 'ML-KEM-1024']) {
  test(`${alg}: what was wrapped comes back`, { skip }, async () => {
    const vault = await open();
    const made = await create(vault, alg);
    assert.deepEqual(made.body.key.key_ops, ['wrapKey', 'unwrapKey']);
    const wrapped = await vault.call('wrapKey', { params, body: { alg, value } });
    const opened = await vault.call('unwrapKey', {
      params,
      body: { alg, value: wrapped.body.value },
    });
    assert.equal(opened.body.value, value);
    const damaged = await vault.call('unwrapKey', { params, body: { alg, value: 'AAAA' } });
    assert.deepEqual([damaged.status, damaged.body.error.code], [400, 'BadParameter']);
  });
}

test('an unknown algorithm, or one for another key, is a bad parameter', { skip }, async () => {
  const vault = await open();
  for (const alg of [undefined, null, '', 'ML-DSA-45', 'ml-dsa-44', 'RS256', 7]) {
    assert.equal((await create(vault, alg)).status, 400, String(alg));
  }
  await create(vault, 'ML-DSA-44');
  for (const alg of ['ML-DSA-65', 'RS256', 'ML-KEM-768']) {
    assert.equal((await vault.call('sign', { params, body: { alg, value } })).status, 400, alg);
  }
});

test('it rotates, is backed up and restored, and outlives the vault’s opting out', {
  skip,
}, async () => {
  const record = makeVault({ enablePostQuantumKeys: true });
  const vault = await openTestVault(record);
  const first = await create(vault, 'ML-DSA-44');
  const trigger = { timeAfterCreate: 'P30D' };
  const body = { lifetimeActions: [{ trigger, action: { type: 'Rotate' } }] };
  await vault.call('UpdateKeyRotationPolicy', { params, body });
  vault.clock.advance(31 * 86_400_000);
  assert.equal(await doDue(vault), 1);
  const { body: backup } = await vault.call('BackupKey', { params });
  await vault.call('DeleteKey', { params });
  await vault.call('PurgeDeletedKey', { params });
  await vault.putVault({ ...record, enablePostQuantumKeys: false });
  const restored = await vault.call('RestoreKey', { body: backup });
  assert.equal(restored.body.key.alg, 'ML-DSA-44');
  assert.notEqual(restored.body.key.pub, first.body.key.pub);
  const signed = await vault.call('sign', { params, body: { alg: 'ML-DSA-44', value } });
  assert.equal(signed.status, 200);
  assert.equal((await create(vault, 'ML-DSA-44')).status, 400);
});

test('one is not imported: neither as a JSON Web Key nor as a transfer blob', {
  skip,
}, async () => {
  const vault = await open();
  for (const key of [
    { kty: 'AKP', alg: 'ML-DSA-44' },
    { kty: 'AKP', key_hsm: 'AAAA' },
  ]) {
    const { status, body } = await vault.call('ImportKey', { params, body: { key } });
    assert.deepEqual([status, body.error.code], [400, 'BadParameter']);
  }
});
