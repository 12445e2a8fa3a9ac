import assert from 'node:assert/strict';
import { createHash, createPublicKey, randomBytes, verify as verifyLocally } from 'node:crypto';
import { test } from 'node:test';
import { makeVault, openTestVault, type TestVault } from '../vault.fixture.ts';

const params = { name: 'k' };
const encode = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

async function withKey(body: object, vault?: TestVault): Promise<TestVault> {
  const test = vault ?? (await openTestVault());
  const { status } = await test.call('CreateKey', { params, body });
  assert.equal(status, 200);
  return test;
}

const use = (vault: TestVault, id: string, body: object) => vault.call(id, { params, body });

const DIGESTS = { 256: 'sha256', 384: 'sha384', 512: 'sha512' } as const;

test('what a key signs, it verifies, and so does anyone with the public key', async () => {
  const vault = await withKey({ kty: 'RSA' });
  const message = Buffer.from('message');
  for (const family of ['RS', 'PS']) {
    for (const [bits, hash] of Object.entries(DIGESTS)) {
      const alg = family + bits;
      const digest = encode(createHash(hash).update(message).digest());
      const signed = await use(vault, 'sign', { alg, value: digest });
      assert.match(signed.body.kid, /\/keys\/k\/[0-9a-f]{32}$/);
      const { value } = signed.body;
      assert.deepEqual((await use(vault, 'verify', { alg, digest, value })).body, { value: true });
      const wrong = { alg, digest, value: encode(randomBytes(256)) };
      assert.deepEqual((await use(vault, 'verify', wrong)).body, { value: false });
    }
  }
  const { key } = (await vault.call('GetKey', { params })).body;
  const digest = encode(createHash('sha256').update(message).digest());
  const { value } = (await use(vault, 'sign', { alg: 'RS256', value: digest })).body;
  const publicKey = createPublicKey({ key: { kty: 'RSA', n: key.n, e: key.e }, format: 'jwk' });
  assert.ok(verifyLocally('sha256', message, publicKey, Buffer.from(value, 'base64url')));
});

test('each curve signs with its own algorithm and no other', async () => {
  const algorithms = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512', 'P-256K': 'ES256K' };
  const lengths = { ES256: 32, ES256K: 32, ES384: 48, ES512: 64 };
  for (const [crv, own] of Object.entries(algorithms)) {
    const vault = await withKey({ kty: 'EC', crv });
    for (const [alg, length] of Object.entries(lengths)) {
      const digest = encode(randomBytes(length));
      const signed = await use(vault, 'sign', { alg, value: digest });
      assert.equal(signed.status, alg === own ? 200 : 400, `${crv} ${alg}`);
      if (alg !== own) continue;
      const { value } = signed.body;
      assert.deepEqual((await use(vault, 'verify', { alg, digest, value })).body, { value: true });
    }
  }
});

test('what is encrypted or wrapped comes back', async () => {
  const vault = await withKey({ kty: 'RSA' });
  for (const alg of ['RSA-OAEP', 'RSA-OAEP-256', 'RSA1_5']) {
    for (const [there, back] of [
      ['encrypt', 'decrypt'],
      ['wrapKey', 'unwrapKey'],
    ] as const) {
      const value = encode(randomBytes(32));
      const sealed = await use(vault, there, { alg, value });
      assert.equal(Buffer.from(sealed.body.value, 'base64url').length, 256);
      const opened = await use(vault, back, { alg, value: sealed.body.value });
      assert.deepEqual(opened.body, { kid: sealed.body.kid, value });
    }
  }
});

test('symmetric keys take and give iv, tag and aad as their mode needs them', async () => {
  const vault = await withKey({ kty: 'oct-HSM', key_size: 256 });
  const value = encode(randomBytes(32));
  const aad = encode(Buffer.from('context'));
  const sealed = (await use(vault, 'encrypt', { alg: 'A256GCM', value, aad })).body;
  assert.deepEqual(Object.keys(sealed), ['kid', 'value', 'iv', 'tag', 'aad']);
  const { iv, tag } = sealed;
  const opened = await use(vault, 'decrypt', { alg: 'A256GCM', value: sealed.value, iv, tag, aad });
  assert.equal(opened.body.value, value);
  const other = { alg: 'A256GCM', value: sealed.value, iv, tag, aad: encode(Buffer.from('other')) };
  const refused = await use(vault, 'decrypt', other);
  assert.deepEqual(
    [refused.status, refused.body.error.message],
    [400, 'The parameter is incorrect.\r\n'],
  );
  const wrapped = (await use(vault, 'wrapKey', { alg: 'A256KW', value })).body.value;
  assert.equal(
    (await use(vault, 'unwrapKey', { alg: 'A256KW', value: wrapped })).body.value,
    value,
  );
});

test('a ciphertext that does not open is one and the same answer', async () => {
  const vault = await withKey({ kty: 'RSA' });
  for (const value of [
    encode(randomBytes(256)),
    encode(randomBytes(255)),
    encode(randomBytes(1)),
  ]) {
    for (const id of ['decrypt', 'unwrapKey']) {
      const { status, body } = await use(vault, id, { alg: 'RSA-OAEP', value });
      const message = 'The parameter is incorrect.\r\n';
      assert.deepEqual([status, body.error], [400, { code: 'BadParameter', message }]);
    }
  }
});

const digest = encode(Buffer.alloc(32));
const anyOperation: [string, object][] = [
  ['encrypt', { alg: 'RSA-OAEP', value: digest }],
  ['wrapKey', { alg: 'RSA-OAEP', value: digest }],
  ['sign', { alg: 'RS256', value: digest }],
  ['verify', { alg: 'RS256', digest, value: digest }],
  ['decrypt', { alg: 'RSA-OAEP', value: digest }],
  ['unwrapKey', { alg: 'RSA-OAEP', value: digest }],
];

test('a disabled key does nothing', async () => {
  const vault = await withKey({ kty: 'RSA', attributes: { enabled: false } });
  for (const [id, body] of anyOperation) {
    const { status, body: answer } = await use(vault, id, body);
    assert.deepEqual(
      [status, answer.error],
      [
        403,
        {
          code: 'Forbidden',
          message: `Operation ${id} is not allowed on a disabled key.`,
          innererror: { code: 'KeyDisabled' },
        },
      ],
    );
  }
  assert.equal((await vault.call('GetKey', { params })).status, 200);
});

test('outside its validity a key still undoes what was done, and does nothing new', async () => {
  const nowSeconds = Date.UTC(2026, 0, 1) / 1000;
  for (const attributes of [{ exp: nowSeconds }, { nbf: nowSeconds + 1 }]) {
    const vault = await withKey({ kty: 'RSA', attributes });
    for (const [id, body] of anyOperation) {
      const isNew = ['encrypt', 'wrapKey', 'sign'].includes(id);
      const { status } = await use(vault, id, body);
      assert.equal(status === 403, isNew, id);
    }
  }
  const lasting = await withKey({
    kty: 'RSA',
    attributes: { exp: nowSeconds + 1, nbf: nowSeconds },
  });
  assert.equal((await use(lasting, 'sign', { alg: 'RS256', value: digest })).status, 200);
});

test('a key does only what its key_ops allow', async () => {
  const vault = await withKey({ kty: 'RSA', key_ops: ['verify'] });
  for (const [id, body] of anyOperation) {
    const answer = await use(vault, id, body);
    if (id === 'verify') assert.deepEqual(answer.body, { value: false });
    else {
      assert.equal(answer.body.error.innererror.code, 'KeyOperationForbidden');
      assert.equal(answer.body.error.message, `Operation ${id} is not permitted on this key.`);
    }
  }
});

test('parameters that do not fit are bad parameters', async () => {
  const vault = await withKey({ kty: 'RSA' });
  const cases: [string, object][] = [
    ['sign', { alg: 'RS256', value: encode(randomBytes(31)) }],
    ['sign', { alg: 'RS384', value: digest }],
    ['sign', { alg: 'ES256', value: digest }],
    ['sign', { alg: 'none', value: digest }],
    ['sign', { alg: '__proto__', value: digest }],
    ['sign', { alg: 'RS256' }],
    ['sign', { alg: 'RS256', value: '*' }],
    ['sign', { alg: 'RS256', value: 'A=' }],
    ['sign', { alg: 'x'.repeat(65), value: digest }],
    ['verify', { alg: 'RS256', value: digest }],
    ['encrypt', { alg: 'RSA-OAEP', value: encode(randomBytes(215)) }],
    ['encrypt', { alg: 'RSA-OAEP', value: digest, iv: digest }],
    ['encrypt', { alg: 'A256GCM', value: digest }],
    ['encrypt', { alg: 'RSA-OAEP', value: digest, tag: digest }],
    ['wrapKey', { alg: 'A256GCM', value: digest }],
  ];
  for (const [id, body] of cases) {
    const { status, body: answer } = await use(vault, id, body);
    assert.deepEqual([status, answer.error.code], [400, 'BadParameter'], JSON.stringify(body));
  }
});

test('operations go to the version named, and to the latest without one', async () => {
  const vault = await withKey({ kty: 'RSA' });
  const { kid } = (await vault.call('GetKey', { params })).body.key;
  const body = { alg: 'RS256', value: digest };
  await withKey({ kty: 'EC' }, vault);
  assert.equal((await use(vault, 'sign', body)).status, 400, 'the latest is an EC key');
  const version = kid.split('/').at(-1);
  const signed = await vault.call('sign', { params: { name: 'k', version }, body });
  assert.equal(signed.body.kid, kid);
  await vault.call('DeleteKey', { params });
  const gone = await vault.call('sign', { params: { name: 'k', version }, body });
  assert.equal(gone.body.error.code, 'KeyNotFound', 'no cached key outlives its deletion');
});

test('a reader of keys can do what a public key can, and no more', async () => {
  const record = makeVault();
  const vault = await withKey({ kty: 'RSA' }, await openTestVault(record));
  const secretKey = { name: 'oct' };
  await vault.call('CreateKey', { params: secretKey, body: { kty: 'oct-HSM' } });
  await vault.putVault({ ...record, enableRbacAuthorization: true });
  await vault.assign('Key Vault Reader');
  assert.equal((await use(vault, 'encrypt', { alg: 'RSA-OAEP', value: digest })).status, 200);
  const signed = await use(vault, 'sign', { alg: 'RS256', value: digest });
  assert.equal(signed.body.error.innererror.code, 'ForbiddenByRbac');
  const body = { alg: 'A256KW', value: digest };
  const wrapped = await vault.call('wrapKey', { params: secretKey, body });
  assert.equal(wrapped.status, 403);
  assert.match(
    wrapped.body.error.message,
    /Action: 'Microsoft\.KeyVault\/vaults\/keys\/wrap\/action'/,
  );
});
