// An explanation of `strongroom explain` as text: the verdict, why, each step that was looked at,
// and what would be enough, with the command that grants it. What others have named (roles, groups,
// conditions) is printed without control characters, so that no name can write on the terminal.
import { parse, z } from '#kernel';
import { quoteForShell } from './quote.ts';

const groupPath = z.array(z.string());

const stepSchema = z.discriminatedUnion('step', [
  z.object({
    step: z.literal('network'),
    admitted: z.boolean(),
    by: z.string().optional(),
    rule: z.string().optional(),
    reason: z.string().optional(),
    clientAddress: z.string().optional(),
  }),
  z.object({
    step: z.literal('denyAssignment'),
    name: z.string(),
    scope: z.string(),
    action: z.string(),
    verdict: z.string(),
  }),
  z.object({
    step: z.literal('roleAssignment'),
    scope: z.string(),
    action: z.string(),
    roleDefinitionName: z.string(),
    roleName: z.string().nullable(),
    principalId: z.string(),
    groupPath,
    verdict: z.string(),
    condition: z
      .object({
        text: z.string(),
        attributes: z.array(z.object({ attribute: z.string(), value: z.unknown() })),
      })
      .optional(),
  }),
  z.object({
    step: z.literal('accessPolicy'),
    objectId: z.string(),
    applicationId: z.string().nullable(),
    groupPath,
    verdict: z.string(),
  }),
]);

const suggestionSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('roleAssignment'),
    principalId: z.string(),
    roleDefinitionName: z.string(),
    roleName: z.string(),
    scope: z.string(),
  }),
  z.object({
    kind: z.literal('accessPolicy'),
    objectId: z.string(),
    permissions: z.record(z.string(), z.array(z.string())),
  }),
  z.object({ kind: z.literal('removeDenyAssignment'), denyAssignmentId: z.string() }),
  z.object({ kind: z.literal('ipRule'), value: z.string() }),
]);

const explanationSchema = z.object({
  allowed: z.boolean(),
  model: z.enum(['rbac', 'policy']),
  principalId: z.string(),
  action: z.string(),
  scope: z.string(),
  reason: z.looseObject({ code: z.string() }).optional(),
  steps: z.array(stepSchema),
  remedies: z.array(z.object({ obstacle: z.string(), anyOf: z.array(suggestionSchema) })),
  names: z.record(z.string(), z.string()),
});

type Explanation = z.infer<typeof explanationSchema>;
type Step = z.infer<typeof stepSchema>;
type Suggestion = z.infer<typeof suggestionSchema>;

/** Throws if it is not what the instance answers. */
export function parseExplanation(answer: unknown): Explanation {
  return parse(explanationSchema, answer, 'body');
}

const REASONS: Readonly<Record<string, string>> = {
  NoRoleAssignment: 'no role is held there or above.',
  NoRoleAllows: 'roles are held there, but none of them gives this.',
  DenyAssignment: 'a deny assignment forbids it.',
  NoAccessPolicy: 'the vault has no access policy for this principal.',
  AccessPolicyLacksPermission: 'the access policies for this principal leave it out.',
  PrincipalNotActive: 'the account is disabled.',
  TenantMismatch: 'the vault belongs to another tenant.',
  ScopeMalformed: 'the scope is not one for this; an operation on one object has to name it.',
};

const VERDICTS: Readonly<Record<string, string>> = {
  allows: 'allows it',
  overruled: 'would allow it, but a deny assignment forbids it',
  notYetActive: 'has not begun yet',
  expired: 'has ended',
  groupLeft: 'was activated through a group that was left since',
  roleNotFound: 'the role is gone',
  actionNotGranted: 'does not give this',
  actionExcluded: 'gives this by a wildcard and takes it out again',
  roleConditionNotMet: 'the condition of the role is not met',
  conditionNotMet: 'the condition is not met',
  conditionBroken: 'the condition cannot be read',
  permissionNotGranted: 'leaves this permission out',
  otherApplication: 'is for another application',
  otherTenant: 'is for another tenant',
  denies: 'forbids it',
  childScope: 'does not reach below its scope',
  otherPrincipal: 'is about others',
  excludedPrincipal: 'leaves this principal out',
  otherAction: 'is about something else',
};

/** Of deny assignments that do not bear on it. */
const IRRELEVANT = new Set(['childScope', 'otherPrincipal', 'excludedPrincipal', 'otherAction']);

export function renderExplanation(explanation: Explanation): string {
  const { allowed, principalId, action, scope, steps } = explanation;
  const who = nameOf(explanation, principalId);
  const lines = [
    `${allowed ? 'Allowed' : 'Refused'}: ${who} ${allowed ? 'may' : 'may not'} ${action}`,
    `at ${scopeName(scope)}.`,
    ...reasonLines(explanation),
    ...(steps.length === 0 ? [] : ['', `Looked at (${decider(explanation)}):`]),
    ...steps.flatMap((step) => stepLines(explanation, step)),
    ...remedyLines(explanation),
  ];
  return `${lines.map(plain).join('\n')}\n`;
}

function decider({ model }: Explanation): string {
  return model === 'rbac' ? 'role assignments decide' : 'access policies decide';
}

function reasonLines({ allowed, reason, steps }: Explanation): readonly string[] {
  if (allowed) return [];
  const closed = steps.some((step) => step.step === 'network' && !step.admitted);
  const reasons = [
    ...(closed ? ['the network of the vault is closed to that address.'] : []),
    ...(reason === undefined ? [] : [REASONS[reason.code] ?? reason.code]),
  ];
  const lines = reasons.map((text, index) => (index === 0 ? `Why: ${text}` : `And: ${text}`));
  return lines.length === 0 ? [] : ['', ...lines];
}

function stepLines(explanation: Explanation, step: Step): readonly string[] {
  if (step.step === 'network') return [`  ${mark(step.admitted)} ${networkText(step)}`];
  const verdict = VERDICTS[step.verdict] ?? step.verdict;
  const line = `${marked(step.verdict)} ${subject(explanation, step)}: ${verdict}`;
  const condition = step.step === 'roleAssignment' ? conditionLines(step.condition) : [];
  return [`  ${line}`, ...condition];
}

type NetworkStep = Extract<Step, { step: 'network' }>;

function networkText({ admitted, clientAddress, by, rule, reason }: NetworkStep): string {
  const why = rule === undefined ? (by ?? reason ?? '') : `${by} ${rule}`;
  const fate = admitted ? 'let in' : 'kept out';
  return `network: ${clientAddress ?? 'the client'} is ${fate} (${why})`;
}

function subject(explanation: Explanation, step: Exclude<Step, NetworkStep>): string {
  switch (step.step) {
    case 'denyAssignment':
      return `deny assignment "${step.name}" at ${scopeName(step.scope)}`;
    case 'accessPolicy': {
      const by = step.applicationId === null ? '' : ` with application ${step.applicationId}`;
      return `access policy${by}, ${pathText(explanation, step.groupPath)}`;
    }
    case 'roleAssignment': {
      const role = step.roleName ?? step.roleDefinitionName;
      const path = pathText(explanation, step.groupPath);
      const insteadOf = isAlternative(explanation, step) ? ` (by ${step.action})` : '';
      return `${role} at ${scopeName(step.scope)}, ${path}${insteadOf}`;
    }
  }
}

/** Some operations are allowed by another data action as well. */
function isAlternative({ action }: Explanation, step: { readonly action: string }): boolean {
  return step.action.toLowerCase() !== action.toLowerCase();
}

function pathText(explanation: Explanation, path: readonly string[]): string {
  if (path.length === 0) return 'held directly';
  return `held through ${path.map((id) => nameOf(explanation, id)).join(' > ')}`;
}

type Condition = Extract<Step, { step: 'roleAssignment' }>['condition'];

function conditionLines(condition: Condition): readonly string[] {
  if (condition === undefined) return [];
  const values = condition.attributes.map(
    ({ attribute, value }) => `      ${attribute} is ${JSON.stringify(value) ?? 'null'}`,
  );
  return [`      condition: ${condition.text}`, ...values];
}

function remedyLines(explanation: Explanation): readonly string[] {
  const { remedies } = explanation;
  if (remedies.length === 0) return [];
  const lines = remedies.flatMap((remedy, index) => {
    const number = remedies.length > 1 ? `${index + 1}. ` : '';
    const [first, ...others] = remedy.anyOf;
    if (first === undefined) return [`  ${number}no grant helps here (${remedy.obstacle})`];
    const command = commandFor(explanation, first);
    return [
      `  ${number}${suggestionText(first)}`,
      ...others.map((other) => `     or ${suggestionText(other)}`),
      ...(command === undefined ? [] : [`     ${command}`]),
    ];
  });
  const all = remedies.length > 1 ? ', all of it' : '';
  return ['', `What would be enough${all}:`, ...lines];
}

function suggestionText(suggestion: Suggestion): string {
  switch (suggestion.kind) {
    case 'roleAssignment':
      return `role ${suggestion.roleName} at ${scopeName(suggestion.scope)}`;
    case 'accessPolicy':
      return `access policy permission ${permissionsOf(suggestion).join(', ')}`;
    case 'removeDenyAssignment':
      return `deny assignment ${suggestion.denyAssignmentId} taken away`;
    case 'ipRule':
      return `IP rule ${suggestion.value}`;
  }
}

type Policy = Extract<Suggestion, { kind: 'accessPolicy' }>;

function permissionsOf({ permissions }: Policy): readonly string[] {
  return Object.entries(permissions).flatMap(([type, names]) =>
    names.map((name) => `${type}/${name}`),
  );
}

/** With the Azure CLI; nothing where it has no command for it. */
function commandFor({ scope }: Explanation, suggestion: Suggestion): string | undefined {
  const vault = scope.split('/')[8] ?? '';
  switch (suggestion.kind) {
    case 'roleAssignment': {
      const { principalId, roleName } = suggestion;
      const to = `--assignee ${principalId} --role ${quoteForShell(roleName)}`;
      return `az role assignment create ${to} --scope ${quoteForShell(suggestion.scope)}`;
    }
    case 'accessPolicy': {
      const flags = Object.entries(suggestion.permissions).map(
        ([type, names]) => `--${type.replace(/s$/, '')}-permissions ${names.join(' ')}`,
      );
      const to = `--name ${quoteForShell(vault)} --object-id ${suggestion.objectId}`;
      return `az keyvault set-policy ${to} ${flags.join(' ')}`;
    }
    case 'ipRule':
      return `az keyvault network-rule add --name ${quoteForShell(vault)} --ip-address ${suggestion.value}`;
    case 'removeDenyAssignment':
      return undefined;
  }
}

function nameOf({ names }: Explanation, id: string): string {
  const name = names[id];
  return name === undefined ? id : `"${name}"`;
}

/** What a person calls it; the id itself where there is no shorter name. */
function scopeName(scope: string): string {
  const [, first, subscription = '', , group, , , type, name, kind, object] = scope.split('/');
  if (scope === '/') return 'the root (/)';
  if (first?.toLowerCase() !== 'subscriptions') return scope;
  if (group === undefined) return `subscription ${subscription}`;
  if (name === undefined) return `resource group ${group}`;
  if (type?.toLowerCase() !== 'vaults') return scope;
  if (object === undefined) return `vault ${name}`;
  return `${kind?.replace(/s$/, '')} ${object} in vault ${name}`;
}

function mark(good: boolean): string {
  return good ? '✓' : '✗';
}

function marked(verdict: string): string {
  return IRRELEVANT.has(verdict) ? '·' : mark(verdict === 'allows');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

function plain(text: string): string {
  return text.replace(CONTROL, ' ');
}
