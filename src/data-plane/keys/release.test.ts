// Secure key release and the wrapping that only an attested environment can undo, seen from the
// environment: it has an RSA key of its own and a token in which an authority vouches for it.
import assert from 'node:assert/strict';
import {
  constants,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
  verify,
  X509Certificate,
} from 'node:crypto';
import { test } from 'node:test';
import { exportJWK, type JWTPayload, SignJWT } from 'jose';
import { openTestVaultWith, type TestVault } from '../vault.fixture.ts';

const ISSUER = 'https://attest.example';
const params = { name: 'k' };
const authorityKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const environment = generateKeyPairSync('rsa', { modulusLength: 2048 });
const environmentJwk = {
  ...environment.publicKey.export({ format: 'jwk' }),
  kid: 'mine',
  key_ops: ['encrypt'],
};

const POLICY = {
  version: '1.0.0',
  anyOf: [
    {
      authority: `${ISSUER}/`,
      allOf: [
        { claim: 'x-ms-isolation-tee.x-ms-compliance-status', equals: 'azure-compliant-cvm' },
        { claim: 'secureboot', equals: true },
      ],
    },
  ],
};
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

const CLAIMS = {
  secureboot: true,
  'x-ms-isolation-tee': { 'x-ms-compliance-status': 'azure-compliant-cvm' },
  'x-ms-runtime': { keys: [environmentJwk] },
};

async function open(): Promise<TestVault> {
  const jwk = { ...(await exportJWK(authorityKey.publicKey)), kid: 'a', alg: 'ES256' };
  const attestationAuthorities = [{ issuer: ISSUER, jwks: { keys: [jwk] } }];
  return openTestVaultWith({ attestationAuthorities });
}

function tokenOf(vault: TestVault, claims: JWTPayload = CLAIMS, issuer = ISSUER): Promise<string> {
  const seconds = vault.clock.now() / 1000;
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', kid: 'a' })
    .setIssuer(issuer)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + 600)
    .sign(authorityKey.privateKey);
}

const createExportable = (vault: TestVault, body: object = {}) =>
  vault.call('CreateKey', {
    params,
    body: {
      kty: 'RSA-HSM',
      attributes: { exportable: true },
      release_policy: { data: encode(POLICY) },
      ...body,
    },
  });

const release = (vault: TestVault, target: string, more: object = {}) =>
  vault.call('release', { params, body: { target, ...more } });

function unwrap(keyHsm: string, hash: string): Buffer {
  const blob = JSON.parse(Buffer.from(keyHsm, 'base64url').toString());
  assert.deepEqual([blob.schema_version, blob.header.alg], ['1.0', 'dir']);
  const bytes = Buffer.from(blob.ciphertext, 'base64url');
  const aes = privateDecrypt(
    { key: environment.privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash },
    bytes.subarray(0, 256),
  );
  const iv = Buffer.from('a65959a6', 'hex');
  const cipher = createDecipheriv('id-aes256-wrap-pad', aes, iv);
  return Buffer.concat([cipher.update(bytes.subarray(256)), cipher.final()]);
}

/** Checks the signature with the certificate in the header. */
function openJws(jws: string) {
  const [header = '', payload = '', signature = ''] = jws.split('.');
  const { alg, x5c } = JSON.parse(Buffer.from(header, 'base64url').toString());
  assert.equal(alg, 'RS256');
  const { publicKey } = new X509Certificate(Buffer.from(x5c[0], 'base64'));
  const signed = Buffer.from(`${header}.${payload}`);
  assert.ok(verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url')));
  return { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), certificate: x5c[0] };
}

for (const [enc, hash] of [
  ['CKM_RSA_AES_KEY_WRAP', 'sha1'],
  ['RSA_AES_KEY_WRAP_256', 'sha256'],
  ['RSA_AES_KEY_WRAP_384', 'sha384'],
] as const) {
  test(`an attested environment gets the key, for its own eyes (${enc})`, async () => {
    const vault = await open();
    const made = await createExportable(vault);
    const { status, body } = await release(vault, await tokenOf(vault), { enc, nonce: 'n-1' });
    assert.equal(status, 200);
    const { request, response } = openJws(body.value);
    const { kid } = made.body.key;
    assert.deepEqual(request, { 'api-version': '2026-04-01', enc, kid, nonce: 'n-1' });
    const { key_hsm: keyHsm, ...rest } = response.key.key;
    assert.deepEqual({ ...response.key, key: rest }, made.body);
    const key = createPrivateKey({ key: unwrap(keyHsm, hash), format: 'der', type: 'pkcs8' });
    assert.equal(createPublicKey(key).export({ format: 'jwk' }).n, made.body.key.n);
  });
}

test('a symmetric key is released as its octets', async () => {
  const vault = await open();
  await createExportable(vault, { kty: 'oct-HSM', key_size: 192 });
  const { body } = await release(vault, await tokenOf(vault));
  assert.equal(unwrap(openJws(body.value).response.key.key.key_hsm, 'sha1').length, 24);
});

test('a vault signs its releases with one key, and another vault with another', async () => {
  const vault = await open();
  await createExportable(vault);
  const token = await tokenOf(vault);
  const both = await Promise.all([release(vault, token), release(vault, token)]);
  const [one, two] = both.map(({ body }) => openJws(body.value).certificate);
  assert.equal(one, two);
  const other = await open();
  await createExportable(other);
  const { body } = await release(other, await tokenOf(other));
  assert.notEqual(openJws(body.value).certificate, one);
});

test('a key is released outside its validity, as Azure documents', async () => {
  const vault = await open();
  const exp = vault.clock.now() / 1000 + 60;
  await createExportable(vault, { attributes: { exportable: true, exp } });
  vault.clock.advance(3_600_000);
  assert.equal((await release(vault, await tokenOf(vault))).status, 200);
});

test('whoever is not the environment of the policy gets one and the same refusal', async () => {
  const vault = await open();
  await createExportable(vault);
  const good = await tokenOf(vault);
  const [header = '', payload = '', signature = ''] = good.split('.');
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const seconds = vault.clock.now() / 1000;
  const signed = (key: typeof stranger.privateKey, change: (jwt: SignJWT) => SignJWT) =>
    change(
      new SignJWT(CLAIMS)
        .setProtectedHeader({ alg: 'ES256', kid: 'a' })
        .setIssuer(ISSUER)
        .setExpirationTime(seconds + 600),
    ).sign(key);
  const own = authorityKey.privateKey;
  const runtime = (keys: readonly object[]) => ({ ...CLAIMS, 'x-ms-runtime': { keys } });
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  const changed = { ...CLAIMS, iss: ISSUER, exp: seconds + 60 };
  const refused: Record<string, string> = {
    'no token': 'anything',
    'an unsigned token': `${encode({ alg: 'none' })}.${payload}.`,
    'a changed claim': [header, encode({ ...changed, x: 1 }), signature].join('.'),
    'a stranger’s signature': await signed(stranger.privateKey, (jwt) => jwt),
    'the public key as an HMAC secret': await new SignJWT(CLAIMS)
      .setProtectedHeader({ alg: 'HS256', kid: 'a' })
      .setIssuer(ISSUER)
      .setExpirationTime(seconds + 600)
      .sign(Buffer.from(authorityKey.publicKey.export({ format: 'pem', type: 'spki' }))),
    'another issuer': await tokenOf(vault, CLAIMS, 'https://elsewhere.example'),
    'an expired token': await signed(own, (jwt) => jwt.setExpirationTime(seconds - 61)),
    'a token of the future': await signed(own, (jwt) => jwt.setNotBefore(seconds + 3600)),
    'a token without an end': await new SignJWT(CLAIMS)
      .setProtectedHeader({ alg: 'ES256', kid: 'a' })
      .setIssuer(ISSUER)
      .sign(own),
    'one claim missing': await tokenOf(vault, { ...CLAIMS, secureboot: undefined }),
    'one claim different': await tokenOf(vault, { ...CLAIMS, secureboot: false }),
    'a claim that is an object': await tokenOf(vault, { ...CLAIMS, secureboot: { true: true } }),
    'no key to encrypt for': await tokenOf(vault, runtime([])),
    'a key for signing only': await tokenOf(
      vault,
      runtime([{ ...environmentJwk, key_ops: ['sign'] }]),
    ),
    'a weak key': await tokenOf(
      vault,
      runtime([{ ...weak.export({ format: 'jwk' }), use: 'enc' }]),
    ),
  };
  for (const [what, token] of Object.entries(refused)) {
    const { status, body } = await release(vault, token);
    assert.deepEqual([status, body.error.innererror?.code], [403, 'AccessDenied'], what);
    assert.equal(
      body.error.message,
      'Target environment attestation statement cannot be verified.',
    );
  }
  assert.equal((await release(vault, good)).status, 200);
});

test('a key that is not exportable, or disabled, is released to nobody', async () => {
  const vault = await open();
  await vault.call('CreateKey', { params, body: { kty: 'RSA' } });
  const lone = await release(vault, await tokenOf(vault));
  assert.deepEqual([lone.status, lone.body.error.code], [403, 'Forbidden']);
  await createExportable(vault, { attributes: { exportable: true, enabled: false } });
  const disabled = await release(vault, await tokenOf(vault));
  assert.equal(disabled.body.error.innererror.code, 'KeyDisabled');
});

test('parameters of a release are checked', async () => {
  const vault = await open();
  await createExportable(vault);
  for (const body of [{}, { target: '' }, { target: 'x', enc: 'A256KW' }, { target: 7 }]) {
    const { status } = await vault.call('release', { params, body });
    assert.equal(status, 400, JSON.stringify(body));
  }
});

const SECURE = ['secureWrapKey', 'secureUnwrapKey'];

test('what was wrapped securely comes back for the attested environment only', async () => {
  const vault = await open();
  const kinds = [
    ['RSA-HSM', 'RSA-OAEP-256'],
    ['oct-HSM', 'A256KWPAD'],
    ['oct-HSM', 'A256KW'],
  ];
  for (const [kty, alg] of kinds) {
    const body = { kty, key_ops: SECURE, release_policy: { data: encode(POLICY) } };
    assert.equal((await vault.call('CreateKey', { params, body })).status, 200);
    const wrapped = await vault.call('securewrapkey', { params, body: { alg } });
    assert.deepEqual(Object.keys(wrapped.body), ['kid', 'alg', 'value']);
    const { value } = wrapped.body;
    const token = await tokenOf(vault);
    const opened = await vault.call('secureunwrapkey', {
      params,
      body: { alg, value, target: token },
    });
    assert.equal(opened.status, 200);
    const key = privateDecrypt(
      {
        key: environment.privateKey,
        padding: constants.RSA_PKCS1_OAEP_PADDING,
        oaepHash: 'sha256',
      },
      Buffer.from(opened.body.value, 'base64url'),
    );
    assert.equal(key.length, 32, 'a new AES-256 key');
    const refused = await vault.call('secureunwrapkey', {
      params,
      body: { alg, value, target: 'x' },
    });
    assert.equal(refused.body.error.innererror.code, 'AccessDenied');
    const plain = await vault.call('unwrapKey', { params, body: { alg, value } });
    assert.equal(plain.body.error.innererror.code, 'KeyOperationForbidden');
  }
});

test('a key for attested environments is never made to do without attestation', async () => {
  const vault = await open();
  const policy = { release_policy: { data: encode(POLICY) } };
  const mixed = { kty: 'RSA', ...policy, key_ops: [...SECURE, 'unwrapKey'] };
  assert.equal((await vault.call('CreateKey', { params, body: mixed })).status, 400);
  const body = { kty: 'RSA', ...policy, key_ops: SECURE };
  assert.equal((await vault.call('CreateKey', { params, body })).status, 200);
  const update = async (keyOps: readonly string[]) =>
    (await vault.call('UpdateKey', { params, body: { key_ops: keyOps } })).status;
  for (const keyOps of [['unwrapKey'], [...SECURE, 'unwrapKey'], ['decrypt'], []]) {
    assert.equal(await update(keyOps), 400, keyOps.join());
  }
  assert.equal(await update(['secureUnwrapKey']), 200);
  await vault.call('CreateKey', { params: { name: 'plain' }, body: { kty: 'RSA' } });
  const plain = { params: { name: 'plain' }, body: { key_ops: SECURE } };
  assert.equal((await vault.call('UpdateKey', plain)).status, 400);
});

test('secure wrapping is for keys made for it, and for api-versions that know it', async () => {
  const vault = await open();
  await vault.call('CreateKey', { params, body: { kty: 'RSA' } });
  const body = { alg: 'RSA-OAEP-256' };
  const other = await vault.call('securewrapkey', { params, body });
  assert.equal(other.body.error.innererror.code, 'KeyOperationForbidden');
  const early = await vault.call('CreateKey', {
    params,
    apiVersion: '2025-07-01',
    body: { kty: 'RSA', key_ops: SECURE },
  });
  assert.deepEqual([early.status, early.body.error.code], [400, 'BadParameter']);
  await vault.call('CreateKey', { params, body: { kty: 'RSA', key_ops: SECURE } });
  for (const alg of ['RSA-OAEP', 'RSA1_5', 'A256GCM', 'nonsense', 'A256KW']) {
    const { status } = await vault.call('securewrapkey', { params, body: { alg } });
    assert.equal(status, 400, alg);
  }
});

test('what is wrapped securely cannot be had by giving the key more to do', async () => {
  const vault = await open();
  const data = encode(POLICY);
  const made = { kty: 'RSA-HSM', key_ops: SECURE, release_policy: { data, immutable: true } };
  assert.equal((await vault.call('CreateKey', { params, body: made })).status, 200);
  const alg = 'RSA-OAEP-256';
  const { value } = (await vault.call('securewrapkey', { params, body: { alg } })).body;
  for (const keyOps of [[...SECURE, 'unwrapKey'], ['decrypt'], ['unwrapKey', 'wrapKey']]) {
    const { status } = await vault.call('UpdateKey', { params, body: { key_ops: keyOps } });
    assert.equal(status, 400, keyOps.join());
    const body = { ...made, key_ops: [...SECURE, ...keyOps] };
    assert.equal((await vault.call('CreateKey', { params, body })).status, 400);
  }
  for (const id of ['decrypt', 'unwrapKey']) {
    const { body } = await vault.call(id, { params, body: { alg, value } });
    assert.equal(body.error.innererror.code, 'KeyOperationForbidden');
  }
});

test('an issuer that is no text is refused like any other', async () => {
  const vault = await open();
  await createExportable(vault);
  for (const iss of [5, {}, [], true]) {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const target = `${part({ alg: 'RS256' })}.${part({ iss })}.AAAA`;
    const { status, body } = await vault.call('release', { params, body: { target } });
    assert.deepEqual([status, body.error.innererror.code], [403, 'AccessDenied']);
  }
});
