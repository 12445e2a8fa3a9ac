import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decidePasswordStrength,
  generatePassword,
  hashPassword,
  verifyPassword,
} from './user-password.ts';

test('a password is kept as salted argon2id and verified', async () => {
  const [one, two] = await Promise.all([
    hashPassword('Some-Words-7'),
    hashPassword('Some-Words-7'),
  ]);
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$=]+\$[^$=]+$/);
  assert.notEqual(one, two);
  assert.equal(await verifyPassword(one, 'Some-Words-7'), true);
  assert.equal(await verifyPassword(one, 'some-words-7'), false);
  assert.equal(await verifyPassword(one, ''), false);
});

test('no user and a damaged hash verify nothing', async () => {
  for (const phc of [undefined, '', 'plain', '$argon2i$v=19$m=8,t=1,p=1$AAAAAAAA$AAAA']) {
    assert.equal(await verifyPassword(phc, ''), false);
    assert.equal(await verifyPassword(phc, 'plain'), false);
  }
});

test('weak passwords and the user’s own name are refused', () => {
  for (const weak of ['Short-7', 'alllowercase', 'lowerUPPERonly', `Aa1-${'x'.repeat(256)}`]) {
    assert.equal(decidePasswordStrength(weak, 'ann@t.test'), false, weak);
  }
  assert.equal(decidePasswordStrength('Margaret-2026', 'margaret@t.test'), false);
  assert.equal(decidePasswordStrength('Correct-Horse-7', 'margaret@t.test'), true);
});

test('generated passwords are strong and differ', () => {
  const made = Array.from({ length: 50 }, generatePassword);
  assert.equal(new Set(made).size, 50);
  assert.ok(made.every((password) => decidePasswordStrength(password, '')));
});
