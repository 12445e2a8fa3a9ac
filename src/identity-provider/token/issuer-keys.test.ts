import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { ManualClock } from '#kernel';
import { IssuerKeys } from './issuer-keys.ts';

const ISSUER = 'https://issuer.example';
const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one' };

/** An issuer that counts how often it is asked for its configuration. */
function issuer(isUp: () => boolean) {
  const clock = new ManualClock();
  const seen = { asked: 0 };
  const keys = new IssuerKeys(async (url) => {
    if (!url.endsWith('/keys')) seen.asked += 1;
    if (!isUp()) throw new Error('down');
    return url.endsWith('/keys') ? { keys: [jwk] } : { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` };
  }, clock);
  const find = (kid: string) => keys.find(ISSUER, { uploaded: undefined, kid });
  return { clock, seen, find };
}

test('many assertions at once ask the issuer once', async () => {
  const { seen, find } = issuer(() => true);
  await Promise.all(Array.from({ length: 50 }, () => find('one')));
  assert.equal(seen.asked, 1);
});

test('a failure is remembered for a minute, then the issuer is asked again', async () => {
  let isUp = false;
  const { clock, seen, find } = issuer(() => isUp);
  await assert.rejects(find('one'), /down/);
  isUp = true;
  await assert.rejects(find('one'), /down/);
  assert.equal(seen.asked, 1);
  clock.advance(60_000);
  await find('one');
  assert.equal(seen.asked, 2);
});

test('an unknown key asks again at most once a minute, a known one not for an hour', async () => {
  const { clock, seen, find } = issuer(() => true);
  await find('one');
  await assert.rejects(find('two'), /no such key/);
  assert.equal(seen.asked, 1);
  clock.advance(61_000);
  await find('one');
  assert.equal(seen.asked, 1);
  await assert.rejects(find('two'), /no such key/);
  assert.equal(seen.asked, 2);
  clock.advance(3_600_000);
  await find('one');
  assert.equal(seen.asked, 3);
});

test('an issuer without https is never asked', async () => {
  const { seen } = issuer(() => true);
  const keys = new IssuerKeys(async () => assert.fail('asked'), new ManualClock());
  const options = { uploaded: undefined, kid: 'one' };
  await assert.rejects(keys.find('http://issuer.example', options), /https only/);
  assert.equal(seen.asked, 0);
});
