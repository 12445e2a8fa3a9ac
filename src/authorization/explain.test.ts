import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { DataRequest } from './decision.ts';
import { type ExplainRequest, explain } from './explain.ts';
import { randomWorld } from './random-worlds.fixture.ts';
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
    assert.deepEqual(explanation.suggestions, []);
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
    assert.deepEqual(explanation.suggestions[0], {
      kind: 'roleAssignment',
      principalId: 'p1',
      roleDefinitionName: USER,
      roleName: 'Key Vault Secrets User',
      scope: `${VAULT}/secrets/db`.toLowerCase(),
    });
    const set = explain(worldOf({}), data({ access: secretAccess.set })).suggestions[0];
    assert.ok(set?.kind === 'roleAssignment');
    assert.equal(set.roleName, 'Key Vault Secrets Officer');
    const list = explain(worldOf({}), data({ access: secretAccess.list })).suggestions[0];
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
    const { suggestions } = explain(worldOf({ roles: [elsewhere, here] }), data());
    const names = suggestions.map((each) => (each.kind === 'roleAssignment' ? each.roleName : ''));
    assert.equal(names[0], 'Mine');
    assert.ok(!names.includes('Elsewhere'));
  });

  it('never proposes Owner where something smaller is enough', () => {
    const { suggestions } = explain(worldOf({}), action('Microsoft.KeyVault/vaults/read'));
    assert.ok(suggestions.length > 0);
    for (const each of suggestions)
      assert.ok(each.kind === 'roleAssignment' && each.roleName !== 'Owner');
  });

  it('proposes the access policy permission where policies decide', () => {
    const vault = vaultOf({ enableRbacAuthorization: false });
    const { suggestions } = explain(worldOf({}), data({ vault }));
    assert.deepEqual(suggestions, [
      { kind: 'accessPolicy', objectId: 'p1', permissions: { secrets: ['get'] } },
    ]);
  });

  it('says that a denial has to go before any grant helps', () => {
    const deny = denyAssignment({
      scope: VAULT,
      principals: [{ id: 'p1', type: 'User' }],
      permission: { dataActions: ['*'] },
    });
    const explanation = explain(worldOf({ denies: [deny] }), data());
    assert.deepEqual(explanation.suggestions, [
      { kind: 'removeDenyAssignment', denyAssignmentId: deny.name },
    ]);
    const [step] = explanation.steps;
    assert.ok(step?.step === 'denyAssignment');
    assert.equal(step.verdict, 'denies');
  });

  it('proposes an IP rule where the firewall refused, and the role as well if it lacks', () => {
    const network = { admitted: false, reason: 'firewall', clientAddress: '203.0.113.9' };
    const explanation = explain(worldOf({}), { ...data(), network });
    assert.ok(!explanation.allowed);
    assert.deepEqual(explanation.suggestions.map(({ kind }) => kind).slice(0, 2), [
      'ipRule',
      'roleAssignment',
    ]);
    assert.deepEqual(explanation.suggestions[0], { kind: 'ipRule', value: '203.0.113.9/32' });
  });

  it('proposes no IP rule for an IPv6 client, which none would let in', () => {
    const network = { admitted: false, reason: 'firewall', clientAddress: '2001:db8::1' };
    const { suggestions } = explain(worldOf({}), { ...data(), network });
    assert.ok(!suggestions.some(({ kind }) => kind === 'ipRule'));
  });

  it('proposes nothing for an account that is disabled or foreign', () => {
    const disabled = explain(worldOf({ inactive: ['p1'] }), data());
    assert.equal(disabled.reason?.code, 'PrincipalNotActive');
    assert.deepEqual([disabled.steps, disabled.suggestions], [[], []]);
    const principal = person('p1', { tenantId: 'other' });
    const foreign = explain(worldOf({}), data({ principal }));
    assert.deepEqual([foreign.reason?.code, foreign.suggestions], ['TenantMismatch', []]);
  });
});

describe('explanations of random worlds', () => {
  it('every grant proposed is enough, and one step allows exactly if the decision does', () => {
    let proposed = 0;
    fc.assert(
      fc.property(randomWorld, ({ records, asked }) => {
        const { allowed, steps, suggestions, reason } = explain(worldOf(records), asked);
        const allows = steps.some((step) => 'verdict' in step && step.verdict === 'allows');
        assert.ok(!allowed || allows);
        assert.ok(allowed || !allows || reason?.code === 'DenyAssignment');
        for (const each of suggestions) {
          if (each.kind === 'roleAssignment') {
            const assignments = [...(records.assignments ?? []), assign(each)];
            assert.ok(explain(worldOf({ ...records, assignments }), asked).allowed);
            proposed += 1;
          }
          if (each.kind === 'accessPolicy' && asked.kind === 'data') {
            const { objectId, permissions } = each;
            const { vault } = asked.request;
            const accessPolicies = [...vault.accessPolicies, policyFor(objectId, permissions)];
            const request = { ...asked.request, vault: { ...vault, accessPolicies } };
            assert.ok(explain(worldOf(records), { kind: 'data', request }).allowed);
            proposed += 1;
          }
        }
      }),
      { numRuns: 1500 },
    );
    assert.ok(proposed > 500, `only ${proposed} proposals`);
  });
});
