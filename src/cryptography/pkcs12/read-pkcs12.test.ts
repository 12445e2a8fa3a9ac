import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { generateKey } from '../generate-key.ts';
import { exportPkcs8 } from '../key-material.ts';
import { selfSignCertificate } from '../x509/issue.ts';
import { isPem, readPem, writePem } from './pem.ts';
import { Pkcs12Error, type Pkcs12ErrorCode } from './pkcs12-error.ts';
import { readPkcs12 } from './read-pkcs12.ts';
import { writePkcs12 } from './write-pkcs12.ts';

const folder = new URL('../../../test/vectors/pkcs12/', import.meta.url);
const read = (name: string) => readFileSync(new URL(`${name}.p12`, folder));
const GNUTLS = 'Red Hat Enterprise Linux 7.4';

/** File, password, private keys, certificates. */
const READABLE: readonly (readonly [string, string | undefined, number, number])[] = [
  ['boringssl-empty_password', '', 1, 1],
  ['boringssl-empty_password', undefined, 1, 1],
  ['boringssl-empty_password_ber', undefined, 1, 1],
  ['boringssl-null_password', '', 1, 1],
  ['boringssl-no_encryption', 'foo', 1, 1],
  ['boringssl-openssl', 'foo', 1, 1],
  ['boringssl-pbes2_sha1', 'foo', 1, 1],
  ['boringssl-pbes2_sha256', 'foo', 1, 1],
  ['boringssl-windows', 'foo', 1, 1],
  ['boringssl-unicode_password', 'Hello, 世界', 1, 1],
  ['botan-cert-rc2-key-3des', 'cryptography', 1, 1],
  ['botan-cert-key-aes256cbc', 'cryptography', 1, 1],
  ['botan-no-cert-key-aes256cbc', 'cryptography', 1, 0],
  ['botan-name-all-pwd', 'password', 1, 3],
  ['botan-java-truststore', undefined, 0, 2],
  ['botan-key_bag_unencrypted', undefined, 1, 1],
  ['botan-safe_contents_bag_nested', undefined, 0, 1],
  ['gnutls-mac-sha512', GNUTLS, 1, 1],
  ['gnutls-no-salt', GNUTLS, 1, 1],
  ['gnutls-pbmac1_256_256.good', '1234', 1, 1],
  ['gnutls-pkcs12_5certs', '1234', 1, 5],
];

const REFUSED: readonly (readonly [string, string | undefined, Pkcs12ErrorCode])[] = [
  ['boringssl-bad1', undefined, 'malformed'],
  ['boringssl-bad2', undefined, 'malformed'],
  ['boringssl-bad3', undefined, 'malformed'],
  ['boringssl-openssl', 'bar', 'password'],
  ['boringssl-openssl', undefined, 'password'],
  ['botan-envelopeddata_content', undefined, 'unsupported'],
  ['botan-nesting_too_deep', undefined, 'tooMuch'],
  ['gnutls-gost01', 'Пароль для PFX', 'unsupported'],
  ['gnutls-pbmac1_256_256.truncated-mac', '1234', 'password'],
];

function assertCode(code: Pkcs12ErrorCode) {
  return (error: unknown) => {
    assert.ok(error instanceof Pkcs12Error, String(error));
    assert.equal(error.code, code);
    return true;
  };
}

describe('files of other makers', () => {
  for (const [name, password, keys, certificates] of READABLE) {
    const how = password === undefined ? 'no password' : `“${password}”`;
    test(`${name} opens with ${how}`, async () => {
      const content = await readPkcs12(read(name), password);
      assert.equal(content.privateKeys.length, keys);
      assert.equal(content.certificates.length, certificates);
      for (const key of content.privateKeys) {
        assert.ok(createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
      }
      for (const certificate of content.certificates) assert.ok(new X509Certificate(certificate));
    });
  }

  for (const [name, password, code] of REFUSED) {
    test(`${name} is refused: ${code}`, async () => {
      await assert.rejects(readPkcs12(read(name), password), assertCode(code));
    });
  }
});

async function ownFile() {
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  const nowMs = Date.UTC(2026, 0, 1);
  const certificate = await selfSignCertificate({
    profile: { subject: 'CN=a' },
    ...{ key, notBeforeMs: nowMs, notAfterMs: nowMs + 86_400_000 },
  });
  return { privateKey: exportPkcs8(key), certificates: [certificate] };
}

describe('a PFX of our own', () => {
  test('opens with no password and with an empty one, and with no other', async () => {
    const own = await ownFile();
    const file = await writePkcs12(own);
    for (const password of [undefined, '']) {
      const content = await readPkcs12(file, password);
      assert.deepEqual(content.privateKeys, [own.privateKey]);
      assert.deepEqual(content.certificates, own.certificates);
    }
    await assert.rejects(readPkcs12(file, 'x'), assertCode('password'));
  });

  test('is noticed to be changed or cut short, wherever that is', async () => {
    const file = await writePkcs12(await ownFile());
    for (let at = 0; at < file.length; at += 7) {
      const changed = Buffer.from(file);
      changed[at] = (changed[at] ?? 0) ^ 0x55;
      await assert.rejects(readPkcs12(changed, undefined), Pkcs12Error, `at ${at}`);
      await assert.rejects(readPkcs12(file.subarray(0, at), undefined), Pkcs12Error);
    }
    const longer = Buffer.concat([file, Buffer.of(1)]);
    await assert.rejects(readPkcs12(longer, undefined), assertCode('malformed'));
  });

  test('that asks for endless work, or is endless, is refused at once', async () => {
    const file = await writePkcs12(await ownFile());
    // The iterations of the MAC are the last byte of the file; an own one says 2^24.
    const many = Buffer.from('020401000000', 'hex');
    const dear = Buffer.concat([file.subarray(0, file.length - 3), many]);
    // Three bytes longer: outer sequence and MAC sequence.
    dear.writeUInt16BE(dear.readUInt16BE(2) + 3, 2);
    const mac = dear.lastIndexOf(Buffer.from('3030302130', 'hex'));
    dear.writeUInt8(0x33, mac + 1);
    await assert.rejects(readPkcs12(dear, undefined), assertCode('tooMuch'));
    await assert.rejects(readPkcs12(Buffer.alloc(300_000, 0x30), undefined), assertCode('tooMuch'));
  });
});

describe('PEM', () => {
  test('reads what it wrote, the key first', async () => {
    const own = await ownFile();
    const text = writePem(own);
    assert.ok(isPem(text));
    const content = await readPem(text, undefined);
    assert.deepEqual(content.privateKeys, [own.privateKey]);
    assert.deepEqual(content.certificates, own.certificates);
  });

  test('reads PKCS#1, SEC1 and encrypted keys as OpenSSL writes them', async () => {
    const rsa = await generateKey({ kty: 'RSA', sizeBits: 2048 });
    const ec = await generateKey({ kty: 'EC', crv: 'P-384' });
    const open = (pkcs8: Buffer) => createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    const [rsaKey, ecKey] = [open(exportPkcs8(rsa)), open(exportPkcs8(ec))];
    const secret = { cipher: 'aes-256-cbc', passphrase: 'sesame' };
    const texts: [string, Buffer][] = [
      [rsaKey.export({ format: 'pem', type: 'pkcs1' }).toString(), exportPkcs8(rsa)],
      [ecKey.export({ format: 'pem', type: 'sec1' }).toString(), exportPkcs8(ec)],
      [rsaKey.export({ format: 'pem', type: 'pkcs8', ...secret }).toString(), exportPkcs8(rsa)],
      [rsaKey.export({ format: 'pem', type: 'pkcs1', ...secret }).toString(), exportPkcs8(rsa)],
    ];
    for (const [text, expected] of texts) {
      const { privateKeys } = await readPem(text, 'sesame');
      assert.deepEqual(privateKeys, [expected]);
      if (!text.includes('ENCRYPTED')) continue;
      await assert.rejects(readPem(text, 'wrong'), assertCode('password'));
      await assert.rejects(readPem(text, undefined), assertCode('password'));
    }
  });

  test('refuses what is cut short, not base64, of another kind, or too long', async () => {
    const text = writePem(await ownFile());
    const refused: [string, Pkcs12ErrorCode][] = [
      [text.slice(0, -10), 'malformed'],
      [text.replace('MI', '%%'), 'malformed'],
      [text.replace('END PRIVATE', 'END PUBLIC'), 'malformed'],
      [text.replaceAll('PRIVATE KEY', 'DSA PRIVATE KEY'), 'unsupported'],
      ['-----BEGIN X-----', 'malformed'],
      [text + ' '.repeat(400_000), 'tooMuch'],
    ];
    for (const [given, code] of refused) {
      await assert.rejects(readPem(given, undefined), assertCode(code), given.slice(0, 40));
    }
  });
});
