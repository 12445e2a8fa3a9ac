import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { decodeBase64Url } from '#kernel';
import { passphraseSeal } from './passphrase-seal.ts';
import { parseSealConfig } from './seal.ts';

const PASSPHRASE = 'correct horse battery';
const QUICK = { costLog2: 10 };

describe('a passphrase', () => {
  test('yields one key with one configuration, and another with another', async () => {
    const { rootKey, config } = await passphraseSeal(PASSPHRASE, QUICK).create();
    assert.equal(rootKey.byteLength, 32);
    assert.deepEqual(await passphraseSeal(PASSPHRASE).rootKey(config), rootKey);
    const again = await passphraseSeal(PASSPHRASE, QUICK).create();
    assert.notDeepEqual(again.rootKey, rootKey, 'the salt is new each time');
  });

  test('one letter off yields another key', async () => {
    const { rootKey, config } = await passphraseSeal(PASSPHRASE, QUICK).create();
    assert.notDeepEqual(await passphraseSeal(`${PASSPHRASE} `).rootKey(config), rootKey);
    assert.notDeepEqual(await passphraseSeal('Correct horse battery').rootKey(config), rootKey);
  });

  test('is derived by scrypt as the configuration says, by default with 128 MiB', async () => {
    const { rootKey, config } = await passphraseSeal(PASSPHRASE).create();
    assert.ok(config.kind === 'passphrase');
    const { salt, ...rest } = config;
    assert.deepEqual(rest, {
      kind: 'passphrase',
      derivation: 'scrypt',
      costLog2: 17,
      blockSize: 8,
      parallelization: 1,
    });
    const saltBytes = decodeBase64Url(salt);
    assert.equal(saltBytes?.byteLength, 32);
    const settings = { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 };
    assert.deepEqual(scryptSync(PASSPHRASE, saltBytes ?? '', 32, settings), rootKey);
  });

  test('is the same however the keyboard composes its letters', async () => {
    const { rootKey, config } = await passphraseSeal('p\u00e4ssphrase 12', QUICK).create();
    assert.deepEqual(await passphraseSeal('pa\u0308ssphrase 12').rootKey(config), rootKey);
  });

  test('too short for a new store is refused, without repeating it', async () => {
    await assert.rejects(passphraseSeal('elevenchars', QUICK).create(), ({ code, message }) => {
      assert.equal(code, 'root_key_refused');
      assert.ok(!message.includes('elevenchars'));
      return true;
    });
  });

  test('with a forged configuration that would take all memory is refused unread', () => {
    const good = {
      kind: 'passphrase',
      derivation: 'scrypt',
      costLog2: 17,
      blockSize: 8,
      parallelization: 1,
      salt: 'A'.repeat(43),
    };
    assert.deepEqual(parseSealConfig(JSON.stringify(good)), good);
    const forged = [
      { costLog2: 40 },
      { costLog2: 9 },
      { costLog2: 17.5 },
      { blockSize: 1024 },
      { parallelization: 1e9 },
      { salt: '' },
      { salt: 'A'.repeat(1000) },
      { salt: '!!' },
      { derivation: 'none' },
      { kind: 'key' },
      { more: 1 },
    ];
    for (const each of forged) {
      const text = JSON.stringify({ ...good, ...each });
      assert.throws(() => parseSealConfig(text), { name: 'StorageDamaged' }, text);
    }
    for (const text of ['', '{', 'null', '[]', '{}', '{"kind":"none"}', '{"kind":"key","a":1}']) {
      assert.throws(() => parseSealConfig(text), { name: 'StorageDamaged' }, text);
    }
  });
});
