import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { before, describe, test } from 'node:test';
import {
  GROUP,
  openTestManagement,
  SUB,
  type TestManagement,
  VAULT,
} from '../management.fixture.ts';

const IDENTITY = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker`;
const MACHINE = `${GROUP}/providers/Microsoft.HybridCompute/machines/worker`;

let management: TestManagement;
before(async () => {
  management = await openTestManagement();
  await management.createVault();
  await management.send('PUT', IDENTITY, { body: { location: 'westeurope', tags: { a: '1' } } });
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const clientPublicKey = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  const machine = { location: 'westeurope', properties: { clientPublicKey } };
  await management.send('PUT', MACHINE, { body: machine });
});

async function typesIn(scope: string, filter?: string, as = management.owner) {
  const query = filter === undefined ? {} : { $filter: filter };
  const { body } = await management.send('GET', `${scope}/resources`, { query, as });
  return body.value.map(({ type }: { type: string }) => type.split('/')[1]).sort();
}

describe('the resources of a subscription', () => {
  test('are its vaults, identities and machines, without their properties', async () => {
    assert.deepEqual(await typesIn(SUB), ['machines', 'userAssignedIdentities', 'vaults']);
    assert.deepEqual(await typesIn(GROUP), await typesIn(SUB));
    const { body } = await management.send('GET', `${SUB}/resources`);
    for (const item of body.value) {
      assert.deepEqual(Object.keys(item).sort(), ['id', 'location', 'name', 'tags', 'type']);
    }
  });

  test('are found by type and name, in any case', async () => {
    const type = "resourceType eq 'microsoft.managedidentity/userassignedidentities'";
    assert.deepEqual(await typesIn(SUB, type), ['userAssignedIdentities']);
    const name = "name eq 'WORKER'";
    assert.deepEqual(await typesIn(SUB, name), ['machines', 'userAssignedIdentities']);
    assert.deepEqual(await typesIn(SUB, `${type} and ${name}`), ['userAssignedIdentities']);
    assert.deepEqual(await typesIn(SUB, `${type} and name eq 'absent'`), []);
    const wrong = { query: { $filter: "location eq 'x'" } };
    const refused = await management.send('GET', `${SUB}/resources`, wrong);
    assert.equal(refused.body.error.code, 'InvalidFilterInQueryString');
  });

  test('are those that the caller may read, each for itself', async () => {
    const caller = await management.newPrincipal();
    assert.deepEqual(await typesIn(SUB, undefined, caller), []);
    await management.assign(caller.objectId, 'Managed Identity Operator', GROUP);
    assert.deepEqual(await typesIn(SUB, undefined, caller), ['userAssignedIdentities']);
    await management.assign(caller.objectId, 'Reader', MACHINE);
    assert.deepEqual(await typesIn(SUB, undefined, caller), ['machines', 'userAssignedIdentities']);
    await management.assign(caller.objectId, 'Reader', VAULT);
    assert.equal((await typesIn(SUB, undefined, caller)).length, 3);
  });
});
