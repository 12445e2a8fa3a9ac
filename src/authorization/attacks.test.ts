// What an attacker would try against the decision. Each test is one attempt and states why it
// fails.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { builtInRoles } from '#resources';
import { decideAction, decideData } from './decide.ts';
import type { ActionRequest, Attributes, DataRequest } from './decision.ts';
import {
  assign,
  customRole,
  freshGuid,
  GROUP,
  NOW_MS,
  person,
  policyFor,
  roleNamed,
  SUBSCRIPTION,
  secretAccess,
  VAULT,
  vaultOf,
  type WorldRecords,
  worldOf,
} from './world.fixture.ts';

const ADMINISTRATOR = roleNamed('Key Vault Administrator');
const OWNER = roleNamed('Owner');

function held(scope: string, roleDefinitionName = ADMINISTRATOR, principalId = 'p1') {
  return assign({ principalId, scope, roleDefinitionName });
}

function opens(records: WorldRecords, changes: Partial<DataRequest> = {}): boolean {
  return decideData(worldOf(records), {
    principal: person('p1'),
    vault: vaultOf(),
    objectScope: 'secrets/db',
    access: secretAccess.get,
    nowMs: NOW_MS,
    ...changes,
  }).allowed;
}

function may(records: WorldRecords, changes: Partial<ActionRequest>): boolean {
  return decideAction(worldOf(records), {
    principal: person('p1'),
    action: 'Microsoft.KeyVault/vaults/write',
    scope: VAULT,
    nowMs: NOW_MS,
    ...changes,
  }).allowed;
}

describe('scope prefixes', () => {
  it('a vault whose name begins like mine is not mine', () => {
    const vault = vaultOf({ name: 'kv12', uid: 'uid-kv12' });
    assert.ok(opens({ assignments: [held(VAULT)] }));
    assert.ok(!opens({ assignments: [held(VAULT)] }, { vault }));
    assert.ok(!may({ assignments: [held(VAULT, OWNER)] }, { scope: `${VAULT}2` }));
  });

  it('a resource group whose name begins like mine is not mine', () => {
    const vault = vaultOf({ resourceGroup: 'Payments-prod' });
    assert.ok(!opens({ assignments: [held(GROUP)] }, { vault }));
  });

  it('the same name in another subscription or resource group is another vault', () => {
    const assignments = [held(VAULT)];
    assert.ok(!opens({ assignments }, { vault: vaultOf({ resourceGroup: 'Other' }) }));
    const subscriptionId = '33333333-3333-4333-8333-333333333333';
    assert.ok(!opens({ assignments }, { vault: vaultOf({ subscriptionId }) }));
  });

  it('case makes no difference, in either direction', () => {
    assert.ok(opens({ assignments: [held(VAULT.toUpperCase())] }));
    assert.ok(
      opens({ assignments: [held(VAULT.toLowerCase())] }, { vault: vaultOf({ name: 'KV1' }) }),
    );
    assert.ok(may({ assignments: [held(VAULT, OWNER)] }, { scope: VAULT.toUpperCase() }));
  });

  it('encoded, doubled, dotted and backslashed spellings of a scope reach nothing', () => {
    const assignments = [held(GROUP, OWNER)];
    for (const scope of [
      `${GROUP}/../Other`,
      `${GROUP}/./providers/Microsoft.KeyVault/vaults/kv1`,
      `${GROUP}//providers/Microsoft.KeyVault/vaults/kv1`,
      `/${GROUP}`,
      `${GROUP}%2f..%2fOther`,
      `${GROUP}/%2e%2e/Other`,
      `${GROUP}\\..\\Other`,
      `${GROUP}/providers/Microsoft.KeyVault/vaults/kv1\u0000`,
      `${GROUP}/providers/Microsoft.KeyVault/vaults/kv1?x=/`,
      `${GROUP}/providers/Microsoft.KeyVault/vaults/kv1#`,
    ]) {
      assert.ok(!may({ assignments }, { scope }), scope);
    }
  });

  it('an assignment at such a spelling grants nothing either', () => {
    for (const scope of [`${VAULT}//`, `${VAULT}/..`, '//', '', `${SUBSCRIPTION}/`.repeat(2)]) {
      assert.ok(!opens({ assignments: [held(scope)] }), scope);
    }
  });

  it('an assignment at no real scope does not spread to all that begins like it', () => {
    for (const scope of [
      '/subscriptions',
      `${SUBSCRIPTION}/resourceGroups`,
      `${GROUP}/providers`,
    ]) {
      assert.ok(!opens({ assignments: [held(scope)] }), scope);
    }
  });

  it('an object name cannot climb out of its place', () => {
    const assignments = [held(`${VAULT}/secrets/mine`)];
    for (const objectScope of [
      'secrets/mine/../db',
      'secrets/mine%2f..%2fdb',
      'secrets/mine/db',
      'secrets//mine',
      '../kv2/secrets/mine',
      '/secrets/mine',
      'secrets/mine\u0000',
    ]) {
      assert.ok(!opens({ assignments }, { objectScope }), objectScope);
    }
    assert.ok(opens({ assignments }, { objectScope: 'secrets/mine' }));
  });

  it('an object operation that names no object is refused, not decided at the vault', () => {
    const { objectScope: _none, ...rest } = {
      principal: person('p1'),
      vault: vaultOf(),
      objectScope: undefined,
      access: secretAccess.get,
      nowMs: NOW_MS,
    };
    assert.ok(!decideData(worldOf({ assignments: [held('/')] }), rest).allowed);
  });

  it('a role on one secret does not list, whatever object the request claims', () => {
    const assignments = [held(`${VAULT}/secrets/db`)];
    assert.ok(!opens({ assignments }, { access: secretAccess.list, objectScope: 'secrets/db' }));
  });
});

describe('wildcards in custom roles', () => {
  const withData = (...dataActions: string[]) => {
    const role = customRole([{ dataActions }]);
    return { roles: [role], assignments: [held(VAULT, role.name)] };
  };

  it('control-plane wildcards never reach data', () => {
    const role = customRole([{ actions: ['*', 'Microsoft.KeyVault/vaults/secrets/*'] }]);
    assert.ok(!opens({ roles: [role], assignments: [held('/', role.name)] }));
  });

  it('data wildcards never reach the control plane', () => {
    assert.ok(!may(withData('*'), {}));
    assert.ok(opens(withData('*')));
  });

  it('a pattern is no regular expression and no path', () => {
    for (const pattern of [
      '.*',
      'Microsoft.KeyVault/vaults/secrets/.+',
      'Microsoft.KeyVault/vaults/secrets/getSecret/actio?',
      'Microsoft.KeyVault/vaults/secrets/../secrets/getSecret/action',
      'Microsoft.KeyVault/vaults/secrets/getSecret',
      'Microsoft.KeyVault/vaults/secrets/getSecret/action/',
      '%2A',
      '',
    ]) {
      assert.ok(!opens(withData(pattern)), pattern);
    }
  });

  it('an exclusion is not dodged by the spelling of the action', () => {
    const role = customRole([{ actions: ['*'], notActions: ['Microsoft.Authorization/*/Write'] }]);
    const records = { roles: [role], assignments: [held('/', role.name)] };
    for (const action of [
      'Microsoft.Authorization/roleAssignments/write',
      'microsoft.authorization/ROLEASSIGNMENTS/WRITE',
    ]) {
      assert.ok(!may(records, { action }), action);
    }
  });
});

describe('escalation by every role that writes', () => {
  const write = 'Microsoft.Authorization/roleAssignments/write';
  const owners = new Set([
    'Owner',
    'User Access Administrator',
    'Role Based Access Control Administrator',
  ]);

  for (const { name, roleName } of builtInRoles) {
    it(`${roleName} ${owners.has(roleName) ? 'hands out' : 'cannot hand out'} Owner`, () => {
      const allowed = may(
        { assignments: [held('/', name)] },
        {
          action: write,
          attributes: roleAttributes('request', OWNER),
        },
      );
      assert.equal(allowed, owners.has(roleName));
    });
  }

  it('nobody but them elevates, changes role definitions or deletes assignments', () => {
    for (const { name, roleName } of builtInRoles.filter((role) => !owners.has(role.roleName))) {
      for (const action of [
        'Microsoft.Authorization/elevateAccess/action',
        'Microsoft.Authorization/roleDefinitions/write',
        'Microsoft.Authorization/roleAssignments/delete',
        'Microsoft.Authorization/denyAssignments/delete',
        'Microsoft.Authorization/locks/delete',
      ]) {
        assert.ok(!may({ assignments: [held('/', name)] }, { action }), `${roleName}: ${action}`);
      }
    }
  });
});

function roleAttributes(source: 'request' | 'resource', roleDefinitionId: string): Attributes {
  return {
    [source]: {
      'Microsoft.Authorization/roleAssignments:RoleDefinitionId': roleDefinitionId,
      'Microsoft.Authorization/roleAssignments:PrincipalId': freshGuid(),
      'Microsoft.Authorization/roleAssignments:PrincipalType': 'User',
    },
  };
}

describe('the condition of Key Vault Data Access Administrator', () => {
  const records = {
    assignments: [held(SUBSCRIPTION, roleNamed('Key Vault Data Access Administrator'))],
  };
  const write = 'Microsoft.Authorization/roleAssignments/write';
  const remove = 'Microsoft.Authorization/roleAssignments/delete';
  const allowedRoles = [
    'Key Vault Administrator',
    'Key Vault Certificates Officer',
    'Key Vault Crypto Officer',
    'Key Vault Crypto Service Encryption User',
    'Key Vault Crypto User',
    'Key Vault Reader',
    'Key Vault Secrets Officer',
    'Key Vault Secrets User',
  ];

  it('lets exactly its eight roles be handed out and taken away', () => {
    for (const { name, roleName } of builtInRoles) {
      const expected = allowedRoles.includes(roleName);
      const given = may(records, { action: write, attributes: roleAttributes('request', name) });
      const taken = may(records, { action: remove, attributes: roleAttributes('resource', name) });
      assert.deepEqual([given, taken], [expected, expected], roleName);
    }
  });

  it('does not let him hand out his own role', () => {
    const own = roleNamed('Key Vault Data Access Administrator');
    const attributes = roleAttributes('request', own);
    assert.ok(!may(records, { action: write, attributes }));
  });

  it('is not passed by leaving the role out, or by naming it where it does not count', () => {
    const allowedRole = roleNamed('Key Vault Secrets User');
    const attempts: readonly (Attributes | undefined)[] = [
      undefined,
      {},
      { request: {} },
      roleAttributes('resource', allowedRole),
      { principal: { 'Microsoft.Authorization/roleAssignments:RoleDefinitionId': allowedRole } },
      { request: { RoleDefinitionId: allowedRole } },
      { request: { 'Microsoft.Authorization/roleAssignments:RoleDefinitionId': [] } },
    ];
    for (const attributes of attempts) {
      assert.ok(!may(records, { action: write, attributes }), JSON.stringify(attributes));
    }
    const wrongSide = roleAttributes('request', allowedRole);
    assert.ok(!may(records, { action: remove, attributes: wrongSide }));
  });

  it('is not passed by an id that only looks like an allowed one', () => {
    const allowedRole = roleNamed('Key Vault Secrets User');
    for (const id of [
      `${allowedRole} `,
      `${allowedRole}/../${OWNER}`,
      `/providers/Microsoft.Authorization/roleDefinitions/${allowedRole}`,
      `{${allowedRole}}`,
      allowedRole.replaceAll('-', ''),
      `${OWNER},${allowedRole}`,
    ]) {
      assert.ok(!may(records, { action: write, attributes: roleAttributes('request', id) }), id);
    }
    const upper = roleAttributes('request', allowedRole.toUpperCase());
    assert.ok(may(records, { action: write, attributes: upper }));
  });

  it('does not weigh on what it says nothing about', () => {
    assert.ok(may(records, { action: 'Microsoft.Authorization/roleAssignments/read' }));
    assert.ok(!may(records, { action: 'Microsoft.Authorization/roleDefinitions/write' }));
  });

  it('is not undone by another role that cannot hand out roles either', () => {
    const assignments = [...records.assignments, held('/', roleNamed('Contributor'))];
    const attributes = roleAttributes('request', OWNER);
    assert.ok(!may({ assignments }, { action: write, attributes }));
  });
});

describe('principals', () => {
  it('an id of another tenant is not the same id', () => {
    const assignments = [held('/')];
    const stranger = person('p1', { tenantId: '99999999-9999-4999-8999-999999999999' });
    assert.ok(!opens({ assignments }, { principal: stranger }));
    assert.ok(!may({ assignments: [held('/', OWNER)] }, { principal: stranger }));
  });

  it('a vault that belongs to another tenant opens for nobody here', () => {
    const tenantId = '99999999-9999-4999-8999-999999999999';
    const accessPolicies = [policyFor('p1', { secrets: ['all'] }, { tenantId })];
    for (const enableRbacAuthorization of [true, false]) {
      const vault = vaultOf({ tenantId, accessPolicies, enableRbacAuthorization });
      assert.ok(!opens({ assignments: [held('/')] }, { vault }));
      // Nor for its own, whose directory is not ours.
      assert.ok(
        !opens({ assignments: [held('/')] }, { vault, principal: person('p1', { tenantId }) }),
      );
    }
  });

  it('who left a group lost what it gave, though his token is the same', () => {
    const assignments = [held(VAULT, ADMINISTRATOR, 'g1')];
    assert.ok(opens({ assignments, groups: { g1: ['p1'] } }));
    assert.ok(!opens({ assignments, groups: { g1: [] } }));
    const claims = { groups: '["g1"]' };
    assert.ok(!opens({ assignments, groups: { g1: [] } }, { principal: person('p1', { claims }) }));
  });

  it('a disabled or deleted account is refused, roles, policies and all', () => {
    const accessPolicies = [policyFor('p1', { secrets: ['all'] })];
    for (const enableRbacAuthorization of [true, false]) {
      const vault = vaultOf({ accessPolicies, enableRbacAuthorization });
      const records = { assignments: [held('/')] };
      assert.ok(opens(records, { vault }));
      assert.ok(!opens({ ...records, inactive: ['p1'] }, { vault }));
    }
  });

  it('an account made again under the same name has another id and holds nothing', () => {
    const claims = { upn: 'ann@strongroom.localhost' };
    const again = person('p1-again', { claims, applicationId: 'same-app' });
    const accessPolicies = [policyFor('p1', { secrets: ['all'] })];
    assert.ok(!opens({ assignments: [held('/')] }, { principal: again }));
    const vault = vaultOf({ accessPolicies, enableRbacAuthorization: false });
    assert.ok(!opens({}, { vault, principal: again }));
  });

  it('an application id is no object id', () => {
    const principal = person('p1', { type: 'ServicePrincipal', applicationId: 'app' });
    assert.ok(!opens({ assignments: [held('/', ADMINISTRATOR, 'app')] }, { principal }));
    const vault = vaultOf({
      accessPolicies: [policyFor('app', { secrets: ['all'] })],
      enableRbacAuthorization: false,
    });
    assert.ok(!opens({}, { vault, principal }));
  });

  it('a group whose id is everyone’s id in denials does not grant to everyone', () => {
    const zero = '00000000-0000-0000-0000-000000000000';
    assert.ok(!opens({ assignments: [held('/', ADMINISTRATOR, zero)] }));
  });
});

describe('vaults', () => {
  it('a vault made again under the same name opens another partition', () => {
    const request = {
      principal: person('p1'),
      objectScope: 'secrets/db',
      access: secretAccess.get,
      nowMs: NOW_MS,
    };
    const world = worldOf({ assignments: [held(VAULT)] });
    const grants = ['first', 'second'].map((uid) => {
      const decision = decideData(world, { ...request, vault: vaultOf({ uid }) });
      assert.ok(decision.allowed);
      return decision.grant.partition;
    });
    assert.notEqual(grants[0], grants[1]);
  });

  it('what is remembered of a vault record does not leak to another record', () => {
    const assignments = [held(VAULT)];
    const world = worldOf({ assignments });
    const request = {
      principal: person('p1'),
      objectScope: 'secrets/db',
      access: secretAccess.get,
      nowMs: NOW_MS,
    };
    const vault = vaultOf();
    assert.ok(decideData(world, { ...request, vault }).allowed);
    assert.ok(!decideData(world, { ...request, vault: { ...vault, name: 'kv2' } }).allowed);
    assert.ok(decideData(world, { ...request, vault }).allowed);
  });

  it('the value "true" is not the boolean: only a real switch turns roles on', () => {
    const vault = JSON.parse(JSON.stringify({ ...vaultOf(), enableRbacAuthorization: 'true' }));
    assert.ok(!opens({ assignments: [held('/')] }, { vault }));
  });
});
