// The whole surface of @azure/keyvault-keys against a served instance: KeyClient, and
// CryptographyClient both where it asks the vault and where it works with the public part itself.
import assert from 'node:assert/strict';
import {
  constants,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
  randomBytes,
  verify,
} from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CryptographyClient, type KeyClient, type KeyVaultKey } from '@azure/keyvault-keys';
import { exportJWK, SignJWT } from 'jose';
import type { Caller } from '#test/kit/caller.ts';
import { admitToVault, createApplication, createVault } from '#test/kit/estate.ts';
import { type Instance, temporaryDirectory } from '#test/kit/instance.ts';
import { collect, credential, keyClient, startTrustedInstance } from './clients.ts';
import { assertRefused } from './refusals.ts';

const POLLING = { intervalInMs: 50 };
const ISSUER = 'https://attest.example';
const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const folder = temporaryDirectory();

async function writeAuthorities(): Promise<string> {
  const jwk = { ...(await exportJWK(authority.publicKey)), kid: 'a', alg: 'ES256' };
  const path = join(folder, 'authorities.json');
  writeFileSync(path, JSON.stringify({ authorities: [{ issuer: ISSUER, jwks: { keys: [jwk] } }] }));
  return path;
}

describe('@azure/keyvault-keys on a premium vault', () => {
  let instance: Instance;
  let application: Caller;
  let client: KeyClient;
  /** Symmetric keys came to vaults with an api-version that the client does not ask for itself. */
  let newest: KeyClient;

  before(async () => {
    const flags = ['--attestation-authorities', await writeAuthorities()];
    instance = await startTrustedInstance({ flags });
    application = await createApplication(instance.owner, 'keys');
    const sku = { family: 'A', name: 'premium' };
    const vault = await createVault(instance.owner, { model: 'rbac', properties: { sku } });
    await admitToVault(instance.owner, application, vault);
    client = keyClient(instance, application, { name: vault });
    newest = keyClient(instance, application, { name: vault, serviceVersion: '2026-04-01' });
  });

  after(async () => {
    await instance?.stop();
    rmSync(folder, { recursive: true });
  });

  const remote = (key: KeyVaultKey | string) =>
    new CryptographyClient(key, credential(instance, application));
  const publicKeyOf = ({ key }: KeyVaultKey) => {
    const text = (bytes?: Uint8Array) => Buffer.from(bytes ?? []).toString('base64url');
    const { kty = '', crv = '', n, e, x, y } = key ?? {};
    const jwk = kty.startsWith('RSA')
      ? { kty: 'RSA', n: text(n), e: text(e) }
      : { kty: 'EC', crv: crv === 'P-256K' ? 'secp256k1' : crv, x: text(x), y: text(y) };
    return createPublicKey({ key: jwk, format: 'jwk' });
  };

  test('keys of every type are made, read, listed and say what they are', async () => {
    const made = [
      await client.createRsaKey('rsa', { keySize: 3072, tags: { a: 'b' } }),
      await client.createEcKey('ec', { curve: 'P-384' }),
      await newest.createOctKey('oct', { hsm: true, keySize: 256 }),
      await client.createKey('rsa-hsm', 'RSA-HSM'),
      await client.createKey('ec-hsm', 'EC-HSM'),
    ];
    assert.deepEqual(
      made.map(({ keyType }) => keyType),
      ['RSA', 'EC', 'oct-HSM', 'RSA-HSM', 'EC-HSM'],
    );
    assert.equal(made[0]?.key?.n?.length, 384);
    assert.equal(made[1]?.key?.crv, 'P-384');
    assert.equal(made[2]?.key?.k, undefined, 'a symmetric key shows nothing');
    for (const { name, id } of made) assert.equal((await client.getKey(name)).id, id);
    const listed = await collect(client.listPropertiesOfKeys());
    assert.deepEqual(listed.map(({ name }) => name).sort(), made.map(({ name }) => name).sort());
    assert.deepEqual(listed.find(({ name }) => name === 'rsa')?.tags, { a: 'b' });
  });

  test('versions, an update, and a key that is deleted, recovered and purged', async () => {
    const first = await client.createRsaKey('life', { keySize: 2048 });
    const second = await client.createRsaKey('life', { keySize: 2048 });
    const versions = await collect(client.listPropertiesOfKeyVersions('life'));
    assert.deepEqual(
      versions.map(({ version }) => version).sort(),
      [first, second].map(({ properties }) => properties.version).sort(),
    );
    const updated = await client.updateKeyProperties('life', first.properties.version ?? '', {
      keyOps: ['sign', 'verify'],
      tags: { changed: 'yes' },
    });
    assert.deepEqual(updated.keyOperations, ['sign', 'verify']);
    assert.deepEqual((await client.getKey('life')).properties.tags, undefined);
    const deleted = await (await client.beginDeleteKey('life', POLLING)).pollUntilDone();
    assert.ok(deleted.properties.recoveryId?.endsWith('/deletedkeys/life'));
    assert.equal((await client.getDeletedKey('life')).name, 'life');
    assert.equal((await collect(client.listDeletedKeys())).length, 1);
    await (await client.beginRecoverDeletedKey('life', POLLING)).pollUntilDone();
    assert.equal((await client.getKey('life')).id, second.id);
    await (await client.beginDeleteKey('life', POLLING)).pollUntilDone();
    await client.purgeDeletedKey('life');
    await assertRefused(client.getKey('life'), { status: 404, code: 'KeyNotFound' });
  });

  test('a backup brings a purged key back with its versions and its rotation policy', async () => {
    const made = await client.createEcKey('saved', { curve: 'P-256' });
    await client.updateKeyRotationPolicy('saved', {
      expiresIn: 'P90D',
      lifetimeActions: [{ action: 'Rotate', timeBeforeExpiry: 'P30D' }],
    });
    const digest = randomBytes(32);
    const signed = await remote(made).sign('ES256', digest);
    const backup = await client.backupKey('saved');
    assert.ok(backup);
    await (await client.beginDeleteKey('saved', POLLING)).pollUntilDone();
    await client.purgeDeletedKey('saved');
    const restored = await client.restoreKeyBackup(backup);
    assert.equal(restored.id, made.id);
    assert.equal((await remote(restored).verify('ES256', digest, signed.result)).result, true);
    assert.equal((await client.getKeyRotationPolicy('saved')).expiresIn, 'P90D');
    await assertRefused(client.restoreKeyBackup(backup), { status: 409, code: 'Conflict' });
  });

  test('a rotation policy is kept, and a rotation makes a version that expires by it', async () => {
    const before = await client.createRsaKey('turning', { keySize: 2048 });
    const policy = await client.updateKeyRotationPolicy('turning', {
      expiresIn: 'P1Y',
      lifetimeActions: [{ action: 'Rotate', timeAfterCreate: 'P90D' }],
    });
    assert.equal(policy.lifetimeActions?.length, 2, 'the notice that it lacks is added');
    const rotated = await client.rotateKey('turning');
    assert.notEqual(rotated.properties.version, before.properties.version);
    const days = (Number(rotated.properties.expiresOn) - Date.now()) / 86_400_000;
    assert.ok(days > 364 && days < 367);
  });

  test('a key from outside signs as it did there', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = privateKey.export({ format: 'jwk' });
    const part = (name: keyof typeof jwk) => Buffer.from(String(jwk[name]), 'base64url');
    const imported = await client.importKey('outside', {
      kty: 'RSA',
      ...{ n: part('n'), e: part('e'), d: part('d'), p: part('p'), q: part('q') },
      ...{ dp: part('dp'), dq: part('dq'), qi: part('qi') },
    });
    const data = Buffer.from('signed inside');
    const { result } = await remote(imported).signData('RS256', data);
    assert.ok(verify('sha256', data, publicKey, result));
  });

  test('what RSA does there, its public part undoes here, and the other way', async () => {
    const key = await client.createRsaKey('both', { keySize: 2048 });
    const crypto = remote(key);
    const here = new CryptographyClient(key.key ?? {});
    const plaintext = Buffer.from('between us');
    for (const algorithm of ['RSA-OAEP', 'RSA-OAEP-256', 'RSA1_5'] as const) {
      const there = await remote(key.id ?? '').encrypt({ algorithm, plaintext });
      const opened = await crypto.decrypt({ algorithm, ciphertext: there.result });
      assert.deepEqual(Buffer.from(opened.result), plaintext, algorithm);
      const wrapped = await crypto.wrapKey(algorithm, plaintext);
      const unwrapped = await crypto.unwrapKey(algorithm, wrapped.result);
      assert.deepEqual(Buffer.from(unwrapped.result), plaintext, algorithm);
    }
    for (const algorithm of ['RSA-OAEP', 'RSA1_5'] as const) {
      const local = await here.encrypt({ algorithm, plaintext });
      const opened = await crypto.decrypt({ algorithm, ciphertext: local.result });
      assert.deepEqual(Buffer.from(opened.result), plaintext, `${algorithm}, encrypted here`);
    }
    const data = randomBytes(100);
    const bits = [256, 384, 512] as const;
    for (const size of bits) {
      const algorithm = `RS${size}` as const;
      const digest = createHash(`sha${size}`).update(data).digest();
      const { result } = await crypto.sign(algorithm, digest);
      assert.equal((await crypto.verify(algorithm, digest, result)).result, true);
      assert.equal((await here.verifyData(algorithm, data, result)).result, true);
      const changed = Uint8Array.from(result);
      changed[9] = (changed[9] ?? 0) ^ 1;
      assert.equal((await crypto.verify(algorithm, digest, changed)).result, false);
      assert.equal((await here.verifyData(algorithm, data, changed)).result, false);
    }
    for (const size of bits) {
      const { result } = await crypto.signData(`PS${size}`, data);
      const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      const own = { key: publicKeyOf(key), padding, saltLength };
      assert.ok(verify(`sha${size}`, data, own, result));
      // Not verifyData: with the public part at hand the client forgets the PSS padding.
      const digest = createHash(`sha${size}`).update(data).digest();
      assert.equal((await crypto.verify(`PS${size}`, digest, result)).result, true);
    }
  });

  test('each curve signs for its own verifier', async () => {
    const data = randomBytes(64);
    for (const [curve, algorithm, hash] of [
      ['P-256', 'ES256', 'sha256'],
      ['P-256K', 'ES256K', 'sha256'],
      ['P-384', 'ES384', 'sha384'],
      ['P-521', 'ES512', 'sha512'],
    ] as const) {
      const key = await client.createEcKey(`curve-${curve}`, { curve });
      const digest = createHash(hash).update(data).digest();
      const { result } = await remote(key).sign(algorithm, digest);
      const own = { key: publicKeyOf(key), dsaEncoding: 'ieee-p1363' as const };
      assert.ok(verify(hash, data, own, result), curve);
      assert.equal((await remote(key).verify(algorithm, digest, result)).result, true);
    }
  });

  test('a symmetric key encrypts and wraps in every mode of its size', async () => {
    const key = await newest.createOctKey('modes', { hsm: true, keySize: 256 });
    const crypto = remote(key.id ?? '');
    const plaintext = randomBytes(48);
    const additionalAuthenticatedData = Buffer.from('with it');
    const sealed = await crypto.encrypt({
      algorithm: 'A256GCM',
      plaintext,
      additionalAuthenticatedData,
    });
    const opened = await crypto.decrypt({
      algorithm: 'A256GCM',
      ciphertext: sealed.result,
      iv: sealed.iv ?? new Uint8Array(),
      authenticationTag: sealed.authenticationTag ?? new Uint8Array(),
      additionalAuthenticatedData,
    });
    assert.deepEqual(Buffer.from(opened.result), plaintext);
    for (const algorithm of ['A256CBC', 'A256CBCPAD'] as const) {
      const iv = randomBytes(16);
      const { result } = await crypto.encrypt({ algorithm, plaintext, iv });
      const back = await crypto.decrypt({ algorithm, ciphertext: result, iv });
      assert.deepEqual(Buffer.from(back.result), plaintext, algorithm);
    }
    const wrapped = await crypto.wrapKey('A256KW', plaintext);
    const back = await crypto.unwrapKey('A256KW', wrapped.result);
    assert.deepEqual(Buffer.from(back.result), plaintext);
  });

  test('a key is released to an environment that the policy names, and to no other', async () => {
    const environment = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const rules = {
      version: '1.0.0',
      anyOf: [{ authority: ISSUER, allOf: [{ claim: 'sdk-test', equals: 'true' }] }],
    };
    const made = await client.createRsaKey('released', {
      keySize: 2048,
      hsm: true,
      exportable: true,
      releasePolicy: { encodedPolicy: Buffer.from(JSON.stringify(rules)) },
    });
    const jwk = { ...environment.publicKey.export({ format: 'jwk' }), key_ops: ['encrypt'] };
    const tokenWith = (claims: object) =>
      new SignJWT({ ...claims, 'x-ms-runtime': { keys: [jwk] } })
        .setProtectedHeader({ alg: 'ES256', kid: 'a' })
        .setIssuer(ISSUER)
        .setExpirationTime('10m')
        .sign(authority.privateKey);
    const refused = client.releaseKey('released', await tokenWith({ 'sdk-test': false }));
    await assertRefused(refused, { status: 403, code: 'Forbidden', inner: 'AccessDenied' });
    const { value } = await client.releaseKey('released', await tokenWith({ 'sdk-test': true }));
    const payload = JSON.parse(Buffer.from(value.split('.')[1] ?? '', 'base64url').toString());
    const blob = JSON.parse(Buffer.from(payload.response.key.key.key_hsm, 'base64url').toString());
    const bytes = Buffer.from(blob.ciphertext, 'base64url');
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const aes = privateDecrypt({ key: environment.privateKey, padding }, bytes.subarray(0, 256));
    const cipher = createDecipheriv('id-aes256-wrap-pad', aes, Buffer.from('a65959a6', 'hex'));
    const der = Buffer.concat([cipher.update(bytes.subarray(256)), cipher.final()]);
    const own = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
    assert.deepEqual(own.export({ format: 'jwk' }), publicKeyOf(made).export({ format: 'jwk' }));
  });

  test('what a key may not do is refused in Azure’s words', async () => {
    const key = await client.createEcKey('refusing', { curve: 'P-256' });
    // The client looks at key_ops itself: it knows the key as it was before the update.
    const crypto = remote(key);
    await client.updateKeyProperties('refusing', { keyOps: ['verify'] });
    const inner = 'KeyOperationForbidden';
    const signing = crypto.sign('ES256', randomBytes(32));
    await assertRefused(signing, { status: 403, code: 'Forbidden', inner });
    await client.updateKeyProperties('refusing', { enabled: false, keyOps: ['sign'] });
    const disabled = crypto.sign('ES256', randomBytes(32));
    await assertRefused(disabled, { status: 403, code: 'Forbidden', inner: 'KeyDisabled' });
    const other = await client.createEcKey('short', { curve: 'P-256' });
    const short = remote(other).sign('ES256', randomBytes(31));
    await assertRefused(short, { status: 400, code: 'BadParameter' });
    await assert.rejects(client.getRandomBytes(16), { statusCode: 404 });
  });
});
