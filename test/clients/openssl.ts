// OpenSSL's command line against the keys of a vault: what one signs the other verifies, what one
// seals the other opens, and a key that it made works in the vault.
import { deepStrictEqual, strictEqual } from 'node:assert';
import { createHash, createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from '#kernel';
import { Caller } from '#test/kit/caller.ts';
import { run } from '#test/kit/children.ts';
import { folderForThisRun } from '#test/kit/run-folders.ts';
import type { ClientCase, ClientSuite, Place } from './suite.ts';

const KEY = z.object({ key: z.record(z.string(), z.unknown()) });
const RESULT = z.object({ value: z.string() });
const VERDICT = z.object({ value: z.boolean() });
const DATA = Buffer.from('what both have to agree on');

const RSA_PADDINGS = {
  RS256: ['-pkeyopt', 'rsa_padding_mode:pkcs1'],
  PS256: ['-pkeyopt', 'rsa_padding_mode:pss', '-pkeyopt', 'rsa_pss_saltlen:digest'],
} as const;
const SEALS = {
  'RSA-OAEP': ['-pkeyopt', 'rsa_padding_mode:oaep'],
  'RSA-OAEP-256': ['-pkeyopt', 'rsa_padding_mode:oaep', '-pkeyopt', 'rsa_oaep_md:sha256'],
  RSA1_5: ['-pkeyopt', 'rsa_padding_mode:pkcs1'],
} as const;

export const openssl: ClientSuite = {
  name: 'OpenSSL',
  async prepare(place) {
    const version = await run('openssl', ['version'], { limitMs: 10_000 }).catch(() => undefined);
    if (version?.code !== 0) return { unavailable: 'there is no openssl here' };
    const folder = folderForThisRun();
    return cases(new Bench(place, folder));
  },
};

function cases(bench: Bench): ClientCase[] {
  return [
    { name: 'RSA signatures verify on either side', run: () => rsaSignatures(bench) },
    { name: 'RSA ciphertexts open in the vault', run: () => rsaSeals(bench) },
    { name: 'ECDSA signatures verify on either side', run: () => ecSignatures(bench) },
    { name: 'a key from genpkey works in the vault', run: () => imported(bench) },
  ];
}

/** The vault on one side, files for the command line on the other. */
class Bench {
  readonly #caller: Caller;
  readonly #vault: string;
  readonly #folder: string;

  constructor({ instance, clientId, clientSecret, vaultUrl }: Place, folder: string) {
    this.#caller = new Caller(instance.owner.endpoints, { clientId, clientSecret, objectId: '' });
    this.#vault = new URL(vaultUrl).hostname.split('.')[0] ?? '';
    this.#folder = folder;
  }

  async post(path: string, json: object, method = 'POST') {
    const answer = await this.#caller.vault(this.#vault, { method, path, json });
    return answer.expect(200);
  }

  /** Writes a file for the command line. Gives its path. */
  file(name: string, content?: Buffer | string): string {
    const path = join(this.#folder, name);
    if (content !== undefined) writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  /** Makes a key in the vault, and a PEM file of its public part. */
  async create(name: string, body: object): Promise<string> {
    const { key } = (await this.post(`/keys/${name}/create`, body)).read(KEY);
    const crv = key.crv === 'P-256K' ? { crv: 'secp256k1' } : {};
    const pem = createPublicKey({ key: { ...key, ...crv }, format: 'jwk' });
    return this.file(`${name}.pem`, pem.export({ format: 'pem', type: 'spki' }));
  }

  async openssl(...parameters: readonly string[]): Promise<void> {
    const { code, stderr } = await run('openssl', parameters, { limitMs: 60_000 });
    strictEqual(code, 0, stderr);
  }
}

const digestOf = (bits = 256) => createHash(`sha${bits}`).update(DATA).digest();
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

async function rsaSignatures(bench: Bench): Promise<void> {
  const pem = await bench.create('ossl-rsa', { kty: 'RSA', key_size: 2048 });
  const digest = digestOf();
  const digestFile = bench.file('digest', digest);
  for (const [alg, padding] of Object.entries(RSA_PADDINGS)) {
    const signed = await bench.post('/keys/ossl-rsa//sign', { alg, value: text(digest) });
    const signature = Buffer.from(signed.read(RESULT).value, 'base64url');
    const signatureFile = bench.file('signature', signature);
    await bench.openssl(
      ...['pkeyutl', '-verify', '-pubin', '-inkey', pem, '-in', digestFile],
      ...['-sigfile', signatureFile, '-pkeyopt', 'digest:sha256', ...padding],
    );
  }
}

async function rsaSeals(bench: Bench): Promise<void> {
  const pem = await bench.create('ossl-seal', { kty: 'RSA', key_size: 3072 });
  const plain = randomBytes(64);
  const plainFile = bench.file('plain', plain);
  for (const [alg, padding] of Object.entries(SEALS)) {
    const sealedFile = bench.file('sealed');
    await bench.openssl(
      ...['pkeyutl', '-encrypt', '-pubin', '-inkey', pem, '-in', plainFile],
      ...['-out', sealedFile, ...padding],
    );
    const value = text(readFileSync(sealedFile));
    const opened = await bench.post('/keys/ossl-seal//decrypt', { alg, value });
    deepStrictEqual(Buffer.from(opened.read(RESULT).value, 'base64url'), plain);
  }
}

const CURVES = [
  ['P-256', 'ES256', 256],
  ['P-256K', 'ES256K', 256],
  ['P-384', 'ES384', 384],
  ['P-521', 'ES512', 512],
] as const;

async function ecSignatures(bench: Bench): Promise<void> {
  for (const [crv, alg, bits] of CURVES) {
    const name = `ossl-${crv}`;
    const pem = await bench.create(name, { kty: 'EC', crv });
    const digest = digestOf(bits);
    const signed = await bench.post(`/keys/${name}//sign`, { alg, value: text(digest) });
    const joined = Buffer.from(signed.read(RESULT).value, 'base64url');
    const signatureFile = bench.file('signature', derOf(joined));
    await bench.openssl(
      ...['pkeyutl', '-verify', '-pubin', '-inkey', pem],
      ...['-in', bench.file('digest', digest), '-sigfile', signatureFile],
    );
  }
}

async function imported(bench: Bench): Promise<void> {
  const pem = bench.file('made.pem');
  await bench.openssl(
    'genpkey',
    '-algorithm',
    'RSA',
    '-pkeyopt',
    'rsa_keygen_bits:2048',
    '-out',
    pem,
  );
  const key = createPrivateKey(readFileSync(pem)).export({ format: 'jwk' });
  await bench.post('/keys/ossl-made', { key }, 'PUT');
  const digest = digestOf();
  const digestFile = bench.file('digest', digest);
  const signatureFile = bench.file('signature');
  await bench.openssl(
    ...['pkeyutl', '-sign', '-inkey', pem, '-in', digestFile, '-out', signatureFile],
    ...['-pkeyopt', 'digest:sha256', ...RSA_PADDINGS.PS256],
  );
  const signature = readFileSync(signatureFile);
  const verify = { alg: 'PS256', digest: text(digest), value: text(signature) };
  const verdict = await bench.post('/keys/ossl-made//verify', verify);
  strictEqual(verdict.read(VERDICT).value, true);
}

/** r ‖ s → DER: two integers in a sequence. */
function derOf(joined: Buffer): Buffer {
  const half = joined.length / 2;
  const integers = [joined.subarray(0, half), joined.subarray(half)].map((bytes) => {
    const start = bytes.findIndex((byte) => byte !== 0);
    const short = bytes.subarray(start < 0 ? half - 1 : start);
    const positive = (short[0] ?? 0) > 127 ? Buffer.concat([Buffer.of(0), short]) : short;
    return Buffer.concat([Buffer.of(2, positive.length), positive]);
  });
  const body = Buffer.concat(integers);
  const length = body.length > 127 ? [0x81, body.length] : [body.length];
  return Buffer.concat([Buffer.of(0x30, ...length), body]);
}
