import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism, getPriority } from 'node:os';
import process from 'node:process';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { loadNativeAddon } from './native-addon.ts';

const addon = loadNativeAddon();
const options = { skip: addon === undefined && 'the native addon is not built' };

/** The addon without its types: C must stand up to whatever JavaScript can pass. */
function call(name: string, ...parameters: readonly unknown[]): unknown {
  const method: unknown = addon === undefined ? undefined : Reflect.get(addon, name);
  assert.ok(typeof method === 'function');
  return Reflect.apply(method, undefined, parameters);
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
const rsaDer = rsa.privateKey.export({ format: 'der', type: 'pkcs8' });
const rsaPublicDer = rsa.publicKey.export({ format: 'der', type: 'spki' });
const ecDer = ec.privateKey.export({ format: 'der', type: 'pkcs8' });

function handles(): readonly unknown[] {
  return [
    call('gcmKey', randomBytes(32)),
    call('importPrivateKey', rsaDer),
    call('importPrivateKey', ecDer),
    call('importPublicKey', rsaPublicDer),
  ];
}

async function outcome(name: string, parameters: readonly unknown[]): Promise<unknown> {
  try {
    return await call(name, ...parameters);
  } catch (error) {
    return error;
  }
}

const NAMES = [
  'gcmKey',
  'gcmSeal',
  'gcmOpen',
  'gcmOpenText',
  'importPrivateKey',
  'importPublicKey',
  'sign',
  'signSync',
  'verify',
  'verifySync',
  'decrypt',
];

test('every function of the addon is among those whose arguments are fuzzed', options, () => {
  const exported = Object.keys(addon ?? {}).filter((name) => name !== 'interfaceVersion');
  assert.deepEqual(exported.toSorted(), NAMES.toSorted());
});

test(
  'arguments of any kind and number end in an answer or an Error, never in a crash',
  options,
  async () => {
    const kept = handles();
    const detached = new Uint8Array(40);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    const plausible = fc.oneof(
      fc.constantFrom(...kept),
      fc.constantFrom(0, 1, 2, 3, 4, 5, 256, 384, 512),
      fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(randomBytes(32), randomBytes(48), randomBytes(64), randomBytes(256)),
    );
    const strange = fc.oneof(
      fc.anything(),
      fc.constantFrom(detached, new DataView(new ArrayBuffer(9)), new Float64Array(4)),
      fc.constantFrom(new Proxy({}, {}), new SharedArrayBuffer(64), Symbol('a'), 10n, () => 0),
      fc.constantFrom(Number.NaN, -1, 1.5, Infinity, 2 ** 32, '256', Buffer.prototype),
      fc.constant(new Uint8Array(new SharedArrayBuffer(64))),
    );
    const parameters = fc.array(fc.oneof({ weight: 4, arbitrary: plausible }, strange), {
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...NAMES), parameters, async (name, list) => {
        const result = await outcome(name, list);
        const wellFormed =
          result instanceof Error ||
          result instanceof Uint8Array ||
          typeof result === 'object' ||
          ['boolean', 'string', 'undefined'].includes(typeof result);
        assert.ok(wellFormed, `${name}: ${typeof result}`);
      }),
      { numRuns: 3000 },
    );
  },
);

test(
  'a handle of one kind is not taken for the other, nor an object that looks like one',
  options,
  () => {
    const [gcm, rsaKey] = handles();
    const empty = Buffer.alloc(0);
    for (const handle of [rsaKey, {}, null, undefined, 1, { native: 'handle' }, Buffer.alloc(64)]) {
      assert.throws(() => call('gcmSeal', handle, empty, empty), TypeError);
    }
    for (const handle of [gcm, {}, null, undefined, 1, Buffer.alloc(64)]) {
      assert.throws(() => call('signSync', handle, 1, 256, randomBytes(32)), TypeError);
    }
  },
);

test('a key does only what it is for, with a digest of the right length', options, async () => {
  const [, rsaKey, ecKey, publicKey] = handles();
  const digest = randomBytes(32);
  const refused: readonly (readonly unknown[])[] = [
    ['signSync', rsaKey, 3, 256, digest],
    ['signSync', ecKey, 1, 256, digest],
    ['signSync', ecKey, 2, 256, digest],
    ['signSync', ecKey, 3, 0, digest],
    ['signSync', publicKey, 1, 256, digest],
    ['signSync', rsaKey, 1, 384, digest],
    ['signSync', rsaKey, 1, 1, randomBytes(20)],
    ['signSync', rsaKey, 2, 0, digest],
    ['signSync', rsaKey, 1, 0, Buffer.alloc(0)],
    ['signSync', rsaKey, 1, 0, randomBytes(246)],
    ['signSync', rsaKey, 4, 0, digest],
    ['signSync', rsaKey, 5, 256, digest],
    ['signSync', rsaKey, 0, 256, digest],
    ['signSync', rsaKey, 6, 256, digest],
    ['signSync', rsaKey, 1, 255, digest],
    ['decrypt', publicKey, 5, 256, randomBytes(256)],
    ['decrypt', ecKey, 5, 256, randomBytes(256)],
    ['decrypt', rsaKey, 4, 256, randomBytes(256)],
    ['decrypt', rsaKey, 5, 0, randomBytes(256)],
    ['decrypt', rsaKey, 1, 256, randomBytes(256)],
  ];
  for (const [name, ...parameters] of refused) {
    const result = await outcome(String(name), parameters);
    assert.ok(result instanceof RangeError, `${name} ${JSON.stringify(parameters.slice(1, 3))}`);
  }
});

test(
  'keys that are too small, foreign, cut short or followed by more are not taken',
  options,
  () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const edwards = generateKeyPairSync('ed25519');
    const other = generateKeyPairSync('ec', { namedCurve: 'secp224r1' });
    const bad = [small, edwards, other].map(({ privateKey }) =>
      privateKey.export({ format: 'der', type: 'pkcs8' }),
    );
    bad.push(Buffer.concat([rsaDer, Buffer.of(0)]), rsaPublicDer, Buffer.alloc(100, 0x30));
    for (const der of bad) assert.throws(() => call('importPrivateKey', der), Error);
    assert.throws(() => call('importPublicKey', rsaDer), Error);
    assert.throws(
      () => call('importPublicKey', Buffer.concat([rsaPublicDer, Buffer.of(0)])),
      Error,
    );
    assert.throws(() => call('importPrivateKey', Buffer.alloc(0)), RangeError);
    assert.throws(() => call('importPrivateKey', Buffer.alloc(8193)), RangeError);
  },
);

test('a damaged key is refused or does its work wrongly, but never crashes', options, async () => {
  for (const der of [rsaDer, ecDer]) {
    const position = fc.nat(der.length - 1);
    await fc.assert(
      fc.asyncProperty(position, fc.nat(255), fc.nat(der.length), async (at, byte, length) => {
        const damaged = Buffer.from(der);
        damaged.writeUInt8(byte, at);
        for (const candidate of [damaged, damaged.subarray(0, length)]) {
          const handle = await outcome('importPrivateKey', [candidate]);
          if (handle instanceof Error) continue;
          const scheme = der === rsaDer ? 1 : 3;
          const result = await outcome('sign', [handle, scheme, 256, randomBytes(32)]);
          assert.ok(result instanceof Error || result instanceof Uint8Array);
        }
      }),
      { numRuns: 60 },
    );
  }
});

test(
  'the digest is taken when the call is made, not when a thread gets round to it',
  options,
  async () => {
    const [, rsaKey, , publicKey] = handles();
    const digest = createHash('sha256').update('before').digest();
    const original = Buffer.from(digest);
    const signing = call('sign', rsaKey, 1, 256, digest);
    digest.fill(0);
    const signature = await signing;
    assert.equal(call('verifySync', publicKey, 1, 256, original, signature), true);
  },
);

test('a key may be collected while its operations still wait', options, async () => {
  const pending = Array.from({ length: 50 }, () => {
    const handle = call('importPrivateKey', rsaDer);
    return call('sign', handle, 2, 256, randomBytes(32));
  });
  globalThis.gc?.();
  const signatures = await Promise.all(pending);
  assert.ok(signatures.every((value) => value instanceof Uint8Array && value.length === 256));
});

test('files do not wait behind signatures', options, async () => {
  const [, , ecKey] = handles();
  let signed = 0;
  const signing = Array.from({ length: 400 }, async () => {
    await call('sign', ecKey, 3, 256, randomBytes(32));
    signed += 1;
  });
  // Several steps, each of which would queue behind all that was there before it.
  await readFile(import.meta.filename);
  assert.ok(signed < signing.length, 'all of them came first');
  await Promise.all(signing);
});

test('threads that sign rank behind all others, and are no more than processors', {
  skip:
    options.skip || (process.platform !== 'linux' && 'threads have ranks of their own on Linux'),
}, async () => {
  const [, rsaKey] = handles();
  const sign = () => call('sign', rsaKey, 1, 256, randomBytes(32));
  await Promise.all(Array.from({ length: 32 }, sign));
  const ranks = await Promise.all((await readdir('/proc/self/task')).map(rankOf));
  const last = ranks.filter((rank) => rank === 19).length;
  assert.ok(last >= 1 && last <= availableParallelism(), `${last} threads`);
  assert.ok(
    ranks.some((rank) => rank === getPriority()),
    'the serving thread keeps its rank',
  );
});

async function rankOf(thread: string): Promise<number> {
  const text = await readFile(`/proc/self/task/${thread}/stat`, 'utf8').catch(() => '');
  // The 19th field (proc_pid_stat(5)); the second may hold spaces, and ends with the last bracket.
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[16]);
}

test('a program ends when its work is done, and need not wait for it', options, () => {
  const path = new URL('../../../build/native.cjs', import.meta.url).pathname;
  const source = (end: string) => `
    const addon = require(${JSON.stringify(path)});
    const key = addon.importPrivateKey(Buffer.from('${rsaDer.toString('base64')}', 'base64'));
    const all = Array.from({ length: 40 }, () => addon.sign(key, 1, 256, Buffer.alloc(32)));
    ${end}`;
  for (const [end, printed] of [
    ['Promise.all(all).then(({ length }) => console.log(length));', '40\n'],
    ['all[0].then(() => process.exit(0));', ''],
    ['process.exit(0);', ''],
  ] as const) {
    const { status, signal, stdout } = spawnSync(process.execPath, ['-e', source(end)], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    assert.deepEqual({ status, signal, stdout }, { status: 0, signal: null, stdout: printed });
  }
});

test(
  'the addon works in several threads at once, and a thread may end amid its work',
  options,
  async () => {
    const source = `
    const { workerData, parentPort } = require('node:worker_threads');
    const addon = require(workerData.addon);
    const key = addon.importPrivateKey(workerData.der);
    for (let index = 0; index < 20; index += 1) addon.sign(key, 1, 256, Buffer.alloc(32));
    addon.sign(key, 1, 256, Buffer.alloc(32)).then((value) => parentPort.postMessage(value.length));
  `;
    const path = new URL('../../../build/native.cjs', import.meta.url).pathname;
    const workerData = { addon: path, der: rsaDer };
    const finished = [0, 1, 2].map(() => {
      const worker = new Worker(source, { eval: true, workerData });
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      worker.once('message', resolve).once('error', reject);
      return promise;
    });
    const stopped = new Worker(source, { eval: true, workerData });
    await new Promise((resolve) => stopped.once('online', resolve));
    await stopped.terminate();
    assert.deepEqual(await Promise.all(finished), [256, 256, 256]);
  },
);
