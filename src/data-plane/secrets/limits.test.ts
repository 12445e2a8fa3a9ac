// What a secret may look like: each limit at its edge and beyond, and bodies meant to do harm.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openTestVault, type TestVault } from '../vault.fixture.ts';

const params = { name: 'db' };

const tags = (count: number, key = 'k', value = 'v') =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${key}${i}`, value]));

const accepted: Record<string, object> = {
  'an empty value': { value: '' },
  '25,600 bytes': { value: 'x'.repeat(25_600) },
  '25,600 bytes in longer characters': { value: 'é'.repeat(12_800) },
  'a content type of 255': { value: '', contentType: 'x'.repeat(255) },
  '15 tags': { value: '', tags: tags(15) },
  'tags of 256 characters': { value: '', tags: { ['k'.repeat(256)]: 'v'.repeat(256) } },
  'unicode tags': { value: '', tags: { 'clé🔑': 'värde' } },
  'everything null that may be': { value: '', contentType: null, tags: null, attributes: null },
  'properties the caller cannot set': {
    value: '',
    id: 'x',
    managed: true,
    attributes: { created: 1, updated: 'x', recoveryLevel: 'Purgeable', recoverableDays: 1 },
  },
};

const refused: Record<string, unknown> = {
  'no body': undefined,
  'no object': [],
  'no value': {},
  'null value': { value: null },
  'a value that is not text': { value: 1 },
  '25,601 bytes': { value: 'x'.repeat(25_601) },
  '25,601 bytes in fewer characters': { value: `${'é'.repeat(12_800)}x` },
  'half a surrogate pair': { value: 'a\ud800' },
  'a content type of 256': { value: '', contentType: 'x'.repeat(256) },
  'a content type that is not text': { value: '', contentType: {} },
  '16 tags': { value: '', tags: tags(16) },
  'a tag name of 257': { value: '', tags: { ['k'.repeat(257)]: '' } },
  'a tag value of 257': { value: '', tags: { k: 'v'.repeat(257) } },
  'a tag that is not text': { value: '', tags: { k: 1 } },
  'tags as a list': { value: '', tags: ['a'] },
  'enabled as text': { value: '', attributes: { enabled: 'true' } },
  'exp as text': { value: '', attributes: { exp: '1' } },
  'exp with a fraction': { value: '', attributes: { exp: 1.5 } },
  'nbf before 1970': { value: '', attributes: { nbf: -1 } },
  'exp beyond the year 9999': { value: '', attributes: { exp: 253_402_300_800 } },
};

for (const [what, body] of Object.entries(accepted)) {
  test(`a secret may have ${what}`, async () => {
    const vault = await openTestVault();
    const answer = await vault.call('SetSecret', { params, body });
    assert.equal(answer.status, 200);
    const got = await vault.call('GetSecret', { params });
    assert.deepEqual(got.body, answer.body);
    assert.equal(got.body.managed, undefined);
    assert.equal(got.body.attributes.recoverableDays, 90);
  });
}

for (const [what, body] of Object.entries(refused)) {
  test(`a secret may not have ${what}`, async () => {
    const vault = await openTestVault();
    const { status, body: answer } = await vault.call('SetSecret', { params, body });
    assert.deepEqual([status, answer.error.code], [400, 'BadParameter']);
    assert.equal((await vault.call('GetSecret', { params })).status, 404, 'nothing was kept');
  });
}

test('a refusal names the property and never the value', async () => {
  const vault = await openTestVault();
  const body = { value: `hunter2${'x'.repeat(25_600)}`, attributes: { exp: 'hunter2' } };
  const { message } = (await vault.call('SetSecret', { params, body })).body.error;
  assert.equal(
    message,
    'Property value has invalid value\r\nProperty attributes.exp has invalid value\r\n',
  );
});

test('__proto__ and constructor in a body change nothing but themselves', async () => {
  const vault = await openTestVault();
  const send = (json: string) => vault.call('SetSecret', { params, json });
  const polluted = await send('{"value":"1","tags":{"__proto__":"x"}}');
  assert.equal(polluted.status, 400);
  const nested = await send('{"value":"1","tags":{"__proto__":{"polluted":"yes"}}}');
  assert.equal(nested.status, 400);
  const outside = await send(
    '{"value":"1","__proto__":{"contentType":"x"},"attributes":{"__proto__":{"exp":5}}}',
  );
  assert.equal(outside.status, 200);
  assert.equal(outside.body.contentType, undefined);
  assert.equal(outside.body.attributes.exp, undefined);
  const named = await send('{"value":"1","tags":{"constructor":"a","toString":"b"}}');
  assert.deepEqual(named.body.tags, { constructor: 'a', toString: 'b' });
  assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
});

test('any text within the limits comes back unchanged', async () => {
  const vault = await openTestVault();
  const text = fc.string({ unit: 'binary', maxLength: 200 });
  const property = fc.asyncProperty(text, async (value) => {
    await vault.call('SetSecret', { params, body: { value } });
    assert.equal((await vault.call('GetSecret', { params })).body.value, value);
  });
  await fc.assert(property, { numRuns: 100 });
});

const everyOperationOnAName = async (vault: TestVault, name: string) => {
  const of = vault.plane.operations.filter(({ path }) => path.includes('{secret-name}'));
  const body = { value: 'x' };
  return Promise.all(of.map(({ id }) => vault.call(id, { params: { name }, body })));
};

test('a name of 127 letters, digits and hyphens is a name', async () => {
  const vault = await openTestVault();
  for (const name of ['a'.repeat(127), '0', '-', 'A-b-9', 'versions', 'restore', 'constructor']) {
    const answer = await vault.call('SetSecret', { params: { name }, body: { value: name } });
    assert.equal(answer.status, 200);
    assert.equal((await vault.call('GetSecret', { params: { name } })).body.value, name);
  }
});

test('any other name is invalid in every operation, before access is decided', async () => {
  const vault = await openTestVault();
  const bad = [
    ...['a'.repeat(128), 'a_b', 'a.b', 'a b', 'é', 'ａ', '..', '.', 'a/b', '../keys/x', 'a\\b'],
    ...['a\0', 'a\n', '__proto__', 'a%2Fb', 'a?b', 'key!@#$'],
  ];
  for (const name of bad) {
    for (const { status, body } of await everyOperationOnAName(vault, name)) {
      assert.equal(status, 400, name);
      const message = `The request URI contains an invalid name: ${name}`;
      assert.deepEqual(body.error, { code: 'BadParameter', message });
    }
  }
});
