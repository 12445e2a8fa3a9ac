// The matrix: every operation × every built-in role × both permission models × every kind of scope.
// What is expected is worked out from the role definitions by a matcher that shares nothing with
// ours.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { builtInRoles } from '#resources';
import { says } from '#test/matrix/role-says.ts';
import { decideAction, decideData } from './decide.ts';
import { controlActions, dataOperations, policyPermissions } from './operations.fixture.ts';
import {
  assign,
  GROUP,
  NOW_MS,
  person,
  policyFor,
  SUBSCRIPTION,
  VAULT,
  vaultOf,
  worldOf,
} from './world.fixture.ts';

const ROOT_GROUP = '/providers/Microsoft.Management/managementGroups/root';
const above = { [SUBSCRIPTION]: [ROOT_GROUP.toLowerCase()] };
const TYPES = ['secrets', 'keys', 'certificates'] as const;
const WIDER = ['/', ROOT_GROUP, SUBSCRIPTION, GROUP, VAULT];
const BESIDE = [
  `${VAULT}2`,
  `${GROUP}2`,
  '/providers/Microsoft.Management/managementGroups/other',
  '/subscriptions/33333333-3333-4333-8333-333333333333',
];
const caller = person('p1');

function typeOf(action: string): string {
  return TYPES.find((type) => action.includes(`/vaults/${type}/`)) ?? 'keys';
}

describe('the matrix of the data plane', () => {
  for (const role of builtInRoles) {
    it(`${role.roleName}: every operation, both models, every scope`, () => {
      for (const { id, access } of dataOperations) {
        const type = typeOf(access.action);
        const object = `${VAULT}/${type}/one`;
        const actions = [access.action, ...(access.alternatives ?? [])];
        const expected = actions.some((action) => says(role, 'dataActions', action));
        for (const scope of [...WIDER, object, `${object}2`, ...BESIDE]) {
          const reaches = WIDER.includes(scope) || (scope === object && access.at === 'object');
          const world = worldOf({
            above,
            assignments: [assign({ principalId: 'p1', scope, roleDefinitionName: role.name })],
          });
          for (const enableRbacAuthorization of [true, false]) {
            const decision = decideData(world, {
              principal: caller,
              vault: vaultOf({ enableRbacAuthorization }),
              objectScope: `${type}/one`,
              access,
              nowMs: NOW_MS,
            });
            assert.equal(
              decision.allowed,
              enableRbacAuthorization && expected && reaches,
              `${id} with ${role.roleName} at ${scope}, roles: ${enableRbacAuthorization}`,
            );
          }
        }
      }
    });
  }

  it('access policies: each operation needs exactly the permissions it names', () => {
    const world = worldOf({});
    for (const { id, access } of dataOperations) {
      for (const [type, names] of Object.entries(policyPermissions)) {
        for (const name of names) {
          const expected =
            access.policy.includes(`${type}/${name}`) ||
            (name === 'all' &&
              access.policy.some(
                (each) => each.startsWith(`${type}/`) && !each.endsWith('/purge'),
              ));
          for (const enableRbacAuthorization of [false, true]) {
            const decision = decideData(world, {
              principal: caller,
              vault: vaultOf({
                enableRbacAuthorization,
                accessPolicies: [policyFor('p1', { [type]: [name] })],
              }),
              objectScope: `${typeOf(access.action)}/one`,
              access,
              nowMs: NOW_MS,
            });
            assert.equal(
              decision.allowed,
              !enableRbacAuthorization && expected,
              `${id} with ${type}/${name}, roles: ${enableRbacAuthorization}`,
            );
          }
        }
      }
    }
  });
});

describe('the matrix of the control plane', () => {
  for (const role of builtInRoles) {
    it(`${role.roleName}: every action at every scope`, () => {
      for (const action of controlActions) {
        for (const scope of [...WIDER, ...BESIDE, `${VAULT}/secrets/one`]) {
          const world = worldOf({
            above,
            assignments: [assign({ principalId: 'p1', scope, roleDefinitionName: role.name })],
          });
          const decision = decideAction(world, {
            principal: caller,
            action,
            scope: VAULT,
            nowMs: NOW_MS,
          });
          // The one role with a condition: without a role in the request it hands out nothing.
          const conditional =
            role.roleName === 'Key Vault Data Access Administrator' &&
            /roleAssignments\/(write|delete)$/.test(action);
          const expected = WIDER.includes(scope) && !conditional && says(role, 'actions', action);
          assert.equal(decision.allowed, expected, `${action} with ${role.roleName} at ${scope}`);
        }
      }
    });
  }

  it('no built-in role gives a data action to Owner, Contributor or Reader', () => {
    for (const name of ['Owner', 'Contributor', 'Reader', 'User Access Administrator']) {
      const role = builtInRoles.find((each) => each.roleName === name);
      assert.ok(role);
      assert.ok(
        !dataOperations.some(({ access }) => says(role, 'dataActions', access.action)),
        name,
      );
    }
  });
});

describe('the test data', () => {
  const facts = new URL('../../../shared/azure/facts/', import.meta.url);
  const skip = existsSync(facts) ? false : 'the collected facts are not beside this checkout';
  const read = (name: string) => JSON.parse(readFileSync(new URL(name, facts), 'utf8'));

  it('names every operation, action and permission of the facts', { skip }, () => {
    const { operations, policyPermissionEnums } = read('operation-permissions.json');
    const documented = operations
      .filter((each: { rbacDataAction: string | null }) => each.rbacDataAction !== null)
      .map((each: Record<string, unknown>) => [
        each.operationId,
        each.rbacDataAction,
        each.accessPolicy,
        each.rbacAlsoSatisfiedBy,
      ]);
    const ours = dataOperations.map(({ id, access }) => [
      id,
      access.action,
      access.policy,
      access.alternatives ?? [],
    ]);
    assert.deepEqual(ours, documented);
    assert.deepEqual(policyPermissions, policyPermissionEnums);
    const { actions } = read('permissions-microsoft-keyvault.json');
    assert.deepEqual(controlActions.slice(0, actions.length), actions);
  });

  it('has the built-in roles of the facts, to the letter', { skip }, () => {
    const { roles } = read('builtin-roles.json');
    const relevant = (permission: Record<string, unknown>) => [
      permission.actions,
      permission.notActions,
      permission.dataActions,
      permission.notDataActions,
      permission.condition ?? null,
    ];
    for (const role of roles) {
      const own = builtInRoles.find(({ name }) => name === role.name);
      assert.ok(own, role.roleName);
      assert.deepEqual(
        own.permissions.map((permission) => relevant({ ...permission })),
        role.permissions.map(relevant),
        role.roleName,
      );
    }
  });
});
