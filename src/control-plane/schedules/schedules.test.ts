import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newGuid, type Principal } from '#kernel';
import { GROUP, roleId, SUB, VAULT } from '../management.fixture.ts';
import { parseDuration, renderDuration } from './duration.ts';
import { expireSchedules } from './expiry-job.ts';
import { policyName } from './policy.ts';
import { approval, ask, codeOf, eligible, HOUR_MS, hours, PROVIDER } from './schedules.fixture.ts';

const NARROW = "@Resource[Microsoft.KeyVault/vaults/secrets:name] StringEquals 'one'";
const WIDE = "@Resource[Microsoft.KeyVault/vaults/secrets:name] StringLike '*'";

test('an eligible person has a right from activation to the very end, not longer', async () => {
  const { arm, made, activate, may } = await eligible();
  assert.equal(made.body.properties.status, 'Provisioned');
  assert.equal(await may(), false);
  const activated = await activate();
  assert.equal(activated.status, 201);
  assert.equal(activated.body.properties.status, 'Provisioned');
  assert.equal(
    activated.body.properties.linkedRoleEligibilityScheduleId,
    made.body.properties.targetRoleEligibilityScheduleId,
  );
  assert.equal(await may(), true);
  arm.clock.advance(2 * HOUR_MS - 1);
  assert.equal(await may(), true);
  arm.clock.advance(1);
  assert.equal(await may(), false);
});

test('an activation that starts later starts then', async () => {
  const { arm, activate, may } = await eligible();
  const startDateTime = new Date(arm.clock.now() + HOUR_MS).toISOString();
  const { scheduleInfo } = hours(1);
  await activate({ extra: { scheduleInfo: { ...scheduleInfo, startDateTime } } });
  assert.equal(await may(), false);
  arm.clock.advance(HOUR_MS);
  assert.equal(await may(), true);
  arm.clock.advance(HOUR_MS);
  assert.equal(await may(), false);
});

test('nobody activates for someone else, elsewhere or as another role', async () => {
  const { arm, person, group, activate } = await eligible();
  const stranger = await arm.newPrincipal();
  const own = await activate({ as: stranger, principalId: stranger.objectId });
  assert.equal(codeOf(own), 'RoleAssignmentRequestPolicyValidationFailed');
  assert.match(own.body.error.message, /EligibilityRule/);
  assert.equal((await activate({ as: stranger })).status, 403, 'for someone else');
  assert.equal((await activate({ principalId: group })).status, 403, 'for the group');
  for (const scope of [GROUP, SUB, '']) {
    assert.equal((await activate({ scope })).status, 400, scope);
  }
  for (const role of ['Owner', 'Reader', 'User Access Administrator']) {
    assert.equal((await activate({ role })).status, 400, role);
  }
  const linked = { ...hours(1), linkedRoleEligibilityScheduleId: newGuid() };
  assert.equal((await activate({ extra: linked })).status, 400);
  assert.equal((await activate({ principalId: arm.owner.objectId, as: person })).status, 403);
  assert.equal([...arm.resources.roleAssignments().values()].length, 1);
});

test('an eligibility for a vault can be activated for one secret in it', async () => {
  const { arm, person, activate } = await eligible();
  const at = `${VAULT}/secrets/one`;
  assert.equal((await activate({ scope: at })).status, 201);
  const scopes = [...arm.resources.roleAssignments().values()]
    .filter(({ principalId }) => principalId === person.objectId)
    .map(({ scope }) => scope);
  assert.deepEqual(scopes, [at]);
});

test('the rules of the policy are kept: length, justification, ticket, second factor', async () => {
  const { arm, activate } = await eligible();
  const broken = async (extra: object) => (await activate({ extra })).body.error?.message;
  assert.match(await broken(hours(9)), /"ExpirationRule"/);
  assert.match(await broken({}), /"ExpirationRule"/);
  assert.match(await broken({ ...hours(1), justification: ' ' }), /"JustificationRule"/);
  const contributor = roleId('Contributor').split('/').at(-1) ?? '';
  const policy = `${VAULT}/${PROVIDER}/roleManagementPolicies/${policyName(VAULT, contributor)}`;
  const enabledRules = ['Ticketing', 'MultiFactorAuthentication'];
  const changed = await arm.send('PATCH', policy, {
    body: {
      properties: {
        rules: [
          { id: 'Enablement_EndUser_Assignment', enabledRules },
          { id: 'Expiration_EndUser_Assignment', maximumDuration: 'PT1H' },
        ],
      },
    },
  });
  assert.equal(changed.status, 200);
  assert.match(await broken(hours(2)), /"ExpirationRule","MfaRule","TicketingRule"/);
  const reset = [{ id: 'Enablement_EndUser_Assignment', enabledRules: ['Ticketing'] }];
  await arm.send('PATCH', policy, { body: { properties: { rules: reset } } });
  const ticketInfo = { ticketNumber: 'T-1', ticketSystem: 'S' };
  const done = await activate({ extra: { ...hours(1), ticketInfo } });
  assert.equal(done.status, 201);
  assert.equal(done.body.properties.ticketInfo.ticketNumber, 'T-1');
});

test('the rules of where one is eligible hold for an activation below, too', async () => {
  const { arm, activate } = await eligible();
  const contributor = roleId('Contributor').split('/').at(-1) ?? '';
  const policy = `${VAULT}/${PROVIDER}/roleManagementPolicies/${policyName(VAULT, contributor)}`;
  const rules = [
    { id: 'Expiration_EndUser_Assignment', maximumDuration: 'PT1H' },
    { id: 'Enablement_EndUser_Assignment', enabledRules: ['MultiFactorAuthentication'] },
  ];
  await arm.send('PATCH', policy, { body: { properties: { rules } } });
  const below = await activate({ scope: `${VAULT}/secrets/one` });
  assert.equal(codeOf(below), 'RoleAssignmentRequestPolicyValidationFailed');
  assert.match(below.body.error.message, /"ExpirationRule","MfaRule"/);
});

test('an active role is not activated twice, nor put down in five minutes', async () => {
  const { arm, activate, may } = await eligible();
  await activate();
  const twice = await activate();
  assert.deepEqual([twice.status, codeOf(twice)], [400, 'RoleAssignmentExists']);
  const down = { requestType: 'SelfDeactivate', extra: {} };
  assert.equal(codeOf(await activate(down)), 'ActiveDurationTooShort');
  arm.clock.advance(5 * 60_000);
  assert.equal((await activate(down)).body.properties.status, 'Revoked');
  assert.equal(await may(), false);
  assert.equal(codeOf(await activate(down)), 'RoleAssignmentDoesNotExist');
  assert.equal((await activate()).status, 201, 'and can be activated again');
});

test('of two activations at once, one is made', async () => {
  const { arm, person, activate } = await eligible();
  const answers = await Promise.all([activate(), activate(), activate()]);
  assert.equal(answers.filter(({ status }) => status === 201).length, 1);
  const held = [...arm.resources.roleAssignments().values()].filter(
    ({ principalId }) => principalId === person.objectId,
  );
  assert.equal(held.length, 1);
});

test('taking an eligibility away ends what was activated by it, at once', async () => {
  const { arm, group, activate, may } = await eligible();
  await activate();
  const removed = await ask(arm, {
    ...{ kind: 'Eligibility', principalId: group, requestType: 'AdminRemove' },
  });
  assert.equal(removed.body.properties.status, 'Revoked');
  assert.equal(await may(), false);
  assert.equal((await activate()).status, 400);
});

test('an activation never outlives its eligibility, and keeps its condition', async () => {
  const condition =
    "((!(ActionMatches{'Microsoft.KeyVault/vaults/secrets/getSecret/action'})) OR " +
    "(@Resource[Microsoft.KeyVault/vaults/secrets:name] StringEquals 'one'))";
  const extra = { ...hours(1), condition, conditionVersion: '2.0' };
  const { arm, person, activate } = await eligible(extra);
  await activate({ extra: hours(8) });
  const [held] = [...arm.resources.roleAssignments().values()].filter(
    ({ principalId }) => principalId === person.objectId,
  );
  assert.equal(held?.endsAtMs, arm.clock.now() + HOUR_MS);
  assert.equal(held?.condition, condition);
});

test('an administrator gives a role for a time, and takes it away', async () => {
  const { arm, may, person } = await eligible();
  const principalId = person.objectId;
  const assign = () => ask(arm, { principalId, requestType: 'AdminAssign', extra: hours(1) });
  assert.equal((await assign()).status, 201);
  assert.equal(codeOf(await assign()), 'RoleAssignmentExists');
  assert.equal(await may(), true);
  const extended = await ask(arm, { principalId, requestType: 'AdminExtend', extra: hours(3) });
  assert.equal(extended.status, 201);
  arm.clock.advance(2 * HOUR_MS);
  assert.equal(await may(), true);
  await ask(arm, { principalId, requestType: 'AdminRemove' });
  assert.equal(await may(), false);
});

test('just-in-time access is no way around the limits of who may assign which role', async () => {
  const { arm, person } = await eligible();
  const administrator = await arm.newPrincipal();
  const as = administrator;
  const principalId = person.objectId;
  await arm.assign(as.objectId, 'Key Vault Data Access Administrator', VAULT);
  await arm.assign(as.objectId, 'Contributor', SUB);
  for (const kind of ['Eligibility', 'Assignment'] as const) {
    for (const requestType of ['AdminAssign', 'AdminUpdate', 'AdminRemove']) {
      const asked = { kind, principalId, requestType, role: 'Owner', as, extra: hours(1) };
      assert.equal((await ask(arm, asked)).status, 403, `${kind} ${requestType}`);
    }
  }
  const policies = `${VAULT}/${PROVIDER}/roleManagementPolicies`;
  const [policy] = (await arm.send('GET', policies, { as })).body.value;
  const change = { body: { properties: { rules: [] } }, as };
  assert.equal((await arm.send('PATCH', `${policies}/${policy.name}`, change)).status, 403);
});

test('applications can be given a role for a time, but cannot be made eligible', async () => {
  const { arm, person } = await eligible();
  const answer = await ask(arm, {
    ...{ kind: 'Eligibility', principalId: person.objectId, requestType: 'AdminAssign' },
  });
  assert.equal(answer.status, 400);
});

test('where approval is needed, the role waits for another person', async () => {
  const { arm, person, approver, approvalId, review, may, request } = await approval();
  assert.equal(await may(), false);
  assert.equal((await review(person, 'Approve')).status, 403, 'one’s own request');
  const stranger = await arm.newPrincipal();
  assert.equal((await review(stranger, 'Approve')).status, 403);
  assert.equal((await arm.send('GET', approvalId, { as: stranger })).status, 403);
  assert.equal((await arm.send('GET', approvalId, { as: approver })).status, 200);
  const reviewed = await review(approver, 'Approve');
  assert.equal(reviewed.body.properties.reviewResult, 'Approve');
  assert.equal(await may(), true);
  assert.equal((await review(approver, 'Deny')).status, 400, 'only once');
  const read = await arm.send('GET', request.body.id, { as: person });
  assert.equal(read.body.properties.status, 'Provisioned');
});

test('a denied or canceled request gives nothing, ever', async () => {
  const denied = await approval();
  assert.equal((await denied.review(denied.approver, 'Deny')).status, 200);
  assert.equal((await denied.review(denied.approver, 'Approve')).status, 400);
  assert.equal(await denied.may(), false);
  const canceled = await approval();
  const { arm, request, person } = canceled;
  const stranger = await arm.newPrincipal();
  const cancel = (as: Principal) => arm.send('POST', `${request.body.id}/cancel`, { as });
  assert.equal((await cancel(stranger)).status, 403);
  assert.equal((await cancel(person)).status, 200);
  assert.equal((await canceled.review(canceled.approver, 'Approve')).status, 400);
  assert.equal((await cancel(person)).status, 400);
  assert.equal(await canceled.may(), false);
});

test('an approval that comes after the eligibility has ended gives nothing', async () => {
  const { arm, group, approver, review, may } = await approval();
  await ask(arm, { kind: 'Eligibility', principalId: group, requestType: 'AdminRemove' });
  assert.equal((await review(approver, 'Approve')).status, 400);
  assert.equal((await review(arm.owner, 'Approve')).status, 400);
  assert.equal(await may(), false);
});

test('one asks for more time; an administrator approves it', async () => {
  const { arm, person, activate, may } = await eligible();
  await activate();
  const asked = await activate({ requestType: 'SelfExtend', extra: hours(6) });
  assert.equal(asked.body.properties.status, 'PendingApproval');
  const { approvalId } = asked.body.properties;
  const stage = `${approvalId}/stages/${asked.body.name}`;
  const body = { properties: { reviewResult: 'Approve' } };
  const version = '2021-01-01-preview';
  assert.equal((await arm.send('PATCH', stage, { body, version, as: person })).status, 403);
  assert.equal((await arm.send('PATCH', stage, { body, version })).status, 200);
  arm.clock.advance(5 * HOUR_MS);
  assert.equal(await may(), true);
});

test('who asks for more time gets no other condition with it', async () => {
  const { arm, activate } = await eligible({ condition: NARROW, conditionVersion: '2.0' });
  await activate();
  const extra = { ...hours(6), condition: WIDE, conditionVersion: '2.0' };
  const asked = await activate({ requestType: 'SelfExtend', extra });
  const { approvalId } = asked.body.properties;
  const body = { properties: { reviewResult: 'Approve' } };
  const version = '2021-01-01-preview';
  const stage = `${approvalId}/stages/${asked.body.name}`;
  assert.equal((await arm.send('PATCH', stage, { body, version })).status, 200);
  const kept = [...arm.resources.roleSchedules().values()].map(({ condition }) => condition);
  assert.deepEqual(kept, [NARROW, NARROW]);
});

test('checking a request changes nothing; a request is made once', async () => {
  const { arm, person, activate, may } = await eligible();
  const name = newGuid();
  const path = `${VAULT}/${PROVIDER}/roleAssignmentScheduleRequests/${name}`;
  const properties = {
    ...{ principalId: person.objectId, requestType: 'SelfActivate', justification: 'work' },
    ...{ roleDefinitionId: roleId('Contributor'), ...hours(1) },
  };
  const checked = await arm.send('POST', `${path}/validate`, { body: { properties }, as: person });
  assert.equal(checked.status, 200);
  assert.equal(await may(), false);
  assert.equal((await arm.send('GET', path)).status, 404);
  assert.equal((await activate({ name })).status, 201);
  arm.clock.advance(3 * HOUR_MS);
  assert.equal(codeOf(await activate({ name })), 'RoleAssignmentRequestExists');
  assert.equal(await may(), false);
});

test('one lists one’s own without any right, and others’ only with it', async () => {
  const { arm, person, activate } = await eligible();
  await activate();
  const list = async (type: string, $filter: string, as: Principal = person) => {
    const answer = await arm.send('GET', `${VAULT}/${PROVIDER}/${type}`, {
      query: $filter === '' ? {} : { $filter },
      as,
    });
    return answer.status === 200 ? answer.body.value.length : answer.status;
  };
  const stranger = await arm.newPrincipal();
  for (const [type, own, all] of [
    ['roleEligibilitySchedules', 1, 1],
    ['roleEligibilityScheduleInstances', 1, 1],
    ['roleAssignmentSchedules', 1, 2],
    ['roleAssignmentScheduleInstances', 1, 2],
    ['roleAssignmentScheduleRequests', 1, 1],
    ['roleEligibilityScheduleRequests', 1, 1],
  ] as const) {
    assert.equal(await list(type, 'asTarget()'), own, type);
    assert.equal(await list(type, '', stranger), 403, type);
    assert.equal(await list(type, 'asTarget()', stranger), 0, type);
    assert.equal(await list(type, '', arm.owner), all, type);
    assert.equal(await list(type, `principalId eq '${newGuid()}'`, arm.owner), 0, type);
    assert.equal(await list(type, 'all()', arm.owner), 400, type);
  }
  arm.clock.advance(3 * HOUR_MS);
  assert.equal(await list('roleAssignmentScheduleInstances', 'asTarget()'), 0);
});

test('deleting the vault ends eligibilities and what was asked for', async () => {
  const { arm, activate, may } = await eligible();
  await activate();
  await arm.send('DELETE', VAULT);
  assert.equal(arm.resources.roleSchedules().size, 0);
  assert.equal(arm.resources.roleScheduleRequests().size, 0);
  const { status } = await arm.send('PUT', VAULT, {
    body: {
      location: 'westeurope',
      properties: {
        tenantId: arm.owner.tenantId,
        sku: { name: 'standard' },
        createMode: 'recover',
      },
    },
  });
  assert.equal(status, 200);
  assert.equal(await may(), false);
});

test('what is over is swept away, and nothing else', async () => {
  const { arm, activate } = await eligible();
  await activate();
  const { storage, resources, clock } = arm;
  assert.equal(await expireSchedules({ storage, resources }, clock.now()), 0);
  assert.equal(await expireSchedules({ storage, resources }, clock.now() + 2 * HOUR_MS), 1);
  assert.deepEqual(
    [...resources.roleSchedules().values()].map(({ kind }) => kind),
    ['eligibility'],
  );
  assert.equal(resources.roleAssignments().size, 1);
});

test('each role at each scope has a policy, with defaults until it is changed', async () => {
  const { arm } = await eligible();
  const list = `${VAULT}/${PROVIDER}/roleManagementPolicyAssignments`;
  const $filter = `roleDefinitionId eq '${roleId('Reader')}'`;
  const { body } = await arm.send('GET', list, { query: { $filter } });
  assert.equal(body.value.length, 1);
  const [{ properties, name }] = body.value;
  assert.equal((await arm.send('GET', `${list}/${name}`)).body.name, name);
  const policy = await arm.send('GET', properties.policyId);
  const rules: { id: string; maximumDuration?: string }[] = policy.body.properties.rules;
  const expiration = rules.find(({ id }) => id === 'Expiration_EndUser_Assignment');
  assert.equal(expiration?.maximumDuration, 'PT8H');
  assert.equal((await arm.send('GET', properties.policyId.replace(/.$/, 'z'))).status, 404);
  const unknown = { body: { properties: { rules: [{ id: 'Expiration_Nobody_Never' }] } } };
  assert.equal((await arm.send('PATCH', properties.policyId, unknown)).status, 400);
});

test('durations are read and printed as the same length', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9_999_999 }), (seconds) => {
      assert.equal(parseDuration(renderDuration(seconds * 1000)), seconds * 1000);
    }),
  );
  for (const wrong of ['', 'P', 'PT', 'PT0S', '8H', 'P1H', 'PT-1H', 'PT1.5H', 'P1D ']) {
    assert.equal(parseDuration(wrong), undefined, wrong);
  }
});
