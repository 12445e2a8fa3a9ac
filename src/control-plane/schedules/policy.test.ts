import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ApiError, type Principal } from '#kernel';
import type { RoleManagementPolicy } from '#resources';
import { TENANT } from '../management.fixture.ts';
import { parseDuration, renderDuration } from './duration.ts';
import {
  brokenRules,
  changePolicy,
  policyChangeSchema,
  policyName,
  type RuledRequest,
  renderRules,
} from './policy.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const EMPTY: RoleManagementPolicy = {
  ...{ scope: '/s', roleDefinitionName: 'r', updatedOn: '', updatedBy: '' },
};

function person(amr?: string): Principal {
  return {
    ...{ type: 'User', tenantId: TENANT, objectId: 'o', applicationId: 'a', issuer: 'i' },
    claims: amr === undefined ? {} : { amr },
  };
}

const request = (changes: Partial<RuledRequest> = {}): RuledRequest => ({
  ...{ target: 'EndUser_Assignment', durationMs: HOUR_MS, justification: 'work' },
  principal: person(),
  ...changes,
});

function change(...rules: readonly object[]): RoleManagementPolicy {
  const { properties } = policyChangeSchema.parse({ properties: { rules } });
  return changePolicy(EMPTY, properties.rules ?? []);
}

const TARGETS = ['Admin_Eligibility', 'Admin_Assignment', 'EndUser_Assignment'] as const;

describe('without a policy of its own', () => {
  const table = [
    ['EndUser_Assignment', 8 * HOUR_MS, true, true],
    ['Admin_Assignment', 180 * DAY_MS, false, true],
    ['Admin_Eligibility', 365 * DAY_MS, false, false],
  ] as const;
  for (const [target, maximumMs, endRequired, reasonRequired] of table) {
    test(`${target}: the longest time, whether it has to end, whether to say why`, () => {
      const broken = (changes: Partial<RuledRequest>) =>
        brokenRules(EMPTY, request({ target, ...changes }));
      assert.deepEqual(broken({ durationMs: maximumMs }), []);
      assert.deepEqual(broken({ durationMs: maximumMs + 1 }), ['ExpirationRule']);
      assert.deepEqual(broken({ durationMs: undefined }), endRequired ? ['ExpirationRule'] : []);
      for (const justification of [undefined, '', ' \t']) {
        assert.deepEqual(broken({ justification }), reasonRequired ? ['JustificationRule'] : []);
      }
    });
  }
});

describe('a policy', () => {
  for (const target of TARGETS) {
    test(`${target}: each rule that is set is asked for, there and nowhere else`, () => {
      const rules = ['MultiFactorAuthentication', 'Justification', 'Ticketing'];
      const policy = change({ id: `Enablement_${target}`, enabledRules: rules });
      const bare = { target, durationMs: HOUR_MS, justification: ' ' };
      assert.deepEqual(brokenRules(policy, request({ ...bare, ticketNumber: ' ' })), [
        ...['MfaRule', 'JustificationRule', 'TicketingRule'],
      ]);
      const full = { target, ticketNumber: '1', principal: person('pwd,mfa') };
      assert.deepEqual(brokenRules(policy, request(full)), []);
      for (const other of TARGETS.filter((one) => one !== target)) {
        assert.deepEqual(brokenRules(policy, request({ target: other })), [], other);
      }
    });

    test(`${target}: an empty list of rules asks for nothing`, () => {
      const policy = change({ id: `Enablement_${target}`, enabledRules: [] });
      assert.deepEqual(brokenRules(policy, request({ target, justification: undefined })), []);
    });

    test(`${target}: the longest time and the end are set one by one`, () => {
      const id = `Expiration_${target}`;
      const short = change({ id, maximumDuration: 'PT30M' });
      assert.deepEqual(brokenRules(short, request({ target, durationMs: HOUR_MS / 2 })), []);
      assert.deepEqual(brokenRules(short, request({ target, durationMs: HOUR_MS / 2 + 1 })), [
        'ExpirationRule',
      ]);
      const endless = change({ id, isExpirationRequired: false });
      assert.deepEqual(brokenRules(endless, request({ target, durationMs: undefined })), []);
      const ending = change({ id, isExpirationRequired: true });
      assert.deepEqual(brokenRules(ending, request({ target, durationMs: undefined })), [
        'ExpirationRule',
      ]);
    });
  }

  test('a second factor is the word mfa among the methods of the token', () => {
    const enabledRules = ['MultiFactorAuthentication'];
    const policy = change({ id: 'Enablement_EndUser_Assignment', enabledRules });
    for (const amr of ['mfa', 'pwd,mfa', 'pwd mfa', 'mfa,pwd']) {
      assert.deepEqual(brokenRules(policy, request({ principal: person(amr) })), [], amr);
    }
    for (const amr of [undefined, '', 'pwd', 'nomfa', 'mfax', 'MFA', 'ngcmfa']) {
      assert.deepEqual(brokenRules(policy, request({ principal: person(amr) })), ['MfaRule']);
    }
  });

  test('approval is a rule of activation alone; approvers are ids in lower case', () => {
    const id = 'AAAAAAAA-0000-4000-8000-000000000001';
    const stages = [{ primaryApprovers: [{ id }] }];
    const setting = { isApprovalRequired: true, approvalStages: stages };
    const policy = change({ id: 'Approval_EndUser_Assignment', setting });
    assert.equal(policy.approvalRequired, true);
    assert.deepEqual(policy.approvers, [id.toLowerCase()]);
    const off = change({ id: 'Approval_EndUser_Assignment', setting: {} });
    assert.deepEqual([off.approvalRequired, off.approvers], [false, []]);
    for (const target of ['Admin_Assignment', 'Admin_Eligibility']) {
      assert.throws(() => change({ id: `Approval_${target}`, setting }), ApiError, target);
    }
    assert.throws(() => change({ id: 'Approval_EndUser_Assignment' }), ApiError);
  });

  test('a rule that nobody knows, or a time that is none, is refused and not skipped', () => {
    for (const rule of [
      { id: 'Expiration_EndUser' },
      { id: 'Expiration_EndUser_Assignment', maximumDuration: 'soon' },
      { id: 'Expiration_EndUser_Assignment', maximumDuration: 'PT0S' },
      { id: 'Lenience_EndUser_Assignment' },
      { id: 'enablement_EndUser_Assignment' },
      { id: '' },
    ]) {
      assert.throws(() => change(rule), ApiError, rule.id);
    }
    const wrong = { id: 'Enablement_EndUser_Assignment', enabledRules: ['Luck'] };
    assert.throws(() => change(wrong));
  });

  test('shows what it asks for: reading its rules and setting them again changes nothing', () => {
    const setting = { isApprovalRequired: true, approvalStages: [] };
    const policy = change(
      {
        id: 'Expiration_EndUser_Assignment',
        maximumDuration: 'PT90M',
        isExpirationRequired: false,
      },
      { id: 'Enablement_Admin_Assignment', enabledRules: ['Ticketing'] },
      { id: 'Approval_EndUser_Assignment', setting },
    );
    const shown = renderRules(policy);
    const { properties } = policyChangeSchema.parse({ properties: { rules: shown } });
    const again = changePolicy(policy, properties.rules ?? []);
    assert.deepEqual(renderRules(again), shown);
    for (const target of TARGETS) {
      for (const durationMs of [undefined, HOUR_MS, 1.5 * HOUR_MS, 9 * HOUR_MS, 400 * DAY_MS]) {
        const asked = request({ target, durationMs, justification: '' });
        assert.deepEqual(brokenRules(again, asked), brokenRules(policy, asked), target);
      }
    }
  });
});

test('a policy has one name, whatever the letters of its scope, and no other has it', () => {
  const text = fc.stringMatching(/^[a-zA-Z0-9/-]{1,20}$/);
  fc.assert(
    fc.property(text, text, text, (scope, role, other) => {
      const name = policyName(scope, role);
      assert.match(name, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.equal(policyName(scope.toUpperCase(), role.toLowerCase()), name);
      const same = other.toLowerCase() === scope.toLowerCase();
      assert.equal(policyName(other, role) === name, same);
    }),
  );
});

test('a duration of whole seconds is read back as it was printed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 * 86_400 }), (seconds) => {
      assert.equal(parseDuration(renderDuration(seconds * 1000)), seconds * 1000);
    }),
  );
  const table = [
    ['P1Y', 365 * DAY_MS],
    ['P1M', 30 * DAY_MS],
    ['P2W', 14 * DAY_MS],
    ['P1DT2H3M4S', DAY_MS + 2 * HOUR_MS + 184_000],
    ['PT1M', 60_000],
  ] as const;
  for (const [text, ms] of table) assert.equal(parseDuration(text), ms, text);
  for (const text of ['', 'P', 'PT', 'PT0S', 'P0D', '-PT1H', 'PT1.5H', 'pt1h', 'PT1H ', 'P1H']) {
    assert.equal(parseDuration(text), undefined, text);
  }
});
