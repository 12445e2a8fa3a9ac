import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { DataRequest } from './decision.ts';
import { type ExplainRequest, type Explanation, explain } from './explain.ts';
import { type RandomWorld, randomWorld } from './random-worlds.fixture.ts';
import type { Remedy, Suggestion } from './smallest-grants.ts';
import {
  assign,
  customRole,
  denyAssignment,
  NOW_MS,
  person,
  policyFor,
  roleNamed,
  SUBSCRIPTION,
  secretAccess,
  VAULT,
  vaultOf,
  worldOf,
} from './world.fixture.ts';

const USER = roleNamed('Key Vault Secrets User');

const ENCRYPT: DataRequest['access'] = {
  kind: 'data',
  action: 'Microsoft.KeyVault/vaults/keys/encrypt/action',
  alternatives: ['Microsoft.KeyVault/vaults/keys/read'],
  policy: ['keys/encrypt'],
  at: 'object',
};

function data(changes: Partial<DataRequest> = {}): ExplainRequest {
  return {
    kind: 'data',
    request: {
      principal: person('p1'),
      vault: vaultOf(),
      objectScope: 'secrets/db',
      access: secretAccess.get,
      nowMs: NOW_MS,
      ...changes,
    },
  };
}

/** What is proposed in place of the grant that is missing. */
function grantsFor({ remedies }: Explanation) {
  return remedies.find(({ obstacle }) => obstacle === 'grantMissing')?.anyOf ?? [];
}

function action(name: string): ExplainRequest {
  return {
    kind: 'action',
    request: { principal: person('p1'), action: name, scope: VAULT, nowMs: NOW_MS },
  };
}

describe('the explanation of an allowed request', () => {
  it('names the assignment, its role, and the way through the groups', () => {
    const assignment = assign({
      principalId: 'g3',
      scope: SUBSCRIPTION,
      roleDefinitionName: USER,
    });
    const world = worldOf({
      assignments: [assignment],
      groups: { g1: ['p1'], g2: ['g1'], g3: ['g2', 'g9'], g9: ['g3'] },
    });
    const explanation = explain(world, data());
    assert.ok(explanation.allowed);
    assert.equal(explanation.model, 'rbac');
    assert.equal(explanation.assignmentId, assignment.name.replaceAll('-', ''));
    assert.deepEqual(explanation.steps, [
      {
        step: 'roleAssignment',
        assignmentId: assignment.name,
        scope: SUBSCRIPTION,
        action: 'microsoft.keyvault/vaults/secrets/getsecret/action',
        roleDefinitionName: USER,
        roleName: 'Key Vault Secrets User',
        principalId: 'g3',
        groupPath: ['g1', 'g2', 'g3'],
        verdict: 'allows',
      },
    ]);
    assert.deepEqual(explanation.remedies, []);
  });

  it('shows the access policy and what the firewall said', () => {
    const vault = vaultOf({
      enableRbacAuthorization: false,
      accessPolicies: [
        policyFor('p2', { secrets: ['all'] }),
        policyFor('g1', { secrets: ['list'] }),
        policyFor('p1', { secrets: ['get'] }),
      ],
    });
    const network = { admitted: true, by: 'ipRule', rule: '203.0.113.0/24' };
    const world = worldOf({ groups: { g1: ['p1'] } });
    const explanation = explain(world, { ...data({ vault }), network });
    assert.ok(explanation.allowed);
    assert.equal(explanation.model, 'policy');
    assert.deepEqual(explanation.steps, [
      { step: 'network', ...network },
      {
        step: 'accessPolicy',
        objectId: 'g1',
        applicationId: null,
        groupPath: ['g1'],
        verdict: 'permissionNotGranted',
      },
      {
        step: 'accessPolicy',
        objectId: 'p1',
        applicationId: null,
        groupPath: [],
        verdict: 'allows',
      },
    ]);
  });
});

describe('the explanation of a refusal', () => {
  it('says what each assignment lacked', () => {
    const held = (changes: Partial<Parameters<typeof assign>[0]>) =>
      assign({ principalId: 'p1', scope: VAULT, roleDefinitionName: USER, ...changes });
    const excluding = customRole([{ dataActions: ['*'], notDataActions: ['*/getSecret/action'] }]);
    const name = '@Resource[Microsoft.KeyVault/vaults/secrets:name]';
    const condition = `${name} StringEquals 'web' OR @Request[a] StringEquals 'x'`;
    const assignments = [
      held({ roleDefinitionName: roleNamed('Owner') }),
      held({ roleDefinitionName: excluding.name }),
      held({ startsAtMs: NOW_MS + 1 }),
      held({ endsAtMs: NOW_MS }),
      held({ condition }),
      held({ roleDefinitionName: 'gone' }),
    ];
    const explanation = explain(worldOf({ roles: [excluding], assignments }), data());
    const verdicts = explanation.steps.map((step) =>
      step.step === 'roleAssignment' ? step.verdict : '',
    );
    assert.deepEqual(verdicts, [
      'actionNotGranted',
      'actionExcluded',
      'notYetActive',
      'expired',
      'conditionNotMet',
      'roleNotFound',
    ]);
    const [conditional] = explanation.steps.filter((step) => 'condition' in step);
    assert.ok(conditional?.step === 'roleAssignment');
    assert.deepEqual(conditional.condition, {
      text: condition,
      attributes: [
        { attribute: name, value: 'db' },
        { attribute: '@Request[a]', value: null },
      ],
    });
  });

  it('proposes the role that gives least, at the scope that is smallest', () => {
    const explanation = explain(worldOf({}), data());
    assert.equal(explanation.reason?.code, 'NoRoleAssignment');
    assert.deepEqual(grantsFor(explanation)[0], {
      kind: 'roleAssignment',
      principalId: 'p1',
      roleDefinitionName: USER,
      roleName: 'Key Vault Secrets User',
      scope: `${VAULT}/secrets/db`.toLowerCase(),
    });
    const set = grantsFor(explain(worldOf({}), data({ access: secretAccess.set })))[0];
    assert.ok(set?.kind === 'roleAssignment');
    assert.equal(set.roleName, 'Key Vault Secrets Officer');
    const list = grantsFor(explain(worldOf({}), data({ access: secretAccess.list })))[0];
    assert.ok(list?.kind === 'roleAssignment');
    assert.equal(list.scope, VAULT.toLowerCase());
  });

  it('proposes a custom role only where it may be assigned', () => {
    const permissions = [{ dataActions: [secretAccess.get.action] }];
    const here = customRole(permissions, { roleName: 'Mine' });
    const elsewhere = customRole(permissions, {
      roleName: 'Elsewhere',
      assignableScopes: ['/subscriptions/33333333-3333-4333-8333-333333333333'],
    });
    const suggestions = grantsFor(explain(worldOf({ roles: [elsewhere, here] }), data()));
    const names = suggestions.map((each) => (each.kind === 'roleAssignment' ? each.roleName : ''));
    assert.equal(names[0], 'Mine');
    assert.ok(!names.includes('Elsewhere'));
  });

  it('never proposes Owner where something smaller is enough', () => {
    const suggestions = grantsFor(explain(worldOf({}), action('Microsoft.KeyVault/vaults/read')));
    assert.ok(suggestions.length > 0);
    for (const each of suggestions)
      assert.ok(each.kind === 'roleAssignment' && each.roleName !== 'Owner');
  });

  it('proposes the access policy permission where policies decide', () => {
    const vault = vaultOf({ enableRbacAuthorization: false });
    assert.deepEqual(grantsFor(explain(worldOf({}), data({ vault }))), [
      { kind: 'accessPolicy', objectId: 'p1', permissions: { secrets: ['get'] } },
    ]);
  });

  it('says that every denial has to go, and then what grant is missing', () => {
    const deny = (scope: string) =>
      denyAssignment({
        scope,
        principals: [{ id: 'p1', type: 'User' }],
        permission: { dataActions: ['*'] },
      });
    const denies = [deny(VAULT), deny(SUBSCRIPTION)];
    const explanation = explain(worldOf({ denies }), data());
    assert.deepEqual(
      explanation.remedies.map(({ anyOf: [first] }) => first?.kind),
      ['removeDenyAssignment', 'removeDenyAssignment', 'roleAssignment'],
    );
    assert.deepEqual(explanation.remedies[1]?.anyOf, [
      { kind: 'removeDenyAssignment', denyAssignmentId: denies[1]?.name },
    ]);
    const [step] = explanation.steps;
    assert.ok(step?.step === 'denyAssignment');
    assert.equal(step.verdict, 'denies');
  });

  it('calls a role that a denial overrules by that name, and asks for no second one', () => {
    const assignments = [assign({ principalId: 'p1', scope: VAULT, roleDefinitionName: USER })];
    const deny = denyAssignment({
      scope: VAULT,
      principals: [{ id: 'p1', type: 'User' }],
      permission: { dataActions: ['*'] },
    });
    const { remedies, steps } = explain(worldOf({ assignments, denies: [deny] }), data());
    assert.deepEqual(
      remedies.map(({ obstacle }) => obstacle),
      ['denyAssignment'],
    );
    assert.equal(steps[1]?.step === 'roleAssignment' && steps[1].verdict, 'overruled');
  });

  it('does not let what would be enough in its place count where that is denied', () => {
    const reader = customRole([{ dataActions: ['Microsoft.KeyVault/vaults/keys/read'] }]);
    const deny = denyAssignment({
      scope: VAULT,
      principals: [{ id: 'p1', type: 'User' }],
      permission: { dataActions: ['Microsoft.KeyVault/vaults/keys/read'] },
    });
    const held = assign({ principalId: 'p1', scope: VAULT, roleDefinitionName: reader.name });
    const explanation = explain(
      worldOf({ roles: [reader], assignments: [held], denies: [deny] }),
      data({ access: ENCRYPT, objectScope: 'keys/k' }),
    );
    assert.equal(explanation.reason?.code, 'NoRoleAllows');
    const verdicts = explanation.steps.map((step) => 'verdict' in step && step.verdict);
    assert.deepEqual(verdicts, ['otherAction', 'actionNotGranted', 'denies', 'overruled']);
    const [grant] = grantsFor(explanation);
    assert.ok(grant?.kind === 'roleAssignment');
    assert.notEqual(grant.roleDefinitionName, reader.name);
  });

  it('proposes an IP rule where the firewall refused, and the role as well if it lacks', () => {
    const network = { admitted: false, reason: 'firewall', clientAddress: '203.0.113.9' };
    const explanation = explain(worldOf({}), { ...data(), network });
    assert.ok(!explanation.allowed);
    assert.deepEqual(explanation.remedies[0], {
      obstacle: 'network',
      anyOf: [{ kind: 'ipRule', value: '203.0.113.9/32' }],
    });
    assert.equal(explanation.remedies[1]?.obstacle, 'grantMissing');
  });

  it('proposes no IP rule for an IPv6 client, which none would let in', () => {
    const network = { admitted: false, reason: 'firewall', clientAddress: '2001:db8::1' };
    const { remedies } = explain(worldOf({}), { ...data(), network });
    assert.deepEqual(remedies[0], { obstacle: 'network', anyOf: [] });
  });

  it('proposes nothing for an account that is disabled or foreign', () => {
    const disabled = explain(worldOf({ inactive: ['p1'] }), data());
    assert.equal(disabled.reason?.code, 'PrincipalNotActive');
    assert.deepEqual([disabled.steps, disabled.remedies], [[], []]);
    const principal = person('p1', { tenantId: 'other' });
    const foreign = explain(worldOf({}), data({ principal }));
    assert.deepEqual([foreign.reason?.code, foreign.remedies], ['TenantMismatch', []]);
  });
});

describe('explanations of random worlds', () => {
  it('what is proposed is enough, and one step allows exactly if the decision does', (test) => {
    let proposed = 0;
    const seed = randomInt(2 ** 31);
    test.diagnostic(`seed ${seed}`);
    fc.assert(
      fc.property(randomWorld, ({ records, asked }) => {
        const { allowed, steps, remedies } = explain(worldOf(records), asked);
        const allows = steps.some((step) => 'verdict' in step && step.verdict === 'allows');
        assert.equal(allowed, allows);
        for (const chosen of waysOut(remedies)) {
          const after = chosen.reduce(apply, { records, asked });
          assert.ok(explain(worldOf(after.records), after.asked).allowed);
          proposed += 1;
        }
      }),
      { numRuns: 1500, seed },
    );
    assert.ok(proposed > 500, `only ${proposed} proposals`);
  });
});

type Situation = Pick<RandomWorld, 'records' | 'asked'>;

/** Every choice of one suggestion for the last obstacle; those before it leave none. */
function waysOut(remedies: readonly Remedy[]): readonly (readonly Suggestion[])[] {
  const last = remedies.at(-1)?.anyOf ?? [];
  const before = remedies.slice(0, -1).flatMap(({ anyOf }) => anyOf.slice(0, 1));
  return last.map((each) => [...before, each]);
}

function apply({ records, asked }: Situation, suggestion: Suggestion): Situation {
  switch (suggestion.kind) {
    case 'roleAssignment':
      return {
        asked,
        records: { ...records, assignments: [...(records.assignments ?? []), assign(suggestion)] },
      };
    case 'removeDenyAssignment': {
      const denies = records.denies?.filter(({ name }) => name !== suggestion.denyAssignmentId);
      return { asked, records: { ...records, denies: denies ?? [] } };
    }
    case 'accessPolicy': {
      assert.ok(asked.kind === 'data');
      const { vault } = asked.request;
      const entry = policyFor(suggestion.objectId, suggestion.permissions);
      const changed = { ...vault, accessPolicies: [...vault.accessPolicies, entry] };
      return { records, asked: { kind: 'data', request: { ...asked.request, vault: changed } } };
    }
    case 'ipRule':
      throw new Error('these worlds have no firewall');
  }
}
