// Just-in-time access as it bears on the very next request: ends on the second, groups that are
// left, eligibilities that shrink, second factors, and who gets to see what waits for approval.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Authorizer, type DataRequest } from '#authorization';
import { addReferences, removeReferences } from '#directory';
import { newGuid, type Principal } from '#kernel';
import { Resources, resourcePath, type Vault } from '#resources';
import { GROUP, openTestManagement, roleId, SUB, TENANT, VAULT } from '../management.fixture.ts';
import { policyName } from './policy.ts';
import { approval, ask, codeOf, eligible, HOUR_MS, hours, PROVIDER } from './schedules.fixture.ts';

const USER = 'Key Vault Secrets User';
const READ_ONLY = { body: { properties: { level: 'ReadOnly' } } };

/** Whether the person may get a secret of the vault, decided by roles at this moment. */
function opener(arm: Awaited<ReturnType<typeof eligible>>['arm'], principal: Principal) {
  return async () => {
    const { resources, directory, clock, storage } = arm;
    const vault: Vault | undefined = resources.vault('contoso');
    assert.ok(vault);
    const request: DataRequest = {
      ...{ principal, vault: { ...vault, enableRbacAuthorization: true } },
      ...{ objectScope: 'secrets/one', nowMs: clock.now() },
      access: {
        ...{ kind: 'data', policy: ['secrets/get'], at: 'object' },
        action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action',
      },
    };
    const live = await Authorizer.open({ resources, directory });
    // A node that starts at this moment decides the same.
    const reopened = await Resources.open({ storage, tenantId: TENANT });
    const fresh = await Authorizer.open({ resources: reopened, directory });
    const [now, restarted] = [live, fresh].map((one) => one.decideData(request).allowed);
    assert.equal(now, restarted);
    return now;
  };
}

test('a data role begins and ends on the second, and across a restart', async () => {
  const { arm, person } = await eligible();
  const opens = opener(arm, person);
  const startDateTime = new Date(arm.clock.now() + HOUR_MS).toISOString();
  const expiration = { type: 'AfterDuration', duration: 'PT1H' };
  const given = await ask(arm, {
    ...{ principalId: person.objectId, requestType: 'AdminAssign', role: USER },
    extra: { scheduleInfo: { startDateTime, expiration } },
  });
  assert.equal(given.status, 201);
  assert.equal(await opens(), false);
  arm.clock.advance(HOUR_MS - 1);
  assert.equal(await opens(), false);
  arm.clock.advance(1);
  assert.equal(await opens(), true);
  arm.clock.advance(HOUR_MS - 1);
  assert.equal(await opens(), true);
  arm.clock.advance(1);
  assert.equal(await opens(), false);
});

test('a data role is activated, and put down, as any other', async () => {
  const { arm, person, group } = await eligible();
  const opens = opener(arm, person);
  const asked = { principalId: group, requestType: 'AdminAssign', role: USER };
  assert.equal((await ask(arm, { ...asked, kind: 'Eligibility' })).status, 201);
  assert.equal(await opens(), false);
  const own = { principalId: person.objectId, as: person, role: USER };
  const up = await ask(arm, { ...own, requestType: 'SelfActivate', extra: hours(1) });
  assert.equal(up.status, 201);
  assert.equal(await opens(), true);
  arm.clock.advance(5 * 60_000);
  assert.equal((await ask(arm, { ...own, requestType: 'SelfDeactivate' })).status, 201);
  assert.equal(await opens(), false);
});

test('who leaves the eligible group loses what he activated through it at once', async () => {
  const { arm, person, group, activate, may } = await eligible();
  await activate();
  assert.equal(await may(), true);
  const objectIds = [person.objectId];
  const membership = { kind: 'group', id: group, property: 'members', objectIds } as const;
  await removeReferences(arm.records, membership);
  assert.equal(await may(), false);
  const again = await activate({ requestType: 'SelfExtend', extra: hours(4) });
  assert.equal(again.status, 201);
  const { approvalId } = again.body.properties;
  const reviewed = await arm.send('PATCH', `${approvalId}/stages/${again.body.name}`, {
    body: { properties: { reviewResult: 'Approve' } },
  });
  assert.equal(codeOf(reviewed), 'RoleAssignmentRequestPolicyValidationFailed');
  assert.equal(await may(), false);
  await addReferences(arm.records, membership);
  assert.equal(await may(), true);
});

test('an eligible group within a group is enough', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const person = await arm.newPrincipal();
  const outer = await arm.newGroup(await arm.newGroup(person.objectId));
  const made = { kind: 'Eligibility', principalId: outer, requestType: 'AdminAssign' } as const;
  assert.equal((await ask(arm, made)).status, 201);
  const own = { principalId: person.objectId, as: person, requestType: 'SelfActivate' };
  assert.equal((await ask(arm, { ...own, extra: hours(1) })).status, 201);
});

test('an eligibility that is cut short cuts short what was activated by it', async () => {
  const { arm, group, activate, may } = await eligible();
  await activate();
  const cut = { kind: 'Eligibility', principalId: group, requestType: 'AdminUpdate' } as const;
  assert.equal((await ask(arm, { ...cut, extra: hours(1) })).status, 201);
  arm.clock.advance(HOUR_MS - 1);
  assert.equal(await may(), true);
  arm.clock.advance(1);
  assert.equal(await may(), false);
  assert.equal((await activate()).status, 400);
});

test('a condition that an eligibility gets later limits what is active already', async () => {
  const { arm, person, group } = await eligible();
  const opens = opener(arm, person);
  const eligibility = { kind: 'Eligibility', principalId: group, role: USER } as const;
  await ask(arm, { ...eligibility, requestType: 'AdminAssign' });
  const own = { principalId: person.objectId, as: person, role: USER };
  await ask(arm, { ...own, requestType: 'SelfActivate', extra: hours(1) });
  assert.equal(await opens(), true);
  const condition = "@Resource[Microsoft.KeyVault/vaults/secrets:name] StringEquals 'two'";
  const extra = { condition, conditionVersion: '2.0' };
  const updated = await ask(arm, { ...eligibility, requestType: 'AdminUpdate', extra });
  assert.equal(updated.status, 201);
  assert.equal(await opens(), false);
});

test('where the rules ask for a second factor, the token has to show one', async () => {
  const { arm, person, activate, may } = await eligible();
  const contributor = roleId('Contributor').split('/').at(-1) ?? '';
  const policy = `${VAULT}/${PROVIDER}/roleManagementPolicies/${policyName(VAULT, contributor)}`;
  const enabledRules = ['MultiFactorAuthentication'];
  const rules = [{ id: 'Enablement_EndUser_Assignment', enabledRules }];
  await arm.send('PATCH', policy, { body: { properties: { rules } } });
  for (const amr of ['', 'pwd', 'pwd mfax', 'xmfa', 'MFA']) {
    const as = { ...person, claims: amr === '' ? {} : { amr } };
    const refused = await activate({ as });
    assert.match(refused.body.error?.message ?? '', /\["MfaRule"\]/, amr);
  }
  assert.equal(await may(), false);
  assert.equal((await activate({ as: { ...person, claims: { amr: 'pwd mfa' } } })).status, 201);
  assert.equal(await may(), true);
});

test('what waits for approval is listed for who may decide, wherever he looks', async () => {
  const { arm, person, approver, approvalId, request } = await approval();
  const list = async (as: Principal, scope: string) => {
    const path = `${scope}/${PROVIDER}/roleAssignmentApprovals`;
    const query = { $filter: 'asApprover()' };
    const answer = await arm.send('GET', path, { as, query, version: '2021-01-01-preview' });
    assert.equal(answer.status, 200);
    return answer.body.value.map(({ id }: { id: string }) => id);
  };
  const stranger = await arm.newPrincipal();
  for (const scope of ['', SUB, GROUP, VAULT]) {
    assert.deepEqual(await list(approver, scope), [approvalId], scope);
    assert.deepEqual(await list(arm.owner, scope), [approvalId], scope);
    assert.deepEqual(await list(person, scope), [], 'one’s own');
    assert.deepEqual(await list(stranger, scope), []);
  }
  assert.deepEqual(await list(approver, `${VAULT}/secrets/x`), []);
  const root = `/${PROVIDER}/roleAssignmentApprovals/${request.body.name}`;
  const stage = `${root}/stages/${request.body.name}`;
  const version = '2021-01-01-preview';
  assert.equal((await arm.send('GET', stage, { as: stranger, version })).status, 403);
  assert.equal((await arm.send('GET', stage, { as: approver, version })).status, 200);
  const body = { properties: { reviewResult: 'Approve' } };
  assert.equal((await arm.send('PATCH', stage, { as: person, version, body })).status, 403);
  assert.equal((await arm.send('PATCH', stage, { as: approver, version, body })).status, 200);
  assert.deepEqual(await list(approver, ''), []);
});

test('a stranger cannot tell an approval that is there from one that is not', async () => {
  const { arm, request } = await approval();
  const stranger = await arm.newPrincipal();
  const version = '2021-01-01-preview';
  const refused = async (name: string) => {
    const stage = `/${PROVIDER}/roleAssignmentApprovals/${name}/stages/${name}`;
    const answer = await arm.send('GET', stage, { as: stranger, version });
    assert.equal(answer.status, 403);
    return JSON.stringify(answer.body).replaceAll(name, 'NAME');
  };
  assert.equal(await refused(request.body.name), await refused(newGuid()));
});

test('where one is eligible is shown level by level, and to nobody else', async () => {
  const { arm, person } = await eligible();
  await arm.send('PUT', `${SUB}/resourceGroups/other`, { body: { location: 'westus' } });
  const children = async (scope: string, as: Principal, $filter = '') => {
    const path = `${scope}/${PROVIDER}/eligibleChildResources`;
    const query = $filter === '' ? {} : { $filter };
    const answer = await arm.send('GET', path, { as, query, version: '2020-10-01' });
    return answer.body.value?.map(({ type, id }: { type: string; id: string }) => [type, id]);
  };
  assert.deepEqual(await children('', person), [['subscription', SUB]]);
  assert.deepEqual(await children(SUB, person), [['resourcegroup', GROUP]]);
  assert.deepEqual(await children(GROUP, person), [['Microsoft.KeyVault/vaults', VAULT]]);
  const both = "resourceType eq 'Subscription' or resourceType eq 'resourceGroup'";
  assert.deepEqual(await children(SUB, person, both), [['resourcegroup', GROUP]]);
  assert.deepEqual(await children(SUB, person, "resourceType eq 'Subscription'"), []);
  assert.equal(await children(SUB, person, "name eq 'x'"), undefined);
  const stranger = await arm.newPrincipal();
  for (const scope of ['', SUB, GROUP]) assert.deepEqual(await children(scope, stranger), []);
});

test('an eligibility that is taken away while it is activated leaves nothing active', async () => {
  for (let n = 0; n < 6; n += 1) {
    const { arm, group, activate, may } = await eligible();
    const removal = {
      kind: 'Eligibility',
      principalId: group,
      requestType: 'AdminRemove',
    } as const;
    const remove = () => ask(arm, removal);
    await Promise.all(n % 2 === 0 ? [activate(), remove()] : [remove(), activate()]);
    assert.equal(await may(), false);
  }
});

test('what waits for an answer is not asked again, and nobody asks without end', async () => {
  const { arm, person, activate, request } = await approval();
  assert.equal(codeOf(await activate()), 'RoleAssignmentRequestExists');
  await arm.send('POST', `${request.body.id}/cancel`, { as: person });
  assert.equal((await activate()).status, 201);
  const name = request.body.name;
  const stored = arm.resources.roleScheduleRequests().get(name);
  assert.ok(stored);
  await arm.records.transact(async (transaction) => {
    for (let n = 0; n < 1000; n += 1) {
      const path = resourcePath('roleScheduleRequest', `${name}-${n}`);
      transaction.put(path, { ...stored, name: `${name}-${n}` });
    }
  });
  assert.equal((await activate({ scope: `${VAULT}/secrets/one` })).status, 429);
  const other = await arm.newPrincipal();
  const given = { principalId: other.objectId, requestType: 'AdminAssign', extra: hours(1) };
  assert.equal((await ask(arm, given)).status, 201, 'others still may');
});

test('asking for more time is bound by the rules for activating', async () => {
  const { activate } = await eligible();
  await activate();
  const extended = await activate({ requestType: 'SelfExtend', extra: hours(9) });
  assert.match(extended.body.error?.message ?? '', /"ExpirationRule"/);
});

test('who is eligible nowhere cannot tell by asking what exists or is locked', async () => {
  const { arm } = await eligible();
  const as = await arm.newPrincipal();
  const request = async (requestType: string, scope: string) => {
    const extra = requestType === 'SelfActivate' ? hours(1) : {};
    const { status, body } = await ask(arm, {
      ...{ principalId: as.objectId, requestType, scope, as, extra },
    });
    return [status, body.error];
  };
  for (const type of ['SelfActivate', 'SelfDeactivate', 'SelfExtend', 'SelfRenew']) {
    const there = await request(type, VAULT);
    assert.equal(there[0], 400, type);
    for (const scope of [GROUP, SUB, `${GROUP}x`, `/subscriptions/${newGuid()}`, `${VAULT}x`]) {
      assert.deepEqual(await request(type, scope), there, `${type} ${scope}`);
    }
    await arm.send('PUT', `${GROUP}/${PROVIDER}/locks/still`, READ_ONLY);
    assert.deepEqual(await request(type, VAULT), there, type);
    await arm.send('DELETE', `${GROUP}/${PROVIDER}/locks/still`);
  }
});

test('a ReadOnly lock holds against every request that its handler decides', async () => {
  const { arm, person, group, approver, approvalId, request } = await approval();
  const lock = `${GROUP}/${PROVIDER}/locks/still`;
  assert.equal((await arm.send('PUT', lock, READ_ONLY)).status, 201);
  const one = `${VAULT}/${PROVIDER}/roleAssignments/${newGuid()}`;
  const properties = { roleDefinitionId: roleId('Reader'), principalId: person.objectId };
  const stage = `${approvalId}/stages/${request.body.name}`;
  const review = { as: approver, body: { properties: { reviewResult: 'Approve' } } };
  const asked = { principalId: group, requestType: 'AdminAssign', role: 'Reader' };
  const answers = {
    assign: await arm.send('PUT', one, { body: { properties } }),
    give: await ask(arm, { ...asked, extra: hours(1) }),
    entitle: await ask(arm, { ...asked, kind: 'Eligibility', extra: hours(1) }),
    approve: await arm.send('PATCH', stage, review),
    cancel: await arm.send('POST', `${request.body.id}/cancel`),
  };
  for (const [name, { status, body }] of Object.entries(answers)) {
    assert.deepEqual([status, body.error?.code], [409, 'ScopeLocked'], name);
  }
  assert.equal((await arm.send('DELETE', lock)).status, 200);
  assert.equal((await arm.send('PATCH', stage, review)).status, 200);
  const other = await eligible();
  assert.equal((await other.arm.send('PUT', lock, READ_ONLY)).status, 201);
  assert.equal(codeOf(await other.activate()), 'ScopeLocked');
});
