import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { GraphCaller } from '../graph-caller.fixture.ts';

const BAD = [400, 'Request_BadRequest'];

let admin: GraphCaller;
before(async () => {
  admin = await GraphCaller.administrator();
});

const trust = (name: string, more: object = {}) => ({
  name,
  issuer: 'https://issuer.test',
  subject: name,
  audiences: ['api://AzureADTokenExchange'],
  ...more,
});

async function application() {
  const { id } = await admin.createApplication('workload');
  return `/applications/${id}/federatedIdentityCredentials`;
}

describe('federated credentials of an application', () => {
  test('that are changed at once do not undo each other: what was removed stays away', async () => {
    const path = await application();
    const old = await admin.create(path, trust('old'));
    const kept = await admin.create(path, trust('kept'));
    const answers = await Promise.all([
      admin.delete(`${path}/${old.id}`),
      admin.post(path, trust('new')),
      admin.patch(`${path}/${kept.id}`, { subject: 'other' }),
    ]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [204, 201, 204],
    );
    const left = (await admin.get(path)).items.map(({ name, subject }) => `${name}/${subject}`);
    assert.deepEqual(new Set(left), new Set(['new/new', 'kept/other']));
  });

  test('are shown to every reader, so that no private key is taken with them', async () => {
    const path = await application();
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const secret = { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'a' }] };
    assert.deepEqual((await admin.post(path, trust('secret', { jwks: secret }))).refusal, BAD);
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'a' }] };
    const made = await admin.create(path, trust('public', { jwks }));
    const changed = await admin.patch(`${path}/${made.id}`, { jwks: secret });
    assert.deepEqual(changed.refusal, BAD);
  });
});
