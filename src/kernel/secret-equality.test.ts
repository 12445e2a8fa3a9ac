import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSameSecret } from './secret-equality.ts';

const bytes = (text: string) => Buffer.from(text);

test('secrets are the same if every byte is', () => {
  assert.equal(isSameSecret(bytes('secret'), bytes('secret')), true);
  assert.equal(isSameSecret(bytes(''), bytes('')), true);
  for (const other of ['', 's', 'secre', 'secrets', 'Secret', 'secreu', 'tercse']) {
    assert.equal(isSameSecret(bytes('secret'), bytes(other)), false, other);
    assert.equal(isSameSecret(bytes(other), bytes('secret')), false, other);
  }
});
