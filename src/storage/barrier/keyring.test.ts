import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '#kernel';
import { memoryPhysical } from '../physical/memory.ts';
import type { Physical } from '../physical/physical.ts';
import { bytesAt, overwrite, shared, testSeal } from '../storage.fixture.ts';
import { environmentSeal } from './environment-seal.ts';
import { KEYRING_KEY, Keyring } from './keyring.ts';
import { passphraseSeal } from './passphrase-seal.ts';

const clock = new ManualClock();

function open(physical: Physical, parts: { seal?: number; perTerm?: number; per?: number } = {}) {
  return Keyring.open({
    physical,
    clock,
    seal: testSeal(parts.seal),
    ...(parts.perTerm && { sealsPerTerm: parts.perTerm }),
    ...(parts.per && { sealsPerReservation: parts.per }),
  });
}

/** Seals a word and answers how to open it with another keyring. */
function sealWord(keyring: Keyring): (other: Keyring) => string | undefined {
  const { term, cipher } = keyring.forSealing();
  const sealed = cipher.seal(Buffer.from('word'), new Uint8Array(0));
  return (other) => other.cipher(term)?.open(sealed, new Uint8Array(0))?.toString();
}

function nothing(): undefined {
  return undefined;
}

describe('a keyring', () => {
  test('begins with term 1 in an empty store, and is the same when opened again', async () => {
    const physical = memoryPhysical();
    const first = await open(physical);
    assert.equal(first.term, 1);
    const openWord = sealWord(first);
    const second = await open(physical);
    assert.equal(second.term, 1);
    assert.equal(openWord(second), 'word');
  });

  test('does not open with another root key, and nothing is changed by trying', async () => {
    const physical = memoryPhysical();
    await open(physical);
    const before = await physical.get(KEYRING_KEY);
    const refused = { name: 'StorageError', code: 'wrong_root_key', message: /root key does not/ };
    await assert.rejects(open(physical, { seal: 2 }), refused);
    assert.deepEqual(await physical.get(KEYRING_KEY), before);
    await open(physical);
  });

  test('says which kind of seal is wanted', async () => {
    const withKey = memoryPhysical();
    await open(withKey);
    const passphrase = passphraseSeal('correct horse battery', { costLog2: 10 });
    const refused = { code: 'root_key_refused', message: /sealed with a key, but a passphrase/ };
    await assert.rejects(Keyring.open({ physical: withKey, clock, seal: passphrase }), refused);
    const withPassphrase = memoryPhysical();
    await Keyring.open({ physical: withPassphrase, clock, seal: passphrase });
    await assert.rejects(open(withPassphrase), {
      code: 'root_key_refused',
      message: /sealed with a passphrase, but a key/,
    });
  });

  test('shows nothing of its keys to who reads the database', async () => {
    const physical = memoryPhysical();
    await open(physical);
    const bytes = Buffer.from(await bytesAt(physical, KEYRING_KEY));
    assert.deepEqual([...bytes.subarray(0, 5)], [1, 0, 0, 0, 14]);
    const text = bytes.toString('latin1', 5);
    assert.ok(text.startsWith('{"kind":"key"}'));
    assert.ok(!text.includes('terms'));
  });

  test('does not open if any byte of it was changed, its seal configuration included', async () => {
    const physical = memoryPhysical();
    await open(physical);
    const good = await bytesAt(physical, KEYRING_KEY);
    for (let index = 0; index < good.byteLength; index += 1) {
      const changed = Uint8Array.from(good);
      changed[index] = (changed[index] ?? 0) ^ 0x01;
      await overwrite(physical, KEYRING_KEY, changed);
      await assert.rejects(open(physical), { name: /^Storage/ }, `byte ${index}`);
    }
    for (let length = 0; length < good.byteLength; length += 1) {
      await overwrite(physical, KEYRING_KEY, good.subarray(0, length));
      await assert.rejects(open(physical), { name: /^Storage/ }, `${length} bytes`);
    }
    await overwrite(physical, KEYRING_KEY, good);
    await open(physical);
  });

  test('of a later format is refused as such', async () => {
    const physical = memoryPhysical();
    await overwrite(physical, KEYRING_KEY, Uint8Array.of(2, 0, 0, 0, 0, 0));
    await assert.rejects(open(physical), { code: 'newer_format' });
  });

  test('is not begun anew where there are records: a deleted keyring is damage', async () => {
    const physical = memoryPhysical();
    await open(physical);
    await overwrite(physical, 'vault/1/a', Uint8Array.of(1));
    await overwrite(physical, KEYRING_KEY, undefined);
    const refused = { name: 'StorageDamaged', message: /its keyring is gone/ };
    await assert.rejects(open(physical), refused);
    assert.equal(await physical.get(KEYRING_KEY), undefined);
  });

  test('of a store that may only be read is opened without a write, and never begun', async () => {
    const backend = memoryPhysical();
    const readOnly: Physical = {
      ...shared(backend),
      isReadOnly: true,
      commit: () => assert.fail('a write'),
    };
    await assert.rejects(open(readOnly), { code: 'unreadable' });
    const openWord = sealWord(await open(backend));
    assert.equal(openWord(await open(readOnly)), 'word');
  });

  test('is not made where no root key can be had', async () => {
    const physical = memoryPhysical();
    const seal = environmentSeal('too short');
    await assert.rejects(Keyring.open({ physical, clock, seal }), { code: 'root_key_refused' });
    assert.equal(await physical.get(KEYRING_KEY), undefined);
  });
});

describe('rotation of the record key', () => {
  test('gives new seals a new key, and leaves the old ones readable, for good', async () => {
    const physical = memoryPhysical();
    const keyring = await open(physical);
    const words = [sealWord(keyring)];
    for (const expected of [2, 3]) {
      assert.equal(await keyring.rotate(), expected);
      assert.equal(keyring.forSealing().term, expected);
      words.push(sealWord(keyring));
    }
    for (const each of [keyring, await open(physical)]) {
      assert.equal(each.term, 3);
      assert.deepEqual(
        words.map((openWord) => openWord(each)),
        ['word', 'word', 'word'],
      );
    }
  });

  test('makes a key of its own for each term', async () => {
    const keyring = await open(memoryPhysical());
    const sealed = keyring.forSealing().cipher.seal(Buffer.from('x'), new Uint8Array(0));
    await keyring.rotate();
    assert.equal(keyring.forSealing().cipher.open(sealed, new Uint8Array(0)), undefined);
    assert.equal(keyring.cipher(3), undefined);
    assert.equal(keyring.cipher(0), undefined);
  });

  test('asked for twice at once happens twice, in order', async () => {
    const keyring = await open(memoryPhysical());
    await Promise.all([keyring.rotate(), keyring.rotate()]);
    assert.equal(keyring.term, 3);
  });

  test('does not overwrite what somebody else made of the keyring', async () => {
    const physical = memoryPhysical();
    const keyring = await open(physical);
    const other = await open(physical);
    await other.rotate();
    await assert.rejects(keyring.rotate(), { code: 'conflict' });
    assert.equal(keyring.term, 1);
    assert.equal((await open(physical)).term, 2);
  });
});

describe('rewrapping to another root key', () => {
  test('locks the old root key out and keeps every record readable', async () => {
    const physical = memoryPhysical();
    const keyring = await open(physical);
    const openWord = sealWord(keyring);
    await keyring.rewrap(testSeal(2));
    await assert.rejects(open(physical), { code: 'wrong_root_key' });
    const again = await open(physical, { seal: 2 });
    assert.equal(openWord(again), 'word');
  });

  test('holds for what is saved later as well', async () => {
    const physical = memoryPhysical();
    const keyring = await open(physical);
    await keyring.rewrap(testSeal(2));
    await keyring.rotate();
    await assert.rejects(open(physical), { code: 'wrong_root_key' });
    assert.equal((await open(physical, { seal: 2 })).term, 2);
  });

  test('leads from a key to a passphrase and back', async () => {
    const physical = memoryPhysical();
    const passphrase = passphraseSeal('correct horse battery', { costLog2: 10 });
    const keyring = await open(physical);
    const openWord = sealWord(keyring);
    await keyring.rewrap(passphrase);
    const second = await Keyring.open({ physical, clock, seal: passphrase });
    await second.rewrap(testSeal());
    assert.equal(openWord(await open(physical)), 'word');
  });

  test('to a seal without a key leaves the old root key in force', async () => {
    const physical = memoryPhysical();
    const keyring = await open(physical);
    await assert.rejects(keyring.rewrap(environmentSeal('')), { code: 'root_key_refused' });
    await keyring.rotate();
    await open(physical);
  });
});

describe('the count of seals', () => {
  /** How often the term's key sealed before the next term began. */
  async function sealsBeforeRotation(physical: Physical): Promise<number> {
    const keyring = await open(physical, { per: 10, perTerm: 100 });
    const { term } = keyring;
    for (let seals = 0; ; seals += 1) {
      if (keyring.forSealing().term !== term) return seals;
      await keyring.settled();
    }
  }

  test('begins a new term before the key has sealed as often as it may', async () => {
    const seals = await sealsBeforeRotation(memoryPhysical());
    assert.ok(seals > 80 && seals <= 100, `${seals}`);
  });

  test('goes on over restarts, and counts too much rather than too little', async () => {
    const physical = memoryPhysical();
    let terms = 0;
    for (let start = 0; start < 30; start += 1) {
      const keyring = await open(physical, { per: 10, perTerm: 100 });
      sealWord(keyring);
      terms = keyring.term;
    }
    assert.equal(terms, 3, 'each start writes off ten seals');
  });

  test('goes on after rotation and rewrapping', async () => {
    const keyring = await open(memoryPhysical(), { per: 10, perTerm: 100 });
    for (let seals = 0; seals < 500; seals += 1) {
      keyring.forSealing();
      await keyring.settled();
      if (seals % 50 === 0) await keyring.rewrap(testSeal(2));
    }
    assert.ok(keyring.term >= 5 && keyring.term <= 7, `${keyring.term}`);
  });

  test('that cannot be written off refuses to seal, and tries again', async () => {
    const physical = memoryPhysical();
    let broken = false;
    const failing: Physical = {
      get: (key) => physical.get(key),
      scan: (range) => physical.scan(range),
      changesSince: (sequence) => physical.changesSince(sequence),
      subscribe: nothing,
      close: () => physical.close(),
      commit: (commit) =>
        broken ? Promise.reject(new Error('the disk is full')) : physical.commit(commit),
    };
    const keyring = await open(failing, { per: 10 });
    broken = true;
    /** Long enough for everything that was begun in memory to end. */
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const seal = async (): Promise<void> => {
      keyring.forSealing();
      await turn();
    };
    for (let seals = 0; seals < 10; seals += 1) await seal();
    await assert.rejects(seal(), { code: 'write_failed' });
    await turn();
    broken = false;
    await assert.rejects(seal(), { code: 'write_failed' }, 'this one asks for more');
    await turn();
    for (let seals = 0; seals < 50; seals += 1) await seal();
  });
});
