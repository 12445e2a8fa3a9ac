// A served instance with its HSM keys in the token, over the wire as any client speaks. The cases
// build on each other: the same vault is served with the token, without it, and with it again.
import assert from 'node:assert/strict';
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  verify,
  X509Certificate,
} from 'node:crypto';
import { rmSync } from 'node:fs';
import { exportPkcs8, generateKey, selfSignCertificate, writePem } from '#cryptography';
import { z } from '#kernel';
import type { Caller } from '#test/kit/caller.ts';
import { createVault, vaultScope } from '#test/kit/estate.ts';
import { type Instance, startInstance, temporaryDirectory } from '#test/kit/instance.ts';
import { type HsmCase, type HsmPlace, hsmFlags } from './suite.ts';

const KEY = z.object({
  key: z.looseObject({
    kid: z.string(),
    kty: z.string(),
    n: z.string().optional(),
    e: z.string().optional(),
  }),
  attributes: z.looseObject({ hsmPlatform: z.string() }),
});
const ERROR = z.object({ error: z.object({ code: z.string() }) });
const VALUE = z.object({ value: z.string() });
const MESSAGE = Buffer.from('what is signed');
const DIGEST = createHash('sha256').update(MESSAGE).digest('base64url');

type Key = z.infer<typeof KEY>;

class Served {
  readonly #place: HsmPlace;
  readonly #dataDirectory = temporaryDirectory();
  #instance: Instance | undefined;
  #vault = '';

  constructor(place: HsmPlace) {
    this.#place = place;
  }

  async start(flags: readonly string[]): Promise<void> {
    await this.#instance?.stop();
    const { environment } = this.#place.hsm;
    const dataDirectory = this.#dataDirectory;
    this.#instance = await startInstance({ dataDirectory, flags, environment });
  }

  async makeVault(): Promise<void> {
    const { owner } = this;
    const sku = { family: 'A', name: 'premium' };
    this.#vault = await createVault(owner, { model: 'policy', properties: { sku } });
    const { tenantId } = owner.endpoints;
    const entry = {
      tenantId,
      objectId: owner.objectId,
      permissions: { keys: ['all', 'purge'], certificates: ['all'] },
    };
    const answer = await owner.arm({
      method: 'PUT',
      path: `${vaultScope(owner, this.#vault)}/accessPolicies/add`,
      json: { properties: { accessPolicies: [entry] } },
    });
    answer.expect(200, 201);
  }

  get owner(): Caller {
    if (this.#instance === undefined) throw new Error('nothing is served');
    return this.#instance.owner;
  }

  send(method: string, path: string, json?: unknown) {
    return this.owner.vault(this.#vault, { method, path, json, apiVersion: '2026-04-01' });
  }

  async make(name: string, json: object): Promise<Key> {
    return (await this.send('POST', `/keys/${name}/create`, json)).expect(200).read(KEY);
  }

  async makeCertificate(name: string, key_props: object): Promise<void> {
    const policy = { key_props, x509_props: { subject: 'CN=a' }, issuer: { name: 'Self' } };
    (await this.send('POST', `/certificates/${name}/create`, { policy })).expect(202);
    for (;;) {
      const pending = await this.send('GET', `/certificates/${name}/pending`);
      const { status } = pending.expect(200).read(z.object({ status: z.string() }));
      if (status === 'completed') return;
      assert.equal(status, 'inProgress', pending.text);
    }
  }

  async use(name: string, operation: string, json: object): Promise<string> {
    const answer = await this.send('POST', `/keys/${name}/${operation}`, json);
    return answer.expect(200).read(VALUE).value;
  }

  async end(): Promise<void> {
    const exit = await this.#instance?.stop();
    rmSync(this.#dataDirectory, { recursive: true, force: true });
    assert.deepEqual(exit, { code: 0, signal: null });
  }
}

async function requireSignature(served: Served, name: string, { key }: Key): Promise<void> {
  const signature = await served.use(name, 'sign', { alg: 'PS256', value: DIGEST });
  const { n = '', e = '' } = key;
  const publicKey = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
  const checked = { key: publicKey, padding: 6, saltLength: 32 };
  assert.ok(verify('sha256', MESSAGE, checked, Buffer.from(signature, 'base64url')));
}

/** The token has the key of the certificate: what it signs, the certificate verifies. */
async function requireCertificateKey(served: Served, name: string): Promise<void> {
  const { key, attributes } = (await served.send('GET', `/keys/${name}`)).expect(200).read(KEY);
  assert.equal(attributes.hsmPlatform, '1');
  const alg = key.kty === 'RSA-HSM' ? 'RS256' : 'ES256';
  const signature = Buffer.from(
    await served.use(name, 'sign', { alg, value: DIGEST }),
    'base64url',
  );
  const answer = await served.send('GET', `/certificates/${name}`);
  const { cer } = answer.expect(200).read(z.object({ cer: z.string() }));
  const { publicKey } = new X509Certificate(Buffer.from(cer, 'base64'));
  const checked = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
  assert.ok(verify('sha256', MESSAGE, checked, signature));
}

export function servedCases(place: HsmPlace): readonly HsmCase[] {
  const served = new Served(place);
  const keys = new Map<string, Key>();
  const keyOf = (name: string): Key => keys.get(name) ?? assert.fail(`no key ${name}`);
  const signWith = (name: string) =>
    served.send('POST', `/keys/${name}/sign`, { alg: 'PS256', value: DIGEST });
  const make = async (name: string, json: object) => keys.set(name, await served.make(name, json));
  return [
    {
      name: 'served: HSM keys of a Premium vault are the token’s, and say so',
      run: async () => {
        await served.start(hsmFlags(place));
        await served.makeVault();
        await make('held', { kty: 'RSA-HSM' });
        await make('soft', { kty: 'RSA' });
        assert.equal(keyOf('held').attributes.hsmPlatform, '1');
        assert.equal(keyOf('soft').attributes.hsmPlatform, '0');
        await requireSignature(served, 'held', keyOf('held'));
      },
    },
    {
      name: 'served: wrap and unwrap, encrypt and decrypt with keys of the token',
      run: async () => {
        await make('aes', { kty: 'oct-HSM', key_size: 256 });
        const secret = Buffer.alloc(32, 7).toString('base64url');
        for (const [name, alg] of [
          ['held', 'RSA-OAEP'],
          ['aes', 'A256KW'],
        ] as const) {
          const wrapped = await served.use(name, 'wrapkey', { alg, value: secret });
          assert.equal(await served.use(name, 'unwrapkey', { alg, value: wrapped }), secret);
        }
      },
    },
    {
      name: 'served: an imported key is used in the token',
      run: async () => {
        const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
        const key = { ...privateKey.export({ format: 'jwk' }), kty: 'RSA-HSM' };
        const answer = await served.send('PUT', '/keys/imported', { key });
        keys.set('imported', answer.expect(200).read(KEY));
        assert.equal(keyOf('imported').attributes.hsmPlatform, '1');
        await requireSignature(served, 'imported', keyOf('imported'));
      },
    },
    {
      name: 'served: a rotated key is new in the token, and its old version still decrypts',
      run: async () => {
        const value = Buffer.from('before').toString('base64url');
        const sealed = await served.use('held', 'encrypt', { alg: 'RSA-OAEP', value });
        const before = keyOf('held');
        const rotated = await served.send('POST', '/keys/held/rotate');
        keys.set('held', rotated.expect(200).read(KEY));
        assert.notEqual(keyOf('held').key.n, before.key.n);
        const version = before.key.kid.split('/').at(-1);
        const opened = await served.use(`held/${version}`, 'decrypt', {
          ...{ alg: 'RSA-OAEP', value: sealed },
        });
        assert.equal(opened, value);
      },
    },
    {
      name: 'served: a key comes back from its backup',
      run: async () => {
        const blob = await served.use('imported', 'backup', {});
        (await served.send('DELETE', '/keys/imported')).expect(200);
        (await served.send('DELETE', '/deletedkeys/imported')).expect(204);
        (await served.send('POST', '/keys/restore', { value: blob })).expect(200);
        await requireSignature(served, 'imported', keyOf('imported'));
      },
    },
    {
      name: 'served: a certificate’s key is made in the token and signs the certificate',
      run: async () => {
        for (const kty of ['RSA-HSM', 'EC-HSM']) {
          await served.makeCertificate(kty, { kty, exportable: false });
          await requireCertificateKey(served, kty);
        }
      },
    },
    {
      name: 'served: an imported certificate’s key is used in the token',
      run: async () => {
        const key = await generateKey({ kty: 'RSA', sizeBits: 2048 });
        const notBeforeMs = Math.floor(Date.now() / 1000) * 1000;
        const times = { notBeforeMs, notAfterMs: notBeforeMs + 86_400_000 };
        const profile = { subject: 'CN=brought' };
        const certificate = await selfSignCertificate({ profile, key, ...times });
        const value = writePem({ privateKey: exportPkcs8(key), certificates: [certificate] });
        const policy = { key_props: { kty: 'RSA-HSM', exportable: false } };
        const json = { value, policy };
        (await served.send('POST', '/certificates/brought/import', json)).expect(200);
        await requireCertificateKey(served, 'brought');
      },
    },
    {
      name: 'served: while the token is away its keys answer 503, and all else goes on',
      run: async () => {
        place.hsm.takeAway();
        try {
          const refused = await served.send('POST', '/keys/more/create', { kty: 'RSA-HSM' });
          assert.equal(refused.status, 503);
          assert.equal(refused.headers['retry-after'], '1');
          assert.equal(refused.read(ERROR).error.code, 'ServiceUnavailable');
          assert.doesNotMatch(refused.text, /CKR_|token|strongroom/);
          assert.equal((await signWith('held')).status, 503);
          (await served.send('GET', '/keys/held')).expect(200);
          await requireSignature(served, 'soft', keyOf('soft'));
        } finally {
          place.hsm.bringBack();
        }
      },
    },
    {
      name: 'served: when the token is back its keys work, and nobody restarted anything',
      run: async () => {
        while ((await signWith('held')).status === 503);
        await requireSignature(served, 'held', keyOf('held'));
      },
    },
    {
      name: 'served: without the token its keys do nothing, and software’s still work',
      run: async () => {
        await served.start([]);
        const refused = await signWith('held');
        assert.equal(refused.status, 500);
        assert.doesNotMatch(refused.text, /pkcs11|HSM/);
        (await served.send('GET', '/keys/held')).expect(200);
        await requireSignature(served, 'soft', keyOf('soft'));
      },
    },
    {
      name: 'served: with the token again, its keys work as before',
      run: async () => {
        await served.start(hsmFlags(place));
        await requireSignature(served, 'held', keyOf('held'));
        await served.end();
      },
    },
  ];
}
