import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { FakeProvider } from './agent.fixture.ts';

const QUESTION = { resource: 'https://vault.example' };
const REFUSED = { error: 'invalid_request', error_description: 'Identity not found' };

async function tokenOf(provider: FakeProvider, question = QUESTION, revoked?: string) {
  const answer = await provider.tokens.get(question, revoked);
  return answer.kind === 'token' ? answer.token.access_token : answer.kind;
}

describe('a token that the agent has', () => {
  test('serves the same question for five minutes, then the agent asks again', async () => {
    const provider = new FakeProvider();
    assert.equal(await tokenOf(provider), 'token-1');
    provider.clock.advance(299_000);
    assert.equal(await tokenOf(provider), 'token-1');
    provider.clock.advance(1_000);
    assert.equal(await tokenOf(provider), 'token-2');
  });

  test('serves no other question', async () => {
    const provider = new FakeProvider();
    await tokenOf(provider);
    for (const question of [
      { resource: 'https://graph.example' },
      { ...QUESTION, clientId: 'a' },
      { ...QUESTION, objectId: 'a' },
      { ...QUESTION, resourceId: 'a' },
      { ...QUESTION, capabilities: 'cp1' },
    ]) {
      assert.notEqual(await tokenOf(provider, question), 'token-1', JSON.stringify(question));
    }
  });

  test('is asked for once, however many programs wait for it', async () => {
    const provider = new FakeProvider();
    const all = await Promise.all(Array.from({ length: 20 }, () => tokenOf(provider)));
    assert.equal(new Set(all).size, 1);
    assert.equal(provider.asked.length, 1);
  });

  test('serves while nobody answers upstream, until a minute before its end', async () => {
    const provider = new FakeProvider();
    await tokenOf(provider);
    provider.answer = { kind: 'unreachable', cause: 'down' };
    provider.clock.advance(3_539_000);
    assert.equal(await tokenOf(provider), 'token-1');
    provider.clock.advance(1_000);
    assert.equal(await tokenOf(provider), 'unreachable');
  });

  test('is forgotten when the identity provider says no', async () => {
    const provider = new FakeProvider();
    await tokenOf(provider);
    provider.clock.advance(300_000);
    provider.answer = { kind: 'refused', status: 400, body: REFUSED };
    assert.equal(await tokenOf(provider), 'refused');
    provider.answer = { kind: 'unreachable', cause: 'down' };
    assert.equal(await tokenOf(provider), 'unreachable');
  });

  test('does not come again once a program says that it was refused', async () => {
    const provider = new FakeProvider();
    await tokenOf(provider);
    const revoked = createHash('sha256').update('token-1').digest('hex');
    assert.equal(await tokenOf(provider, QUESTION, 'other'), 'token-1');
    assert.equal(await tokenOf(provider, QUESTION, revoked.toUpperCase()), 'token-2');
  });

  test('is asked for beside at most 31 others; who comes later may try again', async () => {
    const provider = new FakeProvider();
    const asked = Array.from({ length: 40 }, (_, n) => tokenOf(provider, { resource: `r${n}` }));
    const answers = await Promise.all(asked);
    assert.equal(answers.filter((one) => one === 'unreachable').length, 8);
    assert.equal(provider.asked.length, 32);
    assert.notEqual(await tokenOf(provider, { resource: 'r39' }), 'unreachable');
  });

  test('is one of at most a thousand', async () => {
    const provider = new FakeProvider();
    for (let n = 0; n <= 1000; n += 1) await tokenOf(provider, { resource: `r${n}` });
    assert.equal(await tokenOf(provider, { resource: 'r1000' }), 'token-1001');
    assert.equal(await tokenOf(provider, { resource: 'r0' }), 'token-1002');
  });
});
