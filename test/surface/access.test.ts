// Who may do what, over HTTP on a served instance: the examples of Azure's article on Key Vault
// authentication, its warning about Contributors, and how soon a change bites.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { z } from '#kernel';
import { builtInRoles } from '#resources';
import { readAudit } from '#test/kit/audit.ts';
import { ARM_VERSIONS, type Caller } from '#test/kit/caller.ts';
import {
  assignRole,
  changePolicy,
  createApplication,
  createVault,
  groupScope,
  ROLES,
  removeRole,
  vaultScope,
} from '#test/kit/estate.ts';
import { type Instance, startInstance } from '#test/kit/instance.ts';

const GROUP = z.object({ id: z.guid() });
const PROVIDER = '/providers/Microsoft.Authorization';

let instance: Instance;
let owner: Caller;

before(async () => {
  instance = await startInstance();
  owner = instance.owner;
});
after(() => instance?.stop());

type Permissions = Readonly<Record<string, readonly string[]>>;

async function admit(vault: string, to: Caller, permissions: Permissions): Promise<void> {
  const { tenantId } = instance;
  const entry = { tenantId, objectId: to.objectId, permissions };
  const answer = await owner.arm({
    method: 'PUT',
    path: `${vaultScope(owner, vault)}/accessPolicies/add`,
    json: { properties: { accessPolicies: [entry] } },
  });
  answer.expect(200, 201);
}

/** A vault in policy mode with a secret, a key and an application. */
async function classic(permissions: Permissions) {
  const vault = await createVault(owner, { model: 'policy' });
  await admit(vault, owner, { secrets: ['get', 'set'], keys: ['create'] });
  const secret = { method: 'PUT', path: '/secrets/one', json: { value: 'hidden' } } as const;
  (await owner.vault(vault, secret)).expect(200);
  const key = { method: 'POST', path: '/keys/one/create', json: { kty: 'EC' } } as const;
  (await owner.vault(vault, key)).expect(200);
  const principal = await createApplication(owner, 'principal');
  await admit(vault, principal, permissions);
  const status = async (method: string, path: string, json?: object) =>
    (await principal.vault(vault, { method, path, ...(json && { json }) })).status;
  return { vault, principal, status };
}

const SIGN = { alg: 'ES256', value: Buffer.alloc(32, 1).toString('base64url') };

describe('the three principals of the article', () => {
  test('1 performs any key operation, but none on secrets or certificates', async () => {
    const { status } = await classic({ keys: ['all', 'purge'] });
    assert.equal(await status('POST', '/keys/two/create', { kty: 'EC' }), 200);
    assert.equal(await status('GET', '/keys'), 200);
    assert.equal(await status('POST', '/keys/one/sign', SIGN), 200);
    assert.equal(await status('POST', '/keys/one/backup'), 200);
    assert.equal(await status('DELETE', '/keys/one'), 200);
    assert.equal(await status('DELETE', '/deletedkeys/one'), 204);
    for (const path of ['/secrets', '/secrets/one', '/deletedsecrets', '/certificates']) {
      assert.equal(await status('GET', path), 403, path);
    }
    assert.equal(await status('PUT', '/secrets/one', { value: 'x' }), 403);
    assert.equal(await status('POST', '/secrets/one/backup'), 403);
  });

  test('2 lists and reads keys, secrets and certificates, and changes nothing', async () => {
    const read = ['get', 'list'];
    const { status } = await classic({ keys: read, secrets: read, certificates: read });
    for (const path of ['/keys', '/keys/one', '/secrets', '/secrets/one', '/certificates']) {
      assert.equal(await status('GET', path), 200, path);
    }
    assert.equal(await status('POST', '/keys/two/create', { kty: 'EC' }), 403);
    assert.equal(await status('PUT', '/secrets/two', { value: 'x' }), 403);
    assert.equal(await status('DELETE', '/keys/one'), 403);
    assert.equal(await status('DELETE', '/secrets/one'), 403);
    assert.equal(await status('POST', '/keys/one/rotate'), 403);
    assert.equal(await status('POST', '/certificates/c/create', { policy: {} }), 403);
    assert.equal(await status('DELETE', '/certificates/c'), 403);
  });

  test('3 backs secrets up and restores them, and reads no value', async () => {
    const { vault, principal, status } = await classic({ secrets: ['backup', 'restore'] });
    const backup = await principal.vault(vault, { method: 'POST', path: '/secrets/one/backup' });
    const blob = backup.expect(200).read(z.object({ value: z.string() }));
    assert.ok(!Buffer.from(blob.value, 'base64url').toString('latin1').includes('hidden'));
    // Restored over itself it meets the one that is there: allowed, but in conflict.
    assert.equal(await status('POST', '/secrets/restore', blob), 409);
    assert.equal(await status('GET', '/secrets/one'), 403);
    assert.equal(await status('GET', '/secrets'), 403);
    assert.equal(await status('PUT', '/secrets/one', { value: 'x' }), 403);
  });
});

describe('the warning of the article', () => {
  test('a Contributor lets himself into a vault with access policies; it is logged', async () => {
    const vault = await createVault(owner, { model: 'policy' });
    const caller = await createApplication(owner, 'contributor');
    const scope = groupScope(owner);
    await assignRole(owner, { to: caller, role: ROLES.contributor, scope });
    (await caller.vault(vault, { path: '/secrets' })).expect(403);
    await changePolicy(caller, 'add', { to: caller, vault, secrets: ['list'] });
    (await caller.vault(vault, { path: '/secrets' })).expect(200);
    const own = readAudit(instance).filter(
      ({ identity }) => identity.claim.oid === caller.objectId,
    );
    assert.deepEqual(
      own.map(({ operationName, properties }) => [operationName, properties.httpStatusCode]),
      [
        ['SecretList', 403],
        ['VaultAccessPolicyChangedEventGridNotification', 200],
        ['SecretList', 200],
      ],
    );
    assert.equal(own[0]?.properties.denialReason?.code, 'NoAccessPolicy');
  });

  test('into a vault with roles he does not get, by any of his rights; it is logged', async () => {
    const vault = await createVault(owner, { model: 'rbac' });
    const caller = await createApplication(owner, 'contributor');
    await assignRole(owner, { to: caller, role: ROLES.contributor, scope: groupScope(owner) });
    const scope = vaultScope(owner, vault);
    await changePolicy(caller, 'add', { to: caller, vault, secrets: ['list'] });
    (await caller.vault(vault, { path: '/secrets' })).expect(403);
    const attempts = [
      { method: 'PATCH', path: scope, json: { properties: { enableRbacAuthorization: false } } },
      {
        method: 'PUT',
        path: `${scope}${PROVIDER}/roleAssignments/${randomUUID()}`,
        apiVersion: ARM_VERSIONS.authorization,
        json: {
          properties: {
            principalId: caller.objectId,
            roleDefinitionId: `${PROVIDER}/roleDefinitions/${ROLES.administrator}`,
          },
        },
      },
    ];
    for (const attempt of attempts) (await caller.arm(attempt)).expect(400, 403);
    (await caller.vault(vault, { path: '/secrets' })).expect(403);
    const refused = readAudit(instance).filter(
      ({ identity, properties }) =>
        identity.claim.oid === caller.objectId && properties.httpStatusCode >= 400,
    );
    assert.deepEqual(
      refused.map(({ operationName, properties }) => [
        operationName,
        properties.denialReason?.code,
      ]),
      [
        ['SecretList', 'NoRoleAllows'],
        ['VaultPatch', 'NoRoleAllows'],
        ['RoleAssignmentCreate', 'NoRoleAllows'],
        ['SecretList', 'NoRoleAllows'],
      ],
    );
  });
});

describe('a change bites at the very next request', () => {
  /** A vault with roles, and whether a caller may list its secrets. */
  async function vaultFor(name: string) {
    const vault = await createVault(owner, { model: 'rbac' });
    const caller = await createApplication(owner, name);
    const scope = vaultScope(owner, vault);
    const status = async () => (await caller.vault(vault, { path: '/secrets' })).status;
    assert.equal(await status(), 403);
    return { vault, caller, scope, status };
  }

  async function createGroup(...members: readonly string[]): Promise<string> {
    const json = {
      ...{ displayName: 'g', mailNickname: 'g', mailEnabled: false, securityEnabled: true },
      'members@odata.bind': members.map((id) => `${instance.graph}/v1.0/directoryObjects/${id}`),
    };
    const made = await owner.graph({ method: 'POST', path: '/groups', json });
    return made.expect(201).read(GROUP).id;
  }

  async function remove(group: string, member: string): Promise<void> {
    const path = `/groups/${group}/members/${member}/$ref`;
    (await owner.graph({ method: 'DELETE', path })).expect(204);
  }

  test('assigned and taken away', async () => {
    const { caller, scope, status } = await vaultFor('assigned');
    for (let round = 0; round < 3; round += 1) {
      const path = await assignRole(owner, { to: caller, role: ROLES.secretsUser, scope });
      assert.equal(await status(), 200);
      await removeRole(owner, path);
      assert.equal(await status(), 403);
    }
  });

  test('taken out of a group, directly or three groups further up', async () => {
    const { caller, scope, status } = await vaultFor('member');
    const inner = await createGroup(caller.objectId);
    const middle = await createGroup(inner);
    const outer = await createGroup(middle);
    const path = `${scope}${PROVIDER}/roleAssignments/${randomUUID()}`;
    const json = {
      properties: {
        ...{ principalId: outer, principalType: 'Group' },
        roleDefinitionId: `${PROVIDER}/roleDefinitions/${ROLES.secretsUser}`,
      },
    };
    const apiVersion = ARM_VERSIONS.authorization;
    (await owner.arm({ method: 'PUT', path, json, apiVersion })).expect(201);
    assert.equal(await status(), 200);
    await remove(outer, middle);
    assert.equal(await status(), 403);
    const reference = { '@odata.id': `${instance.graph}/v1.0/directoryObjects/${middle}` };
    const members = `/groups/${outer}/members/$ref`;
    (await owner.graph({ method: 'POST', path: members, json: reference })).expect(204);
    assert.equal(await status(), 200);
    await remove(inner, caller.objectId);
    assert.equal(await status(), 403);
  });

  test('a custom role that loses the action, and gets it back', async () => {
    const { caller, scope, status } = await vaultFor('custom');
    const name = randomUUID();
    const path = `/subscriptions/${instance.subscriptionId}${PROVIDER}/roleDefinitions/${name}`;
    const define = async (dataActions: readonly string[]) => {
      const permissions = [{ actions: [], dataActions }];
      const assignableScopes = [`/subscriptions/${instance.subscriptionId}`];
      const json = { properties: { roleName: name, permissions, assignableScopes } };
      const apiVersion = ARM_VERSIONS.authorization;
      (await owner.arm({ method: 'PUT', path, json, apiVersion })).expect(201);
    };
    const list = 'Microsoft.KeyVault/vaults/secrets/readMetadata/action';
    await define([list]);
    await assignRole(owner, { to: caller, role: name, scope });
    assert.equal(await status(), 200);
    await define(['Microsoft.KeyVault/vaults/keys/read']);
    assert.equal(await status(), 403);
    await define(['Microsoft.KeyVault/vaults/secrets/*']);
    assert.equal(await status(), 200);
  });

  test('an access policy, and the permission model', async () => {
    const { vault, caller, scope, status } = await vaultFor('policies');
    await assignRole(owner, { to: caller, role: ROLES.secretsUser, scope });
    assert.equal(await status(), 200);
    const model = async (enableRbacAuthorization: boolean) =>
      (
        await owner.arm({
          method: 'PATCH',
          path: scope,
          json: { properties: { enableRbacAuthorization } },
        })
      ).expect(200);
    await model(false);
    assert.equal(await status(), 403);
    const grant = { to: caller, vault, secrets: ['list'] };
    await changePolicy(owner, 'add', grant);
    assert.equal(await status(), 200);
    await changePolicy(owner, 'remove', grant);
    assert.equal(await status(), 403);
    // What the other model held is still there.
    await model(true);
    assert.equal(await status(), 200);
  });

  test('an account made anew under the same name has nothing of the old one', async () => {
    const { vault, caller, scope, status } = await vaultFor('phoenix');
    await assignRole(owner, { to: caller, role: ROLES.secretsUser, scope });
    assert.equal(await status(), 200);
    const path = `/servicePrincipals/${caller.objectId}`;
    (await owner.graph({ method: 'DELETE', path })).expect(204);
    assert.equal(await status(), 401);
    const again = await createApplication(owner, 'phoenix');
    assert.notEqual(again.objectId, caller.objectId);
    (await again.vault(vault, { path: '/secrets' })).expect(403);
    assert.equal(await status(), 401);
  });

  test('a role for a time, which an administrator ends', async () => {
    const { caller, scope, status } = await vaultFor('for a time');
    const ask = async (requestType: string) => {
      const type = 'roleAssignmentScheduleRequests';
      const answer = await owner.arm({
        method: 'PUT',
        path: `${scope}${PROVIDER}/${type}/${randomUUID()}`,
        apiVersion: '2020-10-01',
        json: {
          properties: {
            ...{ principalId: caller.objectId, requestType, justification: 'test' },
            roleDefinitionId: `${PROVIDER}/roleDefinitions/${ROLES.secretsUser}`,
            scheduleInfo: { expiration: { type: 'AfterDuration', duration: 'PT1H' } },
          },
        },
      });
      answer.expect(201);
    };
    await ask('AdminAssign');
    assert.equal(await status(), 200);
    await ask('AdminRemove');
    assert.equal(await status(), 403);
  });
});

describe('nobody gets more by what he has', () => {
  const givers = new Set([
    'Owner',
    'User Access Administrator',
    'Role Based Access Control Administrator',
  ]);

  for (const { name, roleName } of builtInRoles) {
    if (givers.has(roleName)) continue;
    test(`with ${roleName} at the subscription`, async () => {
      const vault = await createVault(owner, { model: 'rbac' });
      const caller = await createApplication(owner, roleName);
      const subscription = `/subscriptions/${instance.subscriptionId}`;
      await assignRole(owner, { to: caller, role: name, scope: subscription });
      const attempts = escalations({ caller, vault, subscription });
      const rights = rightsOf(instance, caller);
      const held = await rights();
      for (const attempt of attempts) {
        const answer = await caller.arm(attempt);
        assert.ok(answer.status >= 400, `${attempt.method} ${attempt.path}: ${answer.text}`);
      }
      assert.deepEqual(await rights(), held);
    });
  }

  /** Ways to a right that one does not have: a role, a rule, a scope, a model. */
  function escalations({ caller, vault, subscription }: Attacker) {
    const scope = vaultScope(owner, vault);
    const me = { principalId: caller.objectId, justification: 'please' };
    const role = (id: string) => `${PROVIDER}/roleDefinitions/${id}`;
    const scheduleInfo = { expiration: { type: 'AfterDuration', duration: 'PT1H' } };
    const assignment = `roleAssignments/${randomUUID()}`;
    const put = (path: string, properties: object, apiVersion = '2022-04-01') => ({
      ...{ method: 'PUT', path, apiVersion },
      json: { properties },
    });
    const roles = [ROLES.owner, 'f58310d9-a9f6-439a-9e8d-f62e7b41a168'].flatMap((id) =>
      [subscription, scope, `${scope}/secrets/one`].map((at) =>
        put(`${at}${PROVIDER}/${assignment}`, { ...me, roleDefinitionId: role(id) }),
      ),
    );
    const requests = ['AdminAssign', 'SelfActivate', 'AdminUpdate'].flatMap((requestType) =>
      ['roleAssignmentScheduleRequests', 'roleEligibilityScheduleRequests'].map((type) =>
        put(
          `${scope}${PROVIDER}/${type}/${randomUUID()}`,
          { ...me, requestType, roleDefinitionId: role(ROLES.owner), scheduleInfo },
          '2020-10-01',
        ),
      ),
    );
    const wide = { roleName: randomUUID(), permissions: [{ actions: ['*'] }] };
    return [
      ...roles,
      ...requests,
      put(`${subscription}${PROVIDER}/roleDefinitions/${randomUUID()}`, {
        ...{ ...wide, assignableScopes: [subscription] },
      }),
      { method: 'PATCH', path: scope, json: { properties: { enableRbacAuthorization: false } } },
      { method: 'POST', path: `${PROVIDER}/elevateAccess`, apiVersion: '2016-07-01', json: {} },
      put(`/providers/Microsoft.Management/managementGroups/${randomUUID()}`, {}, '2020-05-01'),
    ];
  }

  interface Attacker {
    readonly caller: Caller;
    readonly vault: string;
    readonly subscription: string;
  }
});

/** What Resource Manager says that he may do at the subscription. */
function rightsOf({ subscriptionId }: Instance, caller: Caller) {
  return async () => {
    const path = `/subscriptions/${subscriptionId}${PROVIDER}/permissions`;
    return (await caller.arm({ path, apiVersion: ARM_VERSIONS.authorization })).expect(200).text;
  };
}
