import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  doDue,
  openTestVault,
  openTestVaultWith,
  recordsOf,
  type TestVault,
} from '../vault.fixture.ts';
import { fakeHsm } from './hsm.fixture.ts';
import { keyObjects } from './key-objects.ts';
import { KeyProviders } from './key-providers.ts';
import { CACHED_KEYS_MAX, MaterialCache } from './material-cache.ts';

const params = { name: 'k' };
const digest = Buffer.alloc(32, 7).toString('base64url');

async function withHsm(): Promise<{ vault: TestVault; hsm: ReturnType<typeof fakeHsm> }> {
  const hsm = fakeHsm();
  return { vault: await openTestVaultWith({ hsm }), hsm };
}

test('keys of HSM types live in the HSM; their records hold no private part', async () => {
  const { vault, hsm } = await withHsm();
  const made = await vault.call('CreateKey', { params, body: { kty: 'RSA-HSM' } });
  assert.equal(made.body.attributes.hsmPlatform, '2');
  assert.equal(hsm.inside.size, 1);
  const signed = await vault.call('sign', { params, body: { alg: 'RS256', value: digest } });
  const verifying = { alg: 'RS256', digest, value: signed.body.value };
  assert.equal((await vault.call('verify', { params, body: verifying })).body.value, true);
  const plaintext = Buffer.from('open me').toString('base64url');
  const sealed = await vault.call('encrypt', {
    params,
    body: { alg: 'RSA-OAEP-256', value: plaintext },
  });
  const opened = await vault.call('decrypt', {
    params,
    body: { alg: 'RSA-OAEP-256', value: sealed.body.value },
  });
  assert.equal(opened.body.value, plaintext);
  const { version } = await keyObjects.load(recordsOf(vault), 'k', '');
  const saved = Buffer.from(version.content.material, 'base64').toString();
  assert.deepEqual([...hsm.inside.keys()], [saved]);
  assert.equal(version.content.provider, 'fake');
});

test('a key of another type stays with software beside an HSM, and says so', async () => {
  const { vault, hsm } = await withHsm();
  const made = await vault.call('CreateKey', { params, body: { kty: 'RSA' } });
  assert.equal(made.body.attributes.hsmPlatform, '0');
  assert.equal(hsm.inside.size, 0);
});

test('a rotation, on demand and scheduled, makes the new version in the HSM as well', async () => {
  const { vault, hsm } = await withHsm();
  await vault.call('CreateKey', { params, body: { kty: 'RSA-HSM' } });
  await vault.call('RotateKey', { params });
  const trigger = { timeAfterCreate: 'P30D' };
  const body = { lifetimeActions: [{ trigger, action: { type: 'Rotate' } }] };
  await vault.call('UpdateKeyRotationPolicy', { params, body });
  vault.clock.advance(31 * 86_400_000);
  assert.equal(await doDue(vault), 1);
  assert.equal(hsm.inside.size, 3);
  assert.equal((await vault.call('GetKey', { params })).body.attributes.hsmPlatform, '2');
});

test('without an HSM, software holds keys of HSM types and says so; they stay there', async () => {
  const vault = await openTestVault();
  const made = await vault.call('CreateKey', { params, body: { kty: 'EC-HSM' } });
  assert.equal(made.body.attributes.hsmPlatform, '0');
  const providers = new KeyProviders(fakeHsm());
  const { version } = await keyObjects.load(recordsOf(vault), 'k', '');
  assert.equal((await providers.open(version.content)).kty, 'EC');
});

test('a key whose HSM is gone can be listed but not used', async () => {
  const { vault } = await withHsm();
  await vault.call('CreateKey', { params, body: { kty: 'RSA-HSM' } });
  const { version } = await keyObjects.load(recordsOf(vault), 'k', '');
  assert.throws(() => new KeyProviders().open(version.content), /HSM that holds this key is gone/);
  assert.equal((await vault.call('GetKey', { params })).status, 200);
});

test('opened keys are bounded, and those of a deleted key go at once', async () => {
  const vault = await openTestVault();
  await vault.call('CreateKey', { params, body: { kty: 'EC' } });
  const found = await keyObjects.load(recordsOf(vault), 'k', '');
  const cache = new MaterialCache(new KeyProviders());
  const at = (i: number) => ({
    head: { ...found.head, uid: i % 2 === 0 ? 'even' : 'odd' },
    version: {
      ...found.version,
      header: { ...found.version.header, version: String(i) },
    },
  });
  const first = await cache.get(at(0));
  for (let i = 1; i < CACHED_KEYS_MAX; i++) await cache.get(at(i));
  assert.equal(await cache.get(at(0)), first, 'used again, so it is the newest now');
  await cache.get(at(CACHED_KEYS_MAX));
  assert.equal(cache.size, CACHED_KEYS_MAX);
  assert.equal(await cache.get(at(0)), first);
  cache.forget('even');
  assert.equal(cache.size, CACHED_KEYS_MAX / 2 - 1);
  assert.notEqual(await cache.get(at(0)), first);
});

test('a key that is deleted while it is opened is not kept', async () => {
  const vault = await openTestVault();
  await vault.call('CreateKey', { params, body: { kty: 'EC' } });
  const found = await keyObjects.load(recordsOf(vault), 'k', '');
  const cache = new MaterialCache(new KeyProviders());
  const opening = cache.get(found);
  cache.forget(found.head.uid);
  assert.equal((await opening).kty, 'EC');
  assert.equal(cache.size, 0);
});

test('with twenty keys waiting a vault is told to come back, and later it is served', async () => {
  const hsm = fakeHsm();
  const { promise: mended, resolve: mend } = Promise.withResolvers<void>();
  const make: typeof hsm.make = (spec) => mended.then(() => hsm.make(spec));
  const vault = await openTestVaultWith({ hsm: { ...hsm, make } });
  const body = { kty: 'EC-HSM' };
  const create = (name: string) => vault.call('CreateKey', { params: { name }, body });
  assert.equal((await vault.call('CreateKey', { params, body: { kty: 'EC' } })).status, 200);
  const making = Array.from({ length: 23 }, (_, index) => create(`k${index}`));
  // The only one that is answered is the one that is too many.
  assert.equal((await Promise.race(making)).status, 429);
  const policy = {
    ...{ key_props: { kty: 'EC-HSM', crv: 'P-256', exportable: false }, issuer: { name: 'Self' } },
    x509_props: { subject: 'CN=a' },
  };
  for (const refused of [
    await create('more'),
    await vault.call('CreateCertificate', { params: { name: 'c' }, body: { policy } }),
  ]) {
    assert.deepEqual([refused.status, refused.body.error.code], [429, 'Throttled']);
    assert.equal(refused.headers['Retry-After'], '10');
  }
  assert.equal((await vault.call('RotateKey', { params })).status, 200, 'a quick one is made');
  assert.equal((await vault.call('GetKey', { params: { name: 'more' } })).status, 404);
  mend();
  const statuses = (await Promise.all(making)).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 200).length, 22);
  assert.equal((await create('more')).status, 200);
});
