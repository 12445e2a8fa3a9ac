import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { ManualClock } from '#kernel';
import { memoryPhysical } from '../physical/memory.ts';
import { testSeal } from '../storage.fixture.ts';
import {
  BLOB,
  type EnvelopeKind,
  openEnvelope,
  openEnvelopeText,
  RECORD,
  readEnvelope,
  sealEnvelope,
} from './envelope.ts';
import { Keyring } from './keyring.ts';

describe('an envelope', () => {
  let keyring: Keyring;
  beforeEach(async () => {
    const physical = memoryPhysical();
    keyring = await Keyring.open({ physical, seal: testSeal(), clock: new ManualClock() });
  });

  function seal(place: string, text: string, kind: EnvelopeKind = RECORD): Uint8Array {
    return sealEnvelope(keyring, { kind, place, plaintext: Buffer.from(text) });
  }

  function open(place: string, bytes: Uint8Array, kind: EnvelopeKind = RECORD): string | undefined {
    const envelope = readEnvelope(keyring, { kind, place, bytes });
    return envelope && openEnvelope(envelope)?.toString();
  }

  test('is the format, the term, the IV, the ciphertext and the tag, in this order', () => {
    const bytes = seal('a', 'hello');
    assert.equal(bytes.byteLength, 1 + 4 + 12 + 5 + 16);
    assert.deepEqual([...bytes.subarray(0, 5)], [0x01, 0, 0, 0, 1]);
    assert.equal(seal('a', 'x', BLOB)[0], 0x81);
    assert.equal(bytes.byteLength, bytes.buffer.byteLength, 'no memory of others goes along');
  });

  test('opens to what was sealed, as bytes and as text', () => {
    for (const text of ['', 'x', 'ünïcode 🔑', 'y'.repeat(100_000)]) {
      const bytes = seal('a/b', text);
      assert.equal(open('a/b', bytes), text);
      const envelope = readEnvelope(keyring, { kind: RECORD, place: 'a/b', bytes });
      assert.equal(envelope && openEnvelopeText(envelope), text);
    }
  });

  test('opens from the middle of a larger buffer', () => {
    const bytes = seal('a', 'inside');
    const larger = new Uint8Array(bytes.byteLength + 14);
    larger.set(bytes, 7);
    assert.equal(open('a', larger.subarray(7, 7 + bytes.byteLength)), 'inside');
  });

  test('never looks the same twice', () => {
    assert.notDeepEqual(seal('a', 'same'), seal('a', 'same'));
  });

  test('does not show what is in it', () => {
    assert.ok(!Buffer.from(seal('a', 'the secret value')).includes('secret'));
  });

  test('does not open if any bit of it was changed', () => {
    const bytes = seal('a', 'hello');
    for (let index = 0; index < bytes.byteLength * 8; index += 1) {
      const changed = Uint8Array.from(bytes);
      changed[index >> 3] = (changed[index >> 3] ?? 0) ^ (1 << (index & 7));
      assert.equal(open('a', changed), undefined, `bit ${index}`);
    }
  });

  test('does not open if it was cut short or made longer', () => {
    const bytes = seal('a', 'hello');
    for (let length = 0; length < bytes.byteLength; length += 1) {
      assert.equal(open('a', bytes.subarray(0, length)), undefined, `${length} bytes`);
    }
    assert.equal(open('a', Uint8Array.from([...bytes, 0])), undefined);
  });

  test('opens at its own place only', () => {
    const bytes = seal('vault/1/secrets/a', 'hello');
    for (const place of ['vault/1/secrets/b', 'vault/2/secrets/a', 'vault/1/secrets/a/', '']) {
      assert.equal(open(place, bytes), undefined, place);
    }
  });

  test('of one kind does not open as the other, even with its first byte changed', () => {
    const record = seal('a', 'hello', RECORD);
    assert.equal(open('a', record, BLOB), undefined);
    record[0] = BLOB.format;
    assert.equal(open('a', record, BLOB), undefined);
  });

  test('does not open under another store, even at the same place', async () => {
    const bytes = seal('a', 'hello');
    const physical = memoryPhysical();
    keyring = await Keyring.open({ physical, seal: testSeal(), clock: new ManualClock() });
    assert.equal(open('a', bytes), undefined);
  });
});
