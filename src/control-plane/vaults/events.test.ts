import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemGrant } from '#authorization';
import { recordVaultEvent } from '#resources';
import { vaultPartition } from '#storage';
import { openTestManagement, type TestManagement, VAULT } from '../management.fixture.ts';

const EVENTS = `${VAULT}/providers/Strongroom.Events/events`;

async function withEvents(count: number): Promise<TestManagement> {
  const arm = await openTestManagement();
  await arm.createVault();
  const uid = arm.resources.vault('contoso')?.uid ?? '';
  const view = arm.storage.view(systemGrant(vaultPartition(uid), 'test'));
  await view.transact(async (transaction) => {
    for (let i = 0; i < count; i++) {
      const event = { noun: 'Key', kind: 'NearExpiry', version: 'v', exp: 5 } as const;
      recordVaultEvent(transaction, { ...event, time: 1000 + i, objectName: `k${i}` });
    }
  });
  return arm;
}

test('events come in Event Grid’s schema', async () => {
  const arm = await withEvents(1);
  const { status, body } = await arm.send('GET', EVENTS);
  assert.equal(status, 200);
  const [{ id, ...event }] = body.value;
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.deepEqual(event, {
    topic: VAULT,
    subject: 'k0',
    eventType: 'Microsoft.KeyVault.KeyNearExpiry',
    eventTime: '1970-01-01T00:16:40.000Z',
    data: {
      Id: 'https://contoso.vault.example:8443/keys/k0/v',
      VaultName: 'contoso',
      ObjectType: 'Key',
      ObjectName: 'k0',
      Version: 'v',
      NBF: null,
      EXP: 5,
    },
    dataVersion: '1',
    metadataVersion: '1',
  });
});

test('pages of events follow each other by their links', async () => {
  const arm = await withEvents(5);
  const seen: string[] = [];
  let url = `${EVENTS}?$top=2`;
  for (let i = 0; i < 3; i++) {
    const { pathname, searchParams } = new URL(url, 'https://management.example:8443');
    const query = Object.fromEntries(searchParams);
    const { body } = await arm.send('GET', pathname, { query });
    seen.push(...body.value.map(({ subject }: { subject: string }) => subject));
    url = body.nextLink;
  }
  assert.deepEqual(seen, ['k4', 'k3', 'k2', 'k1', 'k0']);
  assert.equal(url, undefined);
});

test('a page token that nobody gave out is refused', async () => {
  const arm = await withEvents(1);
  for (const text of ['x', '../../secrets/live/db', '000000000001/../x']) {
    const query = { $skiptoken: Buffer.from(text).toString('base64url') };
    const { status, body } = await arm.send('GET', EVENTS, { query });
    assert.deepEqual([status, body.error.code], [400, 'BadRequest'], text);
  }
});

test('who may read secrets but nothing with the vault reads no events', async () => {
  const arm = await withEvents(1);
  const outsider = await arm.newPrincipal();
  await arm.assign(outsider.objectId, 'Key Vault Secrets User', VAULT);
  assert.equal((await arm.send('GET', EVENTS, { as: outsider })).status, 403);
  const reader = await arm.newPrincipal();
  await arm.assign(reader.objectId, 'Reader', VAULT);
  assert.equal((await arm.send('GET', EVENTS, { as: reader })).status, 200);
});

test('a vault that is not there has no events', async () => {
  const arm = await withEvents(0);
  const { status, body } = await arm.send('GET', EVENTS.replace('contoso', 'other-vault'));
  assert.deepEqual([status, body.error.code], [404, 'ResourceNotFound']);
});
