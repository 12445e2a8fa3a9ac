// The matrix of roles: every operation row of every plane, as it is served, against every built-in
// role, both permission models and every kind of scope. What is expected is read from the role's
// definition.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { builtInRoles, type RoleDefinition } from '#resources';
import { says, saysData } from '#test/matrix/role-says.ts';
import { loadRows, type Row } from '#test/matrix/rows.ts';
import { decideAction, decideData, decideDirectory } from './decide.ts';
import {
  assign,
  GROUP,
  NOW_MS,
  person,
  SUBSCRIPTION,
  VAULT,
  vaultOf,
  worldOf,
} from './world.fixture.ts';

const ROOT_GROUP = '/providers/Microsoft.Management/managementGroups/root';
const ABOVE = ['/', ROOT_GROUP, SUBSCRIPTION, GROUP, VAULT];
const BESIDE = [`${VAULT}2`, `${GROUP}2`, `${ROOT_GROUP}2`];
const OBJECTS = ['secrets/one', 'keys/one', 'certificates/one'];

const rows = await loadRows();

function worldWith(role: RoleDefinition, scope: string) {
  return worldOf({
    above: { [SUBSCRIPTION]: [ROOT_GROUP.toLowerCase()] },
    assignments: [assign({ principalId: 'p1', scope, roleDefinitionName: role.name })],
  });
}

type Access<K extends Row['access']['kind']> = Extract<Row['access'], { kind: K }>;

/** Lists the combinations in which the decision is not what the definition says. */
function wrongData(role: RoleDefinition, id: string, access: Access<'data'>): string[] {
  const wrong: string[] = [];
  for (const objectScope of OBJECTS) {
    for (const scope of [...ABOVE, ...BESIDE, `${VAULT}/${objectScope}`]) {
      const reaches = ABOVE.includes(scope) || (scope.endsWith('/one') && access.at === 'object');
      for (const roles of [true, false]) {
        const vault = vaultOf({ enableRbacAuthorization: roles });
        const request = { principal: person('p1'), vault, objectScope, access, nowMs: NOW_MS };
        const { allowed } = decideData(worldWith(role, scope), request);
        if (allowed !== (roles && reaches && saysData(role, access))) {
          wrong.push(`${id} on ${objectScope} with ${role.roleName} at ${scope}, roles: ${roles}`);
        }
      }
    }
  }
  return wrong;
}

function wrongActions(role: RoleDefinition, id: string, action: string): string[] {
  // The one role with a condition: it hands out and takes away nothing that is not named.
  const conditional =
    role.permissions.some(({ condition }) => condition !== undefined) &&
    /roleAssignments\/(write|delete)$/i.test(action);
  return [...ABOVE, ...BESIDE, `${VAULT}/secrets/one`].flatMap((scope) => {
    const request = { principal: person('p1'), action, scope: VAULT, nowMs: NOW_MS };
    const { allowed } = decideAction(worldWith(role, scope), request);
    const expected = ABOVE.includes(scope) && !conditional && says(role, 'actions', action);
    return allowed === expected ? [] : [`${id} with ${role.roleName} at ${scope}`];
  });
}

describe('every operation that is served, for every built-in role', () => {
  for (const role of builtInRoles) {
    test(`${role.roleName}: in both models, at every scope, as its definition says`, () => {
      const wrong = rows.flatMap(({ id, access }) => {
        if (access.kind === 'data') return wrongData(role, id, access);
        if (access.kind === 'action') return wrongActions(role, id, access.action);
        if (access.kind !== 'directory') return [];
        const { permission } = access;
        // Users may read the directory by themselves; by a role here, nobody may do anything in it.
        const asked = { principal: person('p1', { type: 'ServicePrincipal' }), permission };
        return decideDirectory(worldWith(role, '/'), asked).allowed ? [id] : [];
      });
      assert.deepEqual(wrong, []);
    });
  }

  test('every plane has its part in it', () => {
    const kinds = Map.groupBy(rows, ({ access }) => access.kind);
    assert.ok((kinds.get('data')?.length ?? 0) > 30);
    assert.ok((kinds.get('action')?.length ?? 0) > 60);
    assert.ok((kinds.get('directory')?.length ?? 0) > 10);
  });
});
