import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { encodeBase64Url } from '#kernel';
import { keyFileSeal } from './key-file-seal.ts';

const CONFIG = { kind: 'key' } as const;

describe('a key file', () => {
  let directory = '';
  let path = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'strongroom-'));
    path = join(directory, 'keys', 'root.key');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function refused(message: RegExp) {
    return { name: 'StorageError', code: 'root_key_refused', message };
  }

  test('is made at the first start: 32 random bytes that only the owner can read', async () => {
    const { rootKey, config } = await keyFileSeal(path).create();
    assert.deepEqual(config, CONFIG);
    assert.equal(rootKey.byteLength, 32);
    assert.equal(readFileSync(path, 'utf8'), `${encodeBase64Url(rootKey)}\n`);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(join(directory, 'keys')).mode & 0o777, 0o700);
    const other = await keyFileSeal(join(directory, 'other.key')).create();
    assert.notDeepEqual(other.rootKey, rootKey);
  });

  test('yields the same key at every later start', async () => {
    const { rootKey } = await keyFileSeal(path).create();
    assert.deepEqual(await keyFileSeal(path).rootKey(CONFIG), rootKey);
  });

  test('that is there already is used and never overwritten', async () => {
    const { rootKey } = await keyFileSeal(path).create();
    assert.deepEqual((await keyFileSeal(path).create()).rootKey, rootKey);
  });

  test('is not made for a store that was sealed with one: its absence is an error', async () => {
    await assert.rejects(keyFileSeal(path).rootKey(CONFIG), refused(/does not exist/));
    assert.ok(!existsSync(path));
  });

  test('that group or others can reach in any way is refused', async () => {
    await keyFileSeal(path).create();
    for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o777]) {
      chmodSync(path, mode);
      await assert.rejects(keyFileSeal(path).rootKey(CONFIG), refused(/run chmod 600/));
      await assert.rejects(keyFileSeal(path).create(), refused(/run chmod 600/));
    }
    chmodSync(path, 0o400);
    await keyFileSeal(path).rootKey(CONFIG);
  });

  test('behind a link is judged by the file, not by the link', async () => {
    await keyFileSeal(path).create();
    const link = join(directory, 'link');
    symlinkSync(path, link);
    await keyFileSeal(link).rootKey(CONFIG);
    chmodSync(path, 0o644);
    await assert.rejects(keyFileSeal(link).rootKey(CONFIG), refused(/run chmod 600/));
  });

  test('with anything but one key in it is refused, and not repeated', async () => {
    mkdirSync(join(directory, 'keys'));
    const good = encodeBase64Url(new Uint8Array(32).fill(9));
    const contents = ['', '\n', good.slice(1), `${good}A`, `${good}\n\n`, ` ${good}`, `${good}=`];
    for (const content of [...contents, 'not base64url!', 'x'.repeat(10_000)]) {
      writeFileSync(path, content, { mode: 0o600 });
      await assert.rejects(keyFileSeal(path).rootKey(CONFIG), ({ message }) => {
        assert.match(message, /is not 32 bytes in base64url/);
        assert.ok(!message.includes(good.slice(1)));
        return true;
      });
      await assert.rejects(keyFileSeal(path).create(), refused(/is not 32 bytes/));
    }
    for (const content of [good, `${good}\n`, `${good}\r\n`]) {
      writeFileSync(path, content);
      assert.equal((await keyFileSeal(path).rootKey(CONFIG))[0], 9);
    }
  });

  test('that is a directory is refused', async () => {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    await assert.rejects(
      keyFileSeal(path).rootKey(CONFIG),
      refused(/is not a file|cannot be opened/),
    );
  });
});
