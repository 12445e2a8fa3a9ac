import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeBase64Url } from '#kernel';
import { environmentSeal } from './environment-seal.ts';

const KEY = new Uint8Array(32).fill(7);

describe('a root key from the environment', () => {
  test('is its 32 bytes, for a new store and for an old one', async () => {
    const seal = environmentSeal(encodeBase64Url(KEY));
    const { rootKey, config } = await seal.create();
    assert.deepEqual(new Uint8Array(rootKey), KEY);
    assert.deepEqual(new Uint8Array(await seal.rootKey(config)), KEY);
  });

  test('of another length or alphabet is refused, without repeating it', async () => {
    const good = encodeBase64Url(KEY);
    const short = encodeBase64Url(KEY.subarray(1));
    const long = encodeBase64Url(new Uint8Array(33));
    const standard = Buffer.alloc(32, 0xff).toString('base64');
    for (const value of ['', short, long, standard, `${good}\n`, `${good}=`, 'a'.repeat(43)]) {
      for (const attempt of [
        environmentSeal(value).create(),
        environmentSeal(value).rootKey({ kind: 'key' }),
      ]) {
        await assert.rejects(attempt, ({ code, message }) => {
          assert.equal(code, 'root_key_refused');
          assert.ok(value === '' || !message.includes(value));
          return true;
        });
      }
    }
  });
});
