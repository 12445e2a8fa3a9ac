import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import type { Principal } from '#kernel';
import { GROUP, openTestManagement, SUB, SUBSCRIPTION, TENANT } from '../management.fixture.ts';
import { saveMachine } from './machine-store.ts';

const TYPE = 'providers/Microsoft.HybridCompute/machines';
const MACHINE = `${GROUP}/${TYPE}/web-1`;
const IDENTITIES = 'providers/Microsoft.ManagedIdentity/userAssignedIdentities';
const IDENTITY = `${GROUP}/${IDENTITIES}/worker`;
const SYSTEM = { type: 'SystemAssigned' };

function newKey(): string {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
}

function bodyOf(clientPublicKey: string, identity: unknown = SYSTEM) {
  return { location: 'westeurope', identity, properties: { clientPublicKey, osType: 'linux' } };
}

function userAssigned(...ids: readonly string[]) {
  const userAssignedIdentities = Object.fromEntries(ids.map((id) => [id, {}]));
  return { type: 'UserAssigned', userAssignedIdentities };
}

async function open() {
  const management = await openTestManagement();
  const { send } = management;
  await send('PUT', GROUP, { body: { location: 'westeurope' } });
  const made = await send('PUT', IDENTITY, { body: { location: 'westeurope' } });
  const { principalId, clientId } = made.body.properties;
  const key = newKey();
  const put = (identity: unknown = SYSTEM, as?: Principal) =>
    send('PUT', MACHINE, { body: bodyOf(key, identity), ...(as && { as }) });
  return { ...management, key, put, worker: { principalId, clientId } };
}

describe('a machine', () => {
  test('is registered with its agent’s key and an identity of its own', async () => {
    const { put, send, directory, key } = await open();
    const made = await put();
    assert.equal(made.status, 201);
    const { principalId } = made.body.identity;
    assert.deepEqual(made.body.identity, { ...SYSTEM, principalId, tenantId: TENANT });
    const principal = directory.servicePrincipal(principalId);
    assert.equal(principal?.servicePrincipalType, 'ManagedIdentity');
    assert.equal(principal?.managedIdentityResourceId, MACHINE);
    const host = directory.host(made.body.properties.vmId);
    assert.equal(host?.publicKey, key);
    assert.equal(host?.systemAssignedPrincipalId, principalId);
    assert.deepEqual((await send('GET', MACHINE)).body, made.body);
  });

  test('shows its own identity at `identities/default`', async () => {
    const { put, send, directory } = await open();
    const { principalId } = (await put()).body.identity;
    const path = `${MACHINE}/providers/Microsoft.ManagedIdentity/identities/default`;
    const shown = await send('GET', path);
    const clientId = directory.servicePrincipal(principalId)?.appId;
    assert.deepEqual(shown.body.properties, { tenantId: TENANT, principalId, clientId });
    await put({ type: 'None' });
    assert.equal((await send('GET', path)).status, 404);
    assert.equal((await send('GET', path.replace('web-1', 'absent'))).status, 404);
    assert.equal((await send('GET', path.replace(MACHINE, GROUP))).status, 404);
  });

  test('put again is the same machine, and what is not named stays', async () => {
    const { put, send } = await open();
    const first = await put();
    const again = await put();
    assert.equal(again.status, 200);
    assert.deepEqual(again.body, first.body);
    const bare = await send('PUT', MACHINE, { body: { location: 'westeurope' } });
    assert.deepEqual(bare.body, first.body);
  });

  test('loses its own identity for good when that is switched off', async () => {
    const { put, directory } = await open();
    const { principalId } = (await put()).body.identity;
    assert.deepEqual((await put({ type: 'None' })).body.identity, { type: 'None' });
    assert.equal(directory.isEnabled(principalId), false);
    assert.notEqual((await put()).body.identity.principalId, principalId);
  });

  test('ends with its key and identity when it is deleted, and with its group', async () => {
    const { put, send, directory } = await open();
    for (const path of [MACHINE, GROUP]) {
      await send('PUT', GROUP, { body: { location: 'westeurope' } });
      const { identity, properties } = (await put()).body;
      await send('DELETE', path);
      assert.equal(directory.host(properties.vmId), undefined);
      assert.equal(directory.isEnabled(identity.principalId), false);
      assert.equal((await send('DELETE', MACHINE)).status, path === GROUP ? 404 : 204);
    }
  });

  test('needs a P-256 public key', async () => {
    const { send } = await open();
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
    for (const key of ['', 'x', rsa.export({ format: 'der', type: 'spki' }).toString('base64')]) {
      const answer = await send('PUT', MACHINE, { body: bodyOf(key) });
      assert.match(answer.body.error.message, /P-256/, key.slice(0, 10));
    }
    const none = await send('PUT', MACHINE, { body: { location: 'westeurope' } });
    assert.match(none.body.error.message, /P-256/);
  });

  test('has a plain name, a known location and a known kind of identity', async () => {
    const { put, send, key } = await open();
    const named = await send('PUT', `${GROUP}/${TYPE}/-x`, { body: bodyOf(key) });
    assert.match(named.body.error.message, /machineName/);
    const nowhere = { ...bodyOf(key), location: '' };
    assert.equal(
      (await send('PUT', MACHINE, { body: nowhere })).body.error.code,
      'LocationRequired',
    );
    for (const type of ['', 'Other', 'None,SystemAssigned,Other']) {
      assert.match((await put({ type })).body.error.message, /identity/, type);
    }
    await put();
    const moved = await send('PUT', MACHINE, { body: { ...bodyOf(key), location: 'eastus' } });
    assert.equal(moved.body.error.code, 'InvalidResourceLocation');
  });

  test('is listed for whoever may read it', async () => {
    const { put, send, newPrincipal } = await open();
    const made = await put();
    for (const path of [`${GROUP}/${TYPE}`, `${SUB}/${TYPE}`]) {
      assert.deepEqual((await send('GET', path)).body.value, [made.body]);
      assert.equal((await send('GET', path, { as: await newPrincipal() })).status, 403);
    }
  });
});

describe('identities assigned to a machine', () => {
  test('are added by PUT and PATCH and taken away by `null`', async () => {
    const { put, send, directory, worker } = await open();
    const made = await put(userAssigned(IDENTITY));
    assert.deepEqual(made.body.identity.userAssignedIdentities, {
      [IDENTITY.replace('resourceGroups', 'resourcegroups')]: worker,
    });
    const host = () => directory.host(made.body.properties.vmId)?.userAssignedPrincipalIds;
    assert.deepEqual(host(), [worker.principalId]);
    const both = { type: 'SystemAssigned, UserAssigned' };
    const patched = await send('PATCH', MACHINE, { body: { identity: both } });
    assert.equal(patched.body.identity.type, 'SystemAssigned,UserAssigned');
    assert.deepEqual(host(), [worker.principalId]);
    const away = { ...both, userAssignedIdentities: { [IDENTITY]: null } };
    await send('PATCH', MACHINE, { body: { identity: away } });
    assert.deepEqual(host(), []);
  });

  test('vanish from it when they are deleted; one of the same name is another', async () => {
    const { put, send, directory } = await open();
    const made = await put(userAssigned(IDENTITY));
    await send('DELETE', IDENTITY);
    await send('PUT', IDENTITY, { body: { location: 'westeurope' } });
    assert.deepEqual((await send('GET', MACHINE)).body.identity, { type: 'None' });
    assert.deepEqual(directory.host(made.body.properties.vmId)?.userAssignedPrincipalIds, []);
  });
});

describe('whoever may write machines takes over no identity', () => {
  async function openWithWriter() {
    const all = await open();
    const writer = await all.newPrincipal();
    await all.assign(writer.objectId, 'Contributor', MACHINE);
    return { ...all, writer };
  }

  test('an identity is assigned only by who may assign it, wherever it lies', async () => {
    const { put, writer, assign, directory } = await openWithWriter();
    const refused = await put(userAssigned(IDENTITY), writer);
    assert.equal(refused.status, 403);
    assert.equal(refused.body.error.code, 'LinkedAuthorizationFailed');
    assert.match(refused.body.error.message, /userAssignedIdentities\/assign\/action/);
    assert.equal((await put(SYSTEM, writer)).status, 201);
    await assign(writer.objectId, 'Reader', IDENTITY);
    assert.equal((await put(userAssigned(IDENTITY), writer)).status, 403);
    await assign(writer.objectId, 'Managed Identity Operator', IDENTITY);
    const allowed = await put(userAssigned(IDENTITY), writer);
    assert.equal(allowed.status, 200);
    assert.equal(directory.host(allowed.body.properties.vmId)?.userAssignedPrincipalIds.length, 1);
  });

  test('one of another subscription and one that is not there are refused alike', async () => {
    const { put, writer } = await openWithWriter();
    const elsewhere = IDENTITY.replace(
      /subscriptions\/[^/]+/,
      `subscriptions/${crypto.randomUUID()}`,
    );
    for (const id of [elsewhere, `${GROUP}/${IDENTITIES}/absent`, GROUP, 'nonsense', '']) {
      const answer = await put(userAssigned(id), writer);
      assert.equal(answer.body.error.code, 'LinkedAuthorizationFailed', id);
    }
  });

  test('what is assigned already needs no right again; what is added does', async () => {
    const { put, send, writer } = await openWithWriter();
    await put(userAssigned(IDENTITY));
    assert.equal((await put(userAssigned(IDENTITY), writer)).status, 200);
    const other = `${GROUP}/${IDENTITIES}/other`;
    await send('PUT', other, { body: { location: 'westeurope' } });
    assert.equal((await put(userAssigned(IDENTITY, other), writer)).status, 403);
    const patch = { identity: userAssigned(other) };
    assert.equal((await send('PATCH', MACHINE, { body: patch, as: writer })).status, 403);
  });

  test('a change that was decided on what is no more so is refused', async () => {
    const { put, send, records, resources, clock } = await openWithWriter();
    await put(userAssigned(IDENTITY));
    const place = { subscriptionId: SUBSCRIPTION, resourceGroup: 'group', name: 'web-1' };
    const before = resources.machine(place);
    const identity = resources.identity({ ...place, name: 'worker' });
    assert.ok(before !== undefined && identity !== undefined);
    await put({ type: 'None' });
    const input = {
      ...{ ...place, location: 'westeurope', tags: {}, osType: undefined, publicKey: newKey() },
      ...{ hasSystemAssigned: false, userAssigned: [identity] },
    };
    for (const decidedOn of [before, undefined]) {
      await assert.rejects(
        saveMachine(records, clock, { before: decidedOn, input }),
        /changed by somebody else/,
      );
    }
    assert.deepEqual((await send('GET', MACHINE)).body.identity, { type: 'None' });
  });

  test('another key is refused: identities are not handed to it', async () => {
    const { put, send, directory, key, writer } = await openWithWriter();
    const { properties } = (await put()).body;
    const answer = await send('PUT', MACHINE, { body: bodyOf(newKey()), as: writer });
    assert.equal(answer.status, 409);
    assert.equal(answer.body.error.code, 'Conflict');
    assert.equal(directory.host(properties.vmId)?.publicKey, key);
  });

  test('a registration that is repeated after deletion gets nothing of the old one', async () => {
    const { put, send, directory } = await open();
    const first = (await put(userAssigned(IDENTITY))).body;
    await send('DELETE', MACHINE);
    const again = (await put({ type: 'SystemAssigned' })).body;
    assert.notEqual(again.properties.vmId, first.properties.vmId);
    assert.equal(directory.host(first.properties.vmId), undefined);
    assert.deepEqual(directory.host(again.properties.vmId)?.userAssignedPrincipalIds, []);
  });
});
