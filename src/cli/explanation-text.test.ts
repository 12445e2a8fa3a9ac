import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExplanation, renderExplanation } from './explanation-text.ts';

const GROUP = '/subscriptions/s/resourceGroups/demo';
const VAULT = `${GROUP}/providers/Microsoft.KeyVault/vaults/my-vault`;
const GET = 'Microsoft.KeyVault/vaults/secrets/getSecret/action';

function text(changes: object): string {
  return renderExplanation(
    parseExplanation({
      ...{ allowed: false, model: 'rbac', principalId: 'p', action: GET, names: { p: 'Ada' } },
      ...{ scope: `${VAULT}/secrets/one`, steps: [], remedies: [] },
      ...changes,
    }),
  );
}

const role = {
  ...{ step: 'roleAssignment', scope: GROUP, action: GET, roleDefinitionName: 'r' },
  ...{ roleName: 'Key Vault Secrets User', principalId: 'g2', groupPath: ['g1', 'g2'] },
  verdict: 'allows',
};

test('what is allowed shows by which role, where, and through which groups', () => {
  const names = { p: 'Ada', g1: 'Ops', g2: 'Platform' };
  assert.equal(
    text({ allowed: true, steps: [role], names }),
    `Allowed: "Ada" may ${GET}
at secret one in vault my-vault.

Looked at (role assignments decide):
  ✓ Key Vault Secrets User at resource group demo, held through "Ops" > "Platform": allows it
`,
  );
});

test('a condition is shown with what it saw', () => {
  const attribute = '@Resource[Microsoft.KeyVault/vaults/secrets:name]';
  const condition = {
    text: `${attribute} StringEquals 'two'`,
    attributes: [
      { attribute, value: 'one' },
      { attribute: '@Principal[x]', value: null },
    ],
  };
  const step = { ...role, groupPath: [], verdict: 'conditionNotMet', condition };
  const shown = text({ steps: [step], reason: { code: 'NoRoleAllows' } });
  assert.match(shown, /Why: roles are held there, but none of them gives this\./);
  assert.match(
    shown,
    /✗ Key Vault Secrets User at resource group demo, held directly: the condition is not met/,
  );
  assert.ok(shown.includes(`      condition: ${condition.text}\n      ${attribute} is "one"\n`));
  assert.ok(shown.includes('      @Principal[x] is null\n'));
});

test('a denial, and a role that it overrules, are told apart from denials of others', () => {
  const deny = { step: 'denyAssignment', name: 'No reading', scope: '/', action: GET };
  const steps = [
    { ...deny, verdict: 'denies' },
    { ...deny, verdict: 'otherPrincipal' },
    { ...role, verdict: 'overruled' },
  ];
  const remedies = [
    {
      obstacle: 'denyAssignment',
      anyOf: [{ kind: 'removeDenyAssignment', denyAssignmentId: 'd' }],
    },
  ];
  const shown = text({ steps, remedies, reason: { code: 'DenyAssignment' } });
  assert.match(shown, /✗ deny assignment "No reading" at the root \(\/\): forbids it/);
  assert.match(shown, /· deny assignment "No reading" .*: is about others/);
  assert.match(shown, /✗ Key Vault .*: would allow it, but a deny assignment forbids it/);
  assert.match(shown, /What would be enough:\n {2}deny assignment d taken away\n$/);
});

test('everything that is needed is numbered, each with the command that gives it', () => {
  const network = { admitted: false, reason: 'firewall', clientAddress: '203.0.113.9' };
  const steps = [
    { step: 'network', ...network },
    {
      ...{ step: 'accessPolicy', objectId: 'p', applicationId: 'app', groupPath: [] },
      verdict: 'otherApplication',
    },
  ];
  const remedies = [
    { obstacle: 'network', anyOf: [{ kind: 'ipRule', value: '203.0.113.9/32' }] },
    {
      obstacle: 'grantMissing',
      anyOf: [
        { kind: 'accessPolicy', objectId: 'p', permissions: { secrets: ['get'] } },
        { kind: 'accessPolicy', objectId: 'p', permissions: { keys: ['get', 'list'] } },
      ],
    },
  ];
  const reason = { code: 'AccessPolicyLacksPermission' };
  assert.equal(
    text({ model: 'policy', steps, remedies, reason }),
    `Refused: "Ada" may not ${GET}
at secret one in vault my-vault.

Why: the network of the vault is closed to that address.
And: the access policies for this principal leave it out.

Looked at (access policies decide):
  ✗ network: 203.0.113.9 is kept out (firewall)
  ✗ access policy with application app, held directly: is for another application

What would be enough, all of it:
  1. IP rule 203.0.113.9/32
     az keyvault network-rule add --name my-vault --ip-address 203.0.113.9/32
  2. access policy permission secrets/get
     or access policy permission keys/get, keys/list
     az keyvault set-policy --name my-vault --object-id p --secret-permissions get
`,
  );
});

test('where nothing smaller helps it says so', () => {
  const shown = text({ remedies: [{ obstacle: 'network', anyOf: [] }] });
  assert.match(shown, /no grant helps here \(network\)/);
});

test('names that others chose neither write on the terminal nor run in a shell', () => {
  const evil = "x'; rm -rf ~ #\u001b[2J\u009b31m\u202e\n";
  const remedies = [
    {
      obstacle: 'grantMissing',
      anyOf: [
        {
          ...{ kind: 'roleAssignment', principalId: 'p', roleDefinitionName: 'r' },
          ...{ roleName: evil, scope: VAULT },
        },
      ],
    },
  ];
  const shown = text({ names: { p: evil }, steps: [{ ...role, roleName: evil }], remedies });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  assert.doesNotMatch(shown, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  assert.ok(shown.includes(`--role 'x'\\''; rm -rf ~ #`));
  assert.equal(shown.split('\n').length, 10);
});

test('an answer that is no explanation is refused', () => {
  for (const answer of [undefined, {}, { allowed: true }, { allowed: 'yes', steps: [] }]) {
    assert.throws(() => parseExplanation(answer));
  }
});
