import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertIssued, type Principal } from '#kernel';
import { tenantPartition, vaultPartition } from '#storage';
import {
  anonymousGrant,
  authenticatedGrant,
  decideAction,
  decideData,
  directoryGrant,
  systemGrant,
} from './decide.ts';
import type { DataRequest, DenialReason, World } from './decision.ts';
import { dataOperations, policyPermissions } from './operations.fixture.ts';
import {
  assign,
  customRole,
  denyAssignment,
  GROUP,
  NOW_MS,
  person,
  policyFor,
  roleNamed,
  SUBSCRIPTION,
  secretAccess,
  TENANT,
  VAULT,
  vaultOf,
  worldOf,
} from './world.fixture.ts';

const GET = 'Microsoft.KeyVault/vaults/secrets/getSecret/action';

function data(changes: Partial<DataRequest> = {}): DataRequest {
  return {
    principal: person('p1'),
    vault: vaultOf(),
    objectScope: 'secrets/db',
    access: secretAccess.get,
    nowMs: NOW_MS,
    ...changes,
  };
}

function action(name: string, scope = VAULT, principal: Principal = person('p1')) {
  return { principal, action: name, scope, nowMs: NOW_MS };
}

function reasonOf(world: World, request: DataRequest): DenialReason {
  const decision = decideData(world, request);
  assert.ok(!decision.allowed);
  return decision.reason;
}

/** Operation ids that the caller may run, by the access policies given. */
function allowedOperations(permissions: Parameters<typeof policyFor>[1]): readonly string[] {
  const vault = vaultOf({
    enableRbacAuthorization: false,
    accessPolicies: [policyFor('p1', permissions)],
  });
  const world = worldOf({});
  return dataOperations
    .filter(({ access }) => decideData(world, data({ vault, access })).allowed)
    .map(({ id }) => id);
}

describe('the examples of "Key Vault authentication fundamentals"', () => {
  it('principal 1 performs any key operation and no secret or certificate operation', () => {
    const allowed = allowedOperations({ keys: policyPermissions.keys ?? [] });
    const keys = dataOperations.filter(({ access }) => access.policy[0]?.startsWith('keys/'));
    assert.deepEqual(
      allowed,
      keys.map(({ id }) => id),
    );
    assert.ok(allowed.includes('CreateKey') && !allowed.includes('GetSecret'));
  });

  it('principal 2 lists and reads everything and creates, deletes and renews nothing', () => {
    const readAndList = ['get', 'list'];
    const allowed = allowedOperations({
      keys: readAndList,
      secrets: readAndList,
      certificates: readAndList,
    });
    for (const id of ['GetSecret', 'GetSecrets', 'GetKey', 'GetKeys', 'GetCertificate']) {
      assert.ok(allowed.includes(id), id);
    }
    for (const id of allowed) assert.match(id, /^Get/);
    const writing = ['SetSecret', 'DeleteKey', 'CreateCertificate', 'RotateKey', 'sign', 'decrypt'];
    for (const id of writing) assert.ok(!allowed.includes(id), id);
  });

  it('principal 3 backs up and restores secrets and cannot read their values', () => {
    const allowed = allowedOperations({ secrets: ['backup', 'restore'] });
    assert.deepEqual(allowed, ['BackupSecret', 'RestoreSecret']);
  });

  it('a permission in one vault does not extend to another', () => {
    const policies = [policyFor('p1', { secrets: ['get'] })];
    const mine = vaultOf({ enableRbacAuthorization: false, accessPolicies: policies });
    const other = vaultOf({ name: 'kv2', uid: 'uid-kv2', enableRbacAuthorization: false });
    assert.ok(decideData(worldOf({}), data({ vault: mine })).allowed);
    assert.equal(reasonOf(worldOf({}), data({ vault: other })).code, 'NoAccessPolicy');
  });

  it('Reader, Contributor and Owner open no secret, under either model', () => {
    for (const name of ['Reader', 'Contributor', 'Owner']) {
      const roleDefinitionName = roleNamed(name);
      const world = worldOf({
        assignments: [assign({ principalId: 'p1', scope: '/', roleDefinitionName })],
      });
      for (const enableRbacAuthorization of [true, false]) {
        const vault = vaultOf({ enableRbacAuthorization });
        assert.ok(!decideData(world, data({ vault })).allowed, name);
      }
    }
  });

  it('a Contributor can grant himself access in policy mode', () => {
    const roleDefinitionName = roleNamed('Contributor');
    const world = worldOf({
      assignments: [assign({ principalId: 'p1', scope: SUBSCRIPTION, roleDefinitionName })],
    });
    const before = vaultOf({ enableRbacAuthorization: false });
    assert.ok(!decideData(world, data({ vault: before })).allowed);
    assert.ok(
      decideAction(world, action('Microsoft.KeyVault/vaults/accessPolicies/write')).allowed,
    );
    const accessPolicies = [policyFor('p1', { secrets: ['get'] })];
    const after = vaultOf({ enableRbacAuthorization: false, accessPolicies });
    assert.ok(decideData(world, data({ vault: after })).allowed);
  });

  it('a Contributor cannot grant himself access in RBAC mode', () => {
    const roleDefinitionName = roleNamed('Contributor');
    const world = worldOf({
      assignments: [assign({ principalId: 'p1', scope: SUBSCRIPTION, roleDefinitionName })],
    });
    const write = decideAction(world, action('Microsoft.Authorization/roleAssignments/write'));
    assert.ok(!write.allowed);
    assert.equal(write.reason.code, 'NoRoleAllows');
    // He may still write access policies; in this mode they open nothing.
    const vault = vaultOf({ accessPolicies: [policyFor('p1', { secrets: ['all'] })] });
    assert.ok(!decideData(world, data({ vault })).allowed);
  });

  it('a Key Vault Reader sees the properties of a vault and changes nothing', () => {
    const roleDefinitionName = roleNamed('Key Vault Reader');
    const world = worldOf({
      assignments: [assign({ principalId: 'p1', scope: VAULT, roleDefinitionName })],
    });
    assert.ok(decideAction(world, action('Microsoft.KeyVault/vaults/read')).allowed);
    for (const name of ['write', 'delete', 'accessPolicies/write', 'deploy/action']) {
      assert.ok(!decideAction(world, action(`Microsoft.KeyVault/vaults/${name}`)).allowed, name);
    }
    assert.ok(!decideData(world, data()).allowed);
  });

  it('a role given at the tenant trickles down; one given at a vault stays there', () => {
    const reader = roleNamed('Reader');
    const read = 'Microsoft.KeyVault/vaults/read';
    const everywhere = worldOf({
      assignments: [assign({ principalId: 'p1', scope: '/', roleDefinitionName: reader })],
    });
    assert.ok(decideAction(everywhere, action(read)).allowed);
    assert.ok(decideAction(everywhere, action(read, GROUP)).allowed);
    const here = worldOf({
      assignments: [assign({ principalId: 'p1', scope: VAULT, roleDefinitionName: reader })],
    });
    assert.ok(decideAction(here, action(read)).allowed);
    assert.ok(!decideAction(here, action(read, GROUP)).allowed);
  });
});

describe('role assignments', () => {
  const user = roleNamed('Key Vault Secrets User');

  it('at one secret open that secret, not its neighbour, and do not list the vault', () => {
    const world = worldOf({
      assignments: [
        assign({ principalId: 'p1', scope: `${VAULT}/secrets/db`, roleDefinitionName: user }),
      ],
    });
    assert.ok(decideData(world, data()).allowed);
    assert.ok(decideData(world, data({ objectScope: 'secrets/DB' })).allowed);
    assert.ok(!decideData(world, data({ objectScope: 'secrets/db2' })).allowed);
    assert.ok(!decideData(world, data({ objectScope: 'keys/db' })).allowed);
    assert.ok(!decideData(world, data({ access: secretAccess.list })).allowed);
  });

  it('count through groups in groups, and through a ring of groups', () => {
    const records = {
      assignments: [assign({ principalId: 'g3', scope: VAULT, roleDefinitionName: user })],
    };
    const nested = { g1: ['p1'], g2: ['g1'], g3: ['g2'] };
    assert.ok(decideData(worldOf({ ...records, groups: nested }), data()).allowed);
    const ring = { g1: ['p1', 'g3'], g2: ['g1'], g3: ['g2'] };
    assert.ok(decideData(worldOf({ ...records, groups: ring }), data()).allowed);
    assert.ok(
      !decideData(worldOf({ ...records, groups: { g1: ['p1'], g3: ['g2'] } }), data()).allowed,
    );
  });

  it('an action that one role excludes may be given by another', () => {
    const all = { dataActions: ['Microsoft.KeyVault/vaults/*'] };
    const without = customRole([{ ...all, notDataActions: [GET] }]);
    const held = (roleDefinitionName: string) =>
      assign({ principalId: 'p1', scope: VAULT, roleDefinitionName });
    const one = worldOf({ roles: [without], assignments: [held(without.name)] });
    const reason = reasonOf(one, data());
    assert.ok(reason.code === 'NoRoleAllows');
    assert.equal(reason.considered[0]?.verdict, 'actionExcluded');
    const both = worldOf({ roles: [without], assignments: [held(without.name), held(user)] });
    assert.ok(decideData(both, data()).allowed);
  });

  it('start and end on the millisecond', () => {
    const endsAtMs = NOW_MS + 1000;
    const assignment = { principalId: 'p1', scope: VAULT, roleDefinitionName: user };
    const world = worldOf({
      assignments: [assign({ ...assignment, startsAtMs: NOW_MS, endsAtMs })],
    });
    const allowedAt = (nowMs: number) => decideData(world, data({ nowMs })).allowed;
    assert.deepEqual([NOW_MS - 1, NOW_MS, endsAtMs - 1, endsAtMs].map(allowedAt), [
      false,
      true,
      true,
      false,
    ]);
  });

  it('with a role that no longer exists give nothing', () => {
    const gone = '99999999-9999-4999-8999-999999999999';
    const world = worldOf({
      assignments: [assign({ principalId: 'p1', scope: VAULT, roleDefinitionName: gone })],
    });
    const reason = reasonOf(world, data());
    assert.ok(reason.code === 'NoRoleAllows');
    assert.equal(reason.considered[0]?.verdict, 'roleNotFound');
  });

  it('with a condition that does not parse give nothing', () => {
    const condition = `@Resource[Microsoft.KeyVault/vaults/secrets:name] StringEquals`;
    const world = worldOf({
      assignments: [
        assign({ principalId: 'p1', scope: VAULT, roleDefinitionName: user, condition }),
      ],
    });
    const reason = reasonOf(world, data());
    assert.ok(reason.code === 'NoRoleAllows');
    assert.equal(reason.considered[0]?.verdict, 'conditionBroken');
  });

  it('a denial names at most ten of the assignments that were considered', () => {
    const assignments = Array.from({ length: 30 }, () =>
      assign({ principalId: 'p1', scope: VAULT, roleDefinitionName: roleNamed('Reader') }),
    );
    const reason = reasonOf(worldOf({ assignments }), data());
    assert.ok(reason.code === 'NoRoleAllows');
    assert.equal(reason.considered.length, 10);
  });

  it('an alternative data action is enough on its own', () => {
    const encrypt = dataOperations.find(({ id }) => id === 'encrypt')?.access;
    assert.ok(encrypt);
    const reader = roleNamed('Key Vault Certificate User');
    const world = worldOf({
      assignments: [assign({ principalId: 'p1', scope: VAULT, roleDefinitionName: reader })],
    });
    const decision = decideData(world, data({ objectScope: 'keys/k', access: encrypt }));
    assert.ok(decision.allowed);
    assert.equal(decision.grant.action, 'Microsoft.KeyVault/vaults/keys/read');
  });
});

describe('conditions on secret names', () => {
  const user = roleNamed('Key Vault Secrets User');
  const name = '[Microsoft.KeyVault/vaults/secrets:name]';
  const conditioned = (condition: string, role = user) =>
    worldOf({
      assignments: [
        assign({ principalId: 'p1', scope: VAULT, roleDefinitionName: role, condition }),
      ],
    });

  it('open only the secrets they name', () => {
    const world = conditioned(
      `((!(ActionMatches{'${GET}'})) OR (@Resource${name} StringLike 'app-*'))`,
    );
    assert.ok(decideData(world, data({ objectScope: 'secrets/app-db' })).allowed);
    assert.ok(!decideData(world, data({ objectScope: 'secrets/db' })).allowed);
  });

  it('on reading metadata forbid listing, which names no secret', () => {
    const world = conditioned(`@Resource${name} StringLike '*'`);
    assert.ok(decideData(world, data()).allowed);
    assert.ok(!decideData(world, data({ access: secretAccess.list })).allowed);
  });

  it('see the name as @Request when a secret is set and as @Resource otherwise', () => {
    const officer = roleNamed('Key Vault Secrets Officer');
    const request = conditioned(`@Request${name} StringEquals 'db'`, officer);
    const resource = conditioned(`@Resource${name} StringEquals 'db'`, officer);
    const set = data({ access: secretAccess.set });
    assert.ok(decideData(request, set).allowed);
    assert.ok(!decideData(request, data()).allowed);
    assert.ok(!decideData(resource, set).allowed);
    assert.ok(decideData(resource, data()).allowed);
  });

  it('may ask for the vault, the time and the network', () => {
    const world = conditioned(
      [
        `@Resource[Microsoft.KeyVault/vaults:name] StringEquals 'kv1'`,
        `@Environment[UtcNow] DateTimeLessThan '2026-06-01T00:00:00.001Z'`,
        '@Environment[isPrivateLink] BoolEquals true',
      ].join(' AND '),
    );
    const attributes = { environment: { IsPrivateLink: true } };
    assert.ok(decideData(world, data({ attributes })).allowed);
    assert.ok(!decideData(world, data({ attributes, nowMs: NOW_MS + 1 })).allowed);
    assert.ok(!decideData(world, data()).allowed);
  });

  it('know that no call comes by private link, and of no subnet', () => {
    const allows = (text: string) => decideData(conditioned(text), data()).allowed;
    assert.ok(allows('@Environment[isPrivateLink] BoolEquals false'));
    assert.ok(allows('!(@Environment[isPrivateLink] BoolEquals true)'));
    for (const name of ['virtualNetworks/subnets', 'privateEndpoints']) {
      const comparison = `@Environment[Microsoft.Network/${name}] StringEqualsIgnoreCase 'x'`;
      assert.ok(!allows(comparison));
      assert.ok(!allows(`!(${comparison})`));
    }
  });

  it('the time cannot be passed in by a request', () => {
    const world = conditioned(`@Environment[UtcNow] DateTimeGreaterThan '2030-01-01T00:00:00Z'`);
    const attributes = { environment: { UtcNow: '2031-01-01T00:00:00Z' } };
    assert.ok(!decideData(world, data({ attributes })).allowed);
  });
});

describe('deny assignments', () => {
  const user = roleNamed('Key Vault Secrets User');
  const everyone = [{ id: '00000000-0000-0000-0000-000000000000', type: 'SystemDefined' }];
  const held = assign({ principalId: 'p1', scope: '/', roleDefinitionName: user });
  const denied = (changes: Parameters<typeof denyAssignment>[0], groups = {}) => {
    const deny = denyAssignment(changes);
    return { deny, world: worldOf({ assignments: [held], denies: [deny], groups }) };
  };
  const permission = { dataActions: ['Microsoft.KeyVault/vaults/secrets/*'] };
  const me = [{ id: 'P1', type: 'User' }];

  it('win over every role, and are named in the refusal', () => {
    const { deny, world } = denied({ scope: SUBSCRIPTION, principals: me, permission });
    const reason = reasonOf(world, data());
    assert.ok(reason.code === 'DenyAssignment');
    assert.equal(reason.denyAssignmentId, deny.name);
  });

  it('for everyone spare only whom they exclude, by group too', () => {
    const rule = { scope: SUBSCRIPTION, principals: everyone, permission };
    assert.ok(!decideData(denied(rule).world, data()).allowed);
    const excludePrincipals = [{ id: 'g1', type: 'Group' }];
    const { world } = denied({ ...rule, excludePrincipals }, { g1: ['g2'], g2: ['p1'] });
    assert.ok(decideData(world, data()).allowed);
  });

  it('may leave the scopes below alone', () => {
    const rule = { principals: me, permission, doNotApplyToChildScopes: true };
    assert.ok(decideData(denied({ ...rule, scope: VAULT }).world, data()).allowed);
    const exact = `${VAULT}/secrets/db`;
    assert.ok(!decideData(denied({ ...rule, scope: exact }).world, data()).allowed);
  });

  it('do not reach what they exclude, other actions, or other scopes', () => {
    const rule = { scope: SUBSCRIPTION, principals: me };
    const except = { ...permission, notDataActions: [GET] };
    assert.ok(decideData(denied({ ...rule, permission: except }).world, data()).allowed);
    const control = { actions: ['*'] };
    assert.ok(decideData(denied({ ...rule, permission: control }).world, data()).allowed);
    const beside = { ...rule, scope: `${VAULT}2`, permission };
    assert.ok(decideData(denied(beside).world, data()).allowed);
  });

  it('on an operation cannot be dodged by an alternative action', () => {
    const encrypt = dataOperations.find(({ id }) => id === 'encrypt')?.access;
    assert.ok(encrypt);
    const deny = denyAssignment({
      scope: VAULT,
      principals: me,
      permission: { dataActions: [encrypt.action] },
    });
    const admin = roleNamed('Key Vault Administrator');
    const world = worldOf({
      assignments: [assign({ principalId: 'p1', scope: '/', roleDefinitionName: admin })],
      denies: [deny],
    });
    const request = data({ objectScope: 'keys/k', access: encrypt });
    assert.equal(reasonOf(world, request).code, 'DenyAssignment');
  });

  it('with a condition that does not parse deny all the same', () => {
    const broken = { ...permission, condition: 'broken' };
    const { world } = denied({ scope: VAULT, principals: me, permission: broken });
    assert.equal(reasonOf(world, data()).code, 'DenyAssignment');
  });

  it('are part of role-based access: where access policies decide they are not asked', () => {
    const { world } = denied({ scope: SUBSCRIPTION, principals: everyone, permission });
    const accessPolicies = [policyFor('p1', { secrets: ['get'] })];
    const vault = vaultOf({ enableRbacAuthorization: false, accessPolicies });
    assert.ok(decideData(world, data({ vault })).allowed);
  });
});

describe('the two models of a vault', () => {
  const accessPolicies = [policyFor('p1', { secrets: ['get'] })];
  const user = roleNamed('Key Vault Secrets User');
  const assignments = [assign({ principalId: 'p2', scope: VAULT, roleDefinitionName: user })];
  const world = worldOf({ assignments });
  const allowed = (id: string, enableRbacAuthorization: boolean) => {
    const vault = vaultOf({ accessPolicies, enableRbacAuthorization });
    return decideData(world, data({ vault, principal: person(id) })).allowed;
  };

  it('never both: roles are ignored by one, access policies by the other', () => {
    assert.deepEqual([allowed('p1', false), allowed('p1', true)], [true, false]);
    assert.deepEqual([allowed('p2', false), allowed('p2', true)], [false, true]);
  });

  it('a vault for which it was never set uses access policies', () => {
    const { enableRbacAuthorization: _never, ...vault } = vaultOf({ accessPolicies });
    assert.ok(decideData(world, data({ vault })).allowed);
    assert.ok(!decideData(world, data({ vault, principal: person('p2') })).allowed);
  });

  it('a refusal by policy names the permissions that would have been enough', () => {
    const vault = vaultOf({ enableRbacAuthorization: false, accessPolicies });
    const reason = reasonOf(world, data({ vault, access: secretAccess.purge }));
    assert.ok(reason.code === 'AccessPolicyLacksPermission');
    assert.deepEqual(reason.permissions, ['secrets/purge']);
  });
});

describe('grants', () => {
  const user = roleNamed('Key Vault Secrets User');

  it('of a data role open the one vault and name the assignment as Azure prints it', () => {
    const assignment = assign({ principalId: 'p1', scope: VAULT, roleDefinitionName: user });
    const decision = decideData(worldOf({ assignments: [assignment] }), data());
    assert.ok(decision.allowed);
    assertIssued(decision.grant);
    assert.equal(decision.grant.partition, vaultPartition('uid-kv1'));
    assert.equal(decision.grant.scope, `${VAULT}/secrets/db`);
    assert.equal(decision.grant.by, 'rbac');
    assert.equal(decision.grant.assignmentId, assignment.name.replaceAll('-', ''));
    assert.match(decision.grant.assignmentId ?? '', /^[0-9a-f]{32}$/);
  });

  it('of an access policy open the one vault and name no assignment', () => {
    const accessPolicies = [policyFor('p1', { secrets: ['get'] })];
    const vault = vaultOf({ enableRbacAuthorization: false, accessPolicies });
    const decision = decideData(worldOf({}), data({ vault }));
    assert.ok(decision.allowed);
    assert.equal(decision.grant.partition, vaultPartition('uid-kv1'));
    assert.equal(decision.grant.by, 'policy');
    assert.equal(decision.grant.assignmentId, undefined);
  });

  it('of a control-plane action open the tenant and never a vault', () => {
    const owner = roleNamed('Owner');
    const world = worldOf({
      assignments: [assign({ principalId: 'p1', scope: '/', roleDefinitionName: owner })],
    });
    const decision = decideAction(world, action('Microsoft.KeyVault/vaults/write'));
    assert.ok(decision.allowed);
    assert.equal(decision.grant.partition, tenantPartition(TENANT));
  });

  it('that no decision is behind say so', () => {
    const principal = person('p1');
    const grants = [
      systemGrant('p/', 'purge'),
      anonymousGrant('p/', 'token'),
      authenticatedGrant(principal, 'p/', 'list'),
      directoryGrant(principal, 'p/', 'me'),
    ];
    for (const grant of grants) assertIssued(grant);
    assert.deepEqual(
      grants.map(({ by }) => by),
      ['system', 'anonymous', 'authenticated', 'directory'],
    );
  });
});
