// Random worlds for the tests that compare the decision with a reference: few names, so that they
// meet often, in every spelling. Conditions come with their meaning, so that a reference needs no
// parser.
import fc from 'fast-check';
import type { AccessPolicyEntry, DenyAssignment, RoleAssignment, RoleDefinition } from '#resources';
import type { ActionRequest, DataRequest } from './decision.ts';
import {
  assign,
  customRole,
  denyAssignment,
  freshGuid,
  NOW_MS,
  person,
  policyFor,
  roleNamed,
  SUBSCRIPTION,
  TENANT,
  vaultOf,
  type WorldRecords,
} from './world.fixture.ts';

/** What a condition may see, and whether names are compared without case. */
export interface Facts {
  readonly action: string;
  readonly secretAsResource: string | undefined;
  readonly secretAsRequest: string | undefined;
  readonly roleInRequest: string | undefined;
  readonly folded: boolean;
}

/** `undefined`: it cannot be said, because something is missing. */
export type Meaning = (facts: Facts) => boolean | undefined;

export interface MeantCondition {
  readonly text: string;
  readonly holds: Meaning;
}

export interface RandomWorld {
  readonly records: WorldRecords;
  /** Condition text → what it means. */
  readonly meanings: ReadonlyMap<string, Meaning>;
  readonly asked:
    | { readonly kind: 'action'; readonly request: ActionRequest }
    | { readonly kind: 'data'; readonly request: DataRequest };
}

const PEOPLE = ['p1', 'p2'] as const;
const GROUPS = ['g1', 'g2', 'g3', 'g4'] as const;
const EVERYONE = '00000000-0000-0000-0000-000000000000';
const ROOT_GROUP = '/providers/Microsoft.Management/managementGroups/root';
const OTHER_GROUP = '/providers/Microsoft.Management/managementGroups/other';
const RESOURCE_GROUP = `${SUBSCRIPTION}/resourceGroups/rg`;
const VAULTS = `${RESOURCE_GROUP}/providers/Microsoft.KeyVault/vaults`;
const SCOPES = [
  '/',
  ROOT_GROUP,
  OTHER_GROUP,
  SUBSCRIPTION,
  RESOURCE_GROUP,
  `${RESOURCE_GROUP}2`,
  `${VAULTS}/a`,
  `${VAULTS}/ab`,
  `${VAULTS}/a/secrets/s`,
  `${VAULTS}/a/secrets/st`,
  `${VAULTS}/ab/secrets/s`,
  `${VAULTS}/a/keys/s`,
  `${VAULTS}`,
  '/subscriptions',
] as const;
const SECRETS = 'Microsoft.KeyVault/vaults/secrets';
const DATA_PATTERNS = [
  '*',
  'Microsoft.KeyVault/vaults/*',
  `${SECRETS}/*`,
  `${SECRETS}/getSecret/action`,
  `${SECRETS}/setSecret/action`,
  'Microsoft.KeyVault/vaults/keys/*',
  'Microsoft.KeyVault/vaults/keys/read',
  'Microsoft.KeyVault/*/read',
  '*/get*/action',
];
const ACTION_PATTERNS = [
  '*',
  '*/read',
  'Microsoft.KeyVault/vaults/write',
  'Microsoft.KeyVault/vaults/*/read',
  'Microsoft.KeyVault/vaults/*',
  'Microsoft.Authorization/*/Write',
  'Microsoft.Authorization/roleAssignments/*',
];
const BUILT_IN = ['Owner', 'Contributor', 'Reader', 'Key Vault Secrets User'].map(roleNamed);
const ROLE_ID = 'Microsoft.Authorization/roleAssignments:RoleDefinitionId';
const POLICY_NAMES = ['get', 'GET', 'list', 'set', 'all', 'purge', 'encrypt'];

const oneOf = <T>(values: readonly T[]) => fc.constantFrom(...values);
const anyCase = (values: readonly string[]) =>
  fc.tuple(oneOf(values), fc.constantFrom('as is', 'upper', 'lower')).map(([text, spelling]) => {
    if (spelling === 'as is') return text;
    return spelling === 'upper' ? text.toUpperCase() : text.toLowerCase();
  });

const leaves: readonly MeantCondition[] = [
  {
    text: `ActionMatches{'${SECRETS}/*'}`,
    holds: ({ action }) => action.toLowerCase().startsWith(`${SECRETS}/`.toLowerCase()),
  },
  {
    text: `ActionMatches{'Microsoft.Authorization/roleAssignments/write'}`,
    holds: ({ action }) => action.toLowerCase() === 'microsoft.authorization/roleassignments/write',
  },
  named('@Resource', 'StringEquals', (name) => name === 's'),
  named('@Resource', 'StringNotEquals', (name) => name !== 's'),
  named('@Resource', 'StringNotEqualsIgnoreCase', (name) => name.toLowerCase() !== 's'),
  named('@Request', 'StringStartsWith', (name) => name.startsWith('s')),
  named('@Request', 'StringNotLike', (name) => name !== 's'),
  {
    text: `@Request[${ROLE_ID}] ForAnyOfAnyValues:GuidEquals {${BUILT_IN.join(', ')}}`,
    holds: ({ roleInRequest }) =>
      roleInRequest === undefined ? undefined : BUILT_IN.includes(roleInRequest.toLowerCase()),
  },
  { text: `@Environment[UtcNow] DateTimeLessThan '2026-07-01T00:00:00.0Z'`, holds: () => true },
  { text: `@Principal[Department] StringNotEquals 'x'`, holds: () => undefined },
  {
    text: 'Exists @Resource[Microsoft.KeyVault/vaults/secrets:name]',
    holds: ({ secretAsResource }) => secretAsResource !== undefined,
  },
];

function named(
  source: '@Resource' | '@Request',
  operator: string,
  test: (name: string) => boolean,
): MeantCondition {
  return {
    text: `${source}[Microsoft.KeyVault/vaults/secrets:NAME] ${operator} 's'`,
    holds: ({ secretAsResource, secretAsRequest, folded }) => {
      const name = source === '@Resource' ? secretAsResource : secretAsRequest;
      return name === undefined ? undefined : test(folded ? name.toLowerCase() : name);
    },
  };
}

function negated(truth: boolean | undefined): boolean | undefined {
  return truth === undefined ? undefined : !truth;
}

function both(a: boolean | undefined, b: boolean | undefined): boolean | undefined {
  if (a === false || b === false) return false;
  return a === undefined || b === undefined ? undefined : true;
}

const condition: fc.Arbitrary<MeantCondition> = fc.letrec<{ node: MeantCondition }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    oneOf(leaves),
    tie('node').map(({ text, holds }) => ({
      text: `!(${text})`,
      holds: (facts: Facts) => negated(holds(facts)),
    })),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => ({
      text: `(${a.text}) AND (${b.text})`,
      holds: (facts: Facts) => both(a.holds(facts), b.holds(facts)),
    })),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => ({
      text: `(${a.text}) OR (${b.text})`,
      holds: (facts: Facts) => negated(both(negated(a.holds(facts)), negated(b.holds(facts)))),
    })),
  ),
})).node;

const broken: MeantCondition = { text: 'no condition at all', holds: () => false };
const someCondition: fc.Arbitrary<MeantCondition | undefined> = fc.oneof(
  { weight: 10, arbitrary: fc.constant(undefined) },
  { weight: 9, arbitrary: condition },
  { weight: 1, arbitrary: fc.constant(broken) },
);

interface Meant<T> {
  readonly record: T;
  readonly conditions: readonly MeantCondition[];
}

const permission = fc
  .record({
    actions: fc.array(anyCase(ACTION_PATTERNS), { minLength: 1, maxLength: 2 }),
    notActions: fc.array(anyCase(ACTION_PATTERNS), { maxLength: 1 }),
    dataActions: fc.array(anyCase(DATA_PATTERNS), { minLength: 1, maxLength: 2 }),
    notDataActions: fc.array(anyCase(DATA_PATTERNS), { maxLength: 1 }),
  })
  .chain((each) =>
    someCondition.map((given) => ({
      each: { ...each, ...(given && { condition: given.text }) },
      conditions: given ? [given] : [],
    })),
  );

const role: fc.Arbitrary<Meant<RoleDefinition>> = fc
  .array(permission, { minLength: 1, maxLength: 2 })
  .map((permissions) => ({
    record: customRole(permissions.map(({ each }) => each)),
    conditions: permissions.flatMap(({ conditions }) => conditions),
  }));

const bounds = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { startsAtMs: NOW_MS },
      { startsAtMs: NOW_MS + 1 },
      { endsAtMs: NOW_MS },
      { startsAtMs: NOW_MS - 1, endsAtMs: NOW_MS + 1 },
      { throughGroup: 'g1' },
      { throughGroup: 'G2' },
    ),
  },
);

// Most of what is assigned stands above what most is asked about.
const likelyScope = fc.oneof(
  { weight: 2, arbitrary: anyCase(['/', SUBSCRIPTION, RESOURCE_GROUP, `${VAULTS}/a`]) },
  { weight: 1, arbitrary: anyCase(SCOPES) },
);
const holder = anyCase([...PEOPLE, ...GROUPS]);

function assignment(roles: readonly RoleDefinition[]): fc.Arbitrary<Meant<RoleAssignment>> {
  const custom = roles.map(({ name }) => name);
  const names = fc.oneof(
    { weight: 1, arbitrary: oneOf([...BUILT_IN, freshGuid()]) },
    { weight: custom.length, arbitrary: custom.length > 0 ? oneOf(custom) : oneOf(BUILT_IN) },
  );
  return fc
    .record({
      principalId: holder,
      scope: likelyScope,
      roleDefinitionName: names,
      bounds,
    })
    .chain(({ bounds: time, ...rest }) =>
      someCondition.map((given) => ({
        record: assign({ ...rest, ...time, ...(given && { condition: given.text }) }),
        conditions: given ? [given] : [],
      })),
    );
}

const deny: fc.Arbitrary<Meant<DenyAssignment>> = fc
  .record({
    scope: anyCase(SCOPES.slice(0, -2)),
    principals: fc.array(anyCase([...PEOPLE, ...GROUPS, EVERYONE]), { maxLength: 2 }),
    excluded: fc.array(holder, { maxLength: 1 }),
    doNotApplyToChildScopes: fc.boolean(),
    permission,
  })
  .map(({ principals, excluded, permission: given, ...rest }) => ({
    record: denyAssignment({
      ...rest,
      principals: principals.map((id) => ({ id, type: 'User' })),
      excludePrincipals: excluded.map((id) => ({ id, type: 'User' })),
      permission: given.each,
    }),
    conditions: given.conditions,
  }));

const policy: fc.Arbitrary<AccessPolicyEntry> = fc
  .record({
    objectId: holder,
    permissions: fc.record({
      secrets: fc.array(oneOf(POLICY_NAMES), { maxLength: 2 }),
      keys: fc.array(oneOf(POLICY_NAMES), { maxLength: 1 }),
    }),
    tenantId: fc.oneof(
      { weight: 9, arbitrary: fc.constant(TENANT) },
      { weight: 1, arbitrary: fc.constant('other') },
    ),
    applicationId: fc.option(anyCase(['app1', 'app2']), { nil: undefined, freq: 2 }),
  })
  .map(({ objectId, permissions, applicationId, tenantId }) =>
    policyFor(objectId, permissions, { tenantId, ...(applicationId && { applicationId }) }),
  );

const principal = fc
  .record({
    id: oneOf(PEOPLE),
    type: fc.constantFrom('User' as const, 'ServicePrincipal' as const),
    applicationId: fc.constantFrom('app1', 'app2'),
    tenantId: fc.oneof(
      { weight: 30, arbitrary: fc.constant(TENANT) },
      { weight: 1, arbitrary: fc.constant('other') },
    ),
  })
  .map(({ id, ...rest }) => person(id, rest));

const actionRequest = fc
  .record({
    principal,
    action: anyCase([
      'Microsoft.KeyVault/vaults/read',
      'Microsoft.KeyVault/vaults/write',
      'Microsoft.Authorization/roleAssignments/write',
    ]),
    scope: likelyScope,
    role: fc.option(anyCase([...BUILT_IN, freshGuid()]), { nil: undefined }),
  })
  .map(({ role: roleId, ...rest }) => ({
    kind: 'action' as const,
    request: {
      ...rest,
      nowMs: NOW_MS,
      attributes: roleId ? { request: { [ROLE_ID]: roleId } } : undefined,
    },
  }));

const dataOperations = [
  { action: `${SECRETS}/getSecret/action`, policy: ['secrets/get'], at: 'object' },
  { action: `${SECRETS}/setSecret/action`, policy: ['secrets/set'], at: 'object' },
  { action: `${SECRETS}/readMetadata/action`, policy: ['secrets/list'], at: 'vault' },
  { action: `${SECRETS}/purge/action`, policy: ['secrets/purge'], at: 'object' },
  {
    action: 'Microsoft.KeyVault/vaults/keys/encrypt/action',
    alternatives: ['Microsoft.KeyVault/vaults/keys/read'],
    policy: ['keys/encrypt', 'keys/get'],
    at: 'object',
  },
] as const;

const dataRequest = fc
  .record({
    principal,
    vaultName: anyCase(['a', 'ab']),
    operation: oneOf(dataOperations),
    objectName: fc.constantFrom('s', 'S', 'st'),
    accessPolicies: fc.array(policy, { maxLength: 5, size: 'max' }),
    rbac: fc.option(fc.boolean(), { nil: undefined }),
  })
  .map(({ principal: asking, vaultName, operation, objectName, accessPolicies, rbac }) => ({
    kind: 'data' as const,
    request: {
      principal: asking,
      vault: vaultOf({
        name: vaultName,
        resourceGroup: 'RG',
        accessPolicies,
        ...(rbac !== undefined && { enableRbacAuthorization: rbac }),
      }),
      objectScope: `${operation.action.includes('/keys/') ? 'keys' : 'secrets'}/${objectName}`,
      access: { kind: 'data' as const, ...operation },
      nowMs: NOW_MS,
    },
  }));

const groups = fc
  .tuple(
    ...GROUPS.map((group) =>
      fc
        .uniqueArray(oneOf([...PEOPLE, ...GROUPS]), { maxLength: 4, size: 'max' })
        .map((members) => [group, members] as const),
    ),
  )
  .map((entries) => Object.fromEntries(entries));

export const randomWorld: fc.Arbitrary<RandomWorld> = fc
  .array(role, { minLength: 1, maxLength: 4, size: 'max' })
  .chain((roles) =>
    fc.record({
      roles: fc.constant(roles),
      assignments: fc.array(assignment(roles.map(({ record }) => record)), {
        minLength: 1,
        maxLength: 8,
        size: 'max',
      }),
      denies: fc.array(deny, { maxLength: 3, size: 'max' }),
      groups,
      inactive: fc.oneof(
        { weight: 9, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.subarray([...PEOPLE]) },
      ),
      asked: fc.oneof(actionRequest, dataRequest),
    }),
  )
  .map(({ roles, assignments, denies, asked, ...rest }) => ({
    records: {
      ...rest,
      roles: roles.map(({ record }) => record),
      assignments: assignments.map(({ record }) => record),
      denies: denies.map(({ record }) => record),
      above: { [SUBSCRIPTION]: [ROOT_GROUP.toLowerCase()] },
    },
    meanings: new Map(
      [...roles, ...assignments, ...denies]
        .flatMap(({ conditions }) => conditions)
        .map(({ text, holds }) => [text, holds]),
    ),
    asked,
  }));
