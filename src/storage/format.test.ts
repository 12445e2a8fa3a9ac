// Stores that an earlier release wrote must open for ever. The fixtures are never made anew: if
// this fails, it is the program that has to change.
import assert from 'node:assert/strict';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeBase64Url } from '#kernel';
import { keyFileSeal } from './barrier/key-file-seal.ts';
import { passphraseSeal } from './barrier/passphrase-seal.ts';
import { sqlitePhysical } from './physical/sqlite.ts';
import { openOver, put, viewOf } from './storage.fixture.ts';

const FIXTURES = fileURLToPath(new URL('../../test/fixtures/storage-v1/', import.meta.url));

describe('a store of format version 1', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'strongroom-'));
    cpSync(FIXTURES, directory, { recursive: true });
    // A checkout gives everyone the right to read.
    chmodSync(join(directory, 'key-file', 'root.key'), 0o600);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const withKeyFile = () => {
    const physical = sqlitePhysical({ directory: join(directory, 'key-file') });
    return openOver(physical, { seal: keyFileSeal(join(directory, 'key-file', 'root.key')) });
  };

  test('opens with its key file, and every record of every term is there', async () => {
    const { storage, view, physical } = await withKeyFile();
    assert.deepEqual(await view.scan({ prefix: '', limit: 10 }), [
      {
        path: 'secrets/first',
        value: { value: 'sealed under term 1', tags: { note: 'ünïcode 🔑' } },
      },
      { path: 'secrets/replaced', value: { value: 'sealed under term 2' } },
    ]);
    assert.equal(await view.get('secrets/deleted'), undefined);
    assert.deepEqual(await viewOf(storage, 'tenant/5b1e/').get('users/1'), [
      'array',
      1.5,
      null,
      true,
    ]);
    assert.equal(storage.term, 2);
    const changes = (await physical.changesSince(0)) ?? [];
    assert.deepEqual(
      changes.filter(({ key }) => !key.startsWith('!')).map(({ key, value }) => [key, !!value]),
      [
        ['vault/7d3c/secrets/first', true],
        ['vault/7d3c/secrets/replaced', true],
        ['tenant/5b1e/users/1', true],
        ['vault/7d3c/secrets/deleted', false],
      ],
    );
    await storage.close();
  });

  test('goes on being written to', async () => {
    const first = await withKeyFile();
    await put(first.view, 'secrets/new', { value: 'new' });
    assert.equal(await first.storage.rotateRecordKey(), 3);
    await first.storage.close();
    const second = await withKeyFile();
    assert.deepEqual(await second.view.get('secrets/new'), { value: 'new' });
    assert.equal((await second.view.scan({ prefix: '', limit: 10 })).length, 3);
    await second.storage.close();
  });

  test('opens the blobs that it gave out', async () => {
    const { storage } = await withKeyFile();
    const lines = readFileSync(join(FIXTURES, 'key-file', 'blobs.txt'), 'utf8')
      .trim()
      .split('\n');
    const opened = lines.map((line) => {
      const plaintext = storage.openBlob('backup/first', decodeBase64Url(line) ?? Buffer.alloc(0));
      return plaintext && Buffer.from(plaintext).toString();
    });
    assert.deepEqual(opened, ['blob of term 1', 'blob of term 2']);
    await storage.close();
  });

  test('opens with its passphrase', async () => {
    const physical = sqlitePhysical({ directory: join(directory, 'passphrase') });
    const seal = passphraseSeal('fixture passphrase');
    const { storage, view } = await openOver(physical, { seal });
    assert.deepEqual(await view.get('secrets/first'), { value: 'behind a passphrase' });
    await storage.close();
  });
});
