// Somebody who may give roles, but by a condition not every role: whatever comes close to giving
// any role is closed to him, in whichever way the condition is written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newGuid } from '#kernel';
import { GROUP, openTestManagement, roleId, SUB, TENANT, VAULT } from './management.fixture.ts';
import { policyName } from './schedules/policy.ts';

const PROVIDER = 'providers/Microsoft.Authorization';
const MG = '/providers/Microsoft.Management/managementGroups';
const WRITE = "ActionMatches{'Microsoft.Authorization/roleAssignments/write'}";
const ROLE = '@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]';
const owner = roleId('Owner').split('/').at(-1) ?? '';
const reader = roleId('Reader').split('/').at(-1) ?? '';

/** Ways to write "any role but Owner". */
const CONDITIONS = [
  `(!(${WRITE})) OR (${ROLE} ForAnyOfAllValues:GuidNotEquals {${owner}})`,
  `(!(${WRITE})) OR (!(${ROLE} ForAnyOfAnyValues:GuidEquals {${owner}}))`,
  `!(${WRITE} AND ${ROLE} GuidEquals ${owner})`,
  `(!(${WRITE})) OR (NotExists ${ROLE}) OR (${ROLE} GuidNotEquals ${owner})`,
];

async function limited(condition: string) {
  const arm = await openTestManagement();
  await arm.createVault({ enableRbacAuthorization: true });
  const as = await arm.newPrincipal();
  const properties = {
    principalId: as.objectId,
    roleDefinitionId: roleId('Owner'),
    ...{ condition, conditionVersion: '2.0' },
  };
  for (const scope of [SUB, `${MG}/${TENANT}`]) {
    const path = `${scope}/${PROVIDER}/roleAssignments/${newGuid()}`;
    assert.equal((await arm.send('PUT', path, { body: { properties } })).status, 201);
  }
  return { arm, as };
}

for (const condition of CONDITIONS) {
  test(`any role but Owner, written as ${condition.slice(0, 110)}`, async () => {
    const { arm, as } = await limited(condition);
    const give = (role: string) =>
      arm.send('PUT', `${VAULT}/${PROVIDER}/roleAssignments/${newGuid()}`, {
        body: { properties: { principalId: as.objectId, roleDefinitionId: role } },
        as,
      });
    assert.equal((await give(roleId('Reader'))).status, 201);
    assert.equal((await give(roleId('Owner'))).status, 403);
    const model = await arm.send('PATCH', VAULT, {
      body: { properties: { enableRbacAuthorization: false } },
      as,
    });
    assert.deepEqual([model.status, model.body.error?.code], [400, 'InsufficientPermissions']);
    assert.equal((await arm.send('PUT', `${MG}/mine`, { body: {} })).status, 200);
    const move = await arm.send('PUT', `${MG}/mine/subscriptions/${SUB.split('/')[2]}`, { as });
    assert.equal(move.status, 403, 'the place of the subscription');
    const rule = (role: string) =>
      arm.send('PATCH', `${GROUP}/${PROVIDER}/roleManagementPolicies/${policyName(GROUP, role)}`, {
        body: { properties: { rules: [] } },
        as,
      });
    assert.equal((await rule(owner)).status, 403, 'the rules for Owner');
    // Of this condition it cannot be said for every request; that of the others does not ask more.
    assert.equal((await rule(reader)).status, 200, 'the rules for Reader');
  });
}
