// For the tests of just-in-time access: a vault, somebody who is eligible there, and ways to ask.
import assert from 'node:assert/strict';
import { newGuid, type Principal } from '#kernel';
import {
  openTestManagement,
  roleId,
  type Sent,
  type TestManagement,
  VAULT,
} from '../management.fixture.ts';
import { policyName } from './policy.ts';

export const HOUR_MS = 3_600_000;
export const PROVIDER = 'providers/Microsoft.Authorization';

export interface Asked {
  readonly kind?: 'Eligibility' | 'Assignment';
  readonly scope?: string;
  readonly as?: Principal;
  readonly principalId: string;
  readonly requestType: string;
  readonly role?: string;
  readonly extra?: object;
  readonly name?: string;
}

export function ask(arm: TestManagement, asked: Asked) {
  const { kind = 'Assignment', scope = VAULT, role = 'Contributor', extra = {} } = asked;
  const { principalId, requestType } = asked;
  const path = `${scope}/${PROVIDER}/role${kind}ScheduleRequests/${asked.name ?? newGuid()}`;
  const properties = {
    ...{ principalId, requestType, justification: 'work', roleDefinitionId: roleId(role) },
    ...extra,
  };
  const sent: Sent = { body: { properties }, ...(asked.as && { as: asked.as }) };
  return arm.send('PUT', path, sent);
}

export const hours = (n: number) => ({
  scheduleInfo: { expiration: { type: 'AfterDuration', duration: `PT${n}H` } },
});

/** A vault, and someone who may activate Contributor on it through a group. */
export async function eligible(extra: object = {}) {
  const arm = await openTestManagement();
  await arm.createVault();
  const person = await arm.newPrincipal();
  const group = await arm.newGroup(person.objectId);
  const made = await ask(arm, {
    ...{ kind: 'Eligibility', principalId: group, requestType: 'AdminAssign', extra },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const activate = (asked: Partial<Asked> = {}) =>
    ask(arm, {
      ...{ principalId: person.objectId, requestType: 'SelfActivate', as: person },
      extra: hours(2),
      ...asked,
    });
  const may = async () => (await arm.send('PATCH', VAULT, { body: {}, as: person })).status === 200;
  return { arm, person, group, made, activate, may };
}

export const codeOf = (answer: { body: { error?: { code: string } } }) => answer.body?.error?.code;

export async function approval() {
  const setting = await eligible();
  const { arm, activate } = setting;
  const approver = await arm.newPrincipal();
  const contributor = roleId('Contributor').split('/').at(-1) ?? '';
  const policy = `${VAULT}/${PROVIDER}/roleManagementPolicies/${policyName(VAULT, contributor)}`;
  const primaryApprovers = [{ id: approver.objectId }, { id: setting.person.objectId }];
  const rule = {
    id: 'Approval_EndUser_Assignment',
    setting: { isApprovalRequired: true, approvalStages: [{ primaryApprovers }] },
  };
  await arm.send('PATCH', policy, { body: { properties: { rules: [rule] } } });
  const request = await activate();
  const { approvalId, status } = request.body.properties;
  assert.equal(status, 'PendingApproval');
  const review = (as: Principal, reviewResult: string) =>
    arm.send('PATCH', `${approvalId}/stages/${request.body.name}`, {
      body: { properties: { reviewResult, justification: 'seen' } },
      version: '2021-01-01-preview',
      as,
    });
  return { ...setting, approver, request, approvalId, review };
}
