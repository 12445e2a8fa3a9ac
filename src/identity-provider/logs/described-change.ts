// A changed directory record in the words of Entra's audit log. Only what is named here is ever
// told: a property that nobody thought of stays out, and of credentials no more than their names.
import { z } from '#kernel';
import type { RecordChange } from './change-ledger.ts';

const VALUE_LENGTH_MAX = 512;
const ENTRIES_MAX = 20;

export interface ModifiedProperty {
  readonly displayName: string;
  /** JSON text, as Entra has it. */
  readonly oldValue: string | null;
  readonly newValue: string | null;
}

export interface DescribedChange {
  readonly category: string;
  readonly activityDisplayName: string;
  readonly operationType: 'Add' | 'Update' | 'Delete';
  readonly target: {
    readonly id: string | null;
    readonly displayName: string | null;
    readonly type: string;
    readonly userPrincipalName: string | null;
    readonly groupType: string | null;
    readonly modifiedProperties: readonly ModifiedProperty[];
  };
}

interface Kind {
  readonly category: string;
  readonly type: string;
  /** As activities name it: `Add user`. */
  readonly noun: string;
  readonly plain: readonly string[];
  /** Lists of ids, told as what came and what went. */
  readonly links?: readonly string[];
  /** Lists of credentials, told by key id and name. */
  readonly credentials?: readonly string[];
  /** Told as changed, without a value. */
  readonly secret?: readonly string[];
}

const APPLICATION_PLAIN = [
  'displayName',
  'signInAudience',
  'identifierUris',
  'webRedirectUris',
  'spaRedirectUris',
  'publicClientRedirectUris',
  'isFallbackPublicClient',
  'appRoles',
  'api',
  'requiredResourceAccess',
];

const KINDS: Readonly<Record<string, Kind>> = {
  user: {
    category: 'UserManagement',
    type: 'User',
    noun: 'user',
    plain: [
      'userPrincipalName',
      'displayName',
      'mailNickname',
      'mail',
      'givenName',
      'surname',
      'accountEnabled',
      'forceChangePasswordNextSignIn',
      'signInSessionsValidFromDateTime',
    ],
    secret: ['passwordHash'],
  },
  authenticationMethods: {
    category: 'UserManagement',
    type: 'User',
    noun: 'authentication methods',
    plain: [],
  },
  group: {
    category: 'GroupManagement',
    type: 'Group',
    noun: 'group',
    plain: ['displayName', 'description', 'mailNickname', 'isAssignableToRole'],
    links: ['members', 'owners'],
  },
  application: {
    category: 'ApplicationManagement',
    type: 'Application',
    noun: 'application',
    plain: APPLICATION_PLAIN,
    links: ['owners'],
    credentials: ['passwordCredentials', 'keyCredentials', 'federatedIdentityCredentials'],
  },
  servicePrincipal: {
    category: 'ApplicationManagement',
    type: 'ServicePrincipal',
    noun: 'service principal',
    plain: ['displayName', 'appId', 'accountEnabled', 'appRoleAssignmentRequired', 'tags'],
    links: ['owners'],
    credentials: ['federatedIdentityCredentials'],
  },
  host: {
    category: 'ApplicationManagement',
    type: 'Device',
    noun: 'registered machine',
    plain: ['resourceId', 'publicKey', 'systemAssignedPrincipalId'],
    links: ['userAssignedPrincipalIds'],
  },
  role: { category: 'RoleManagement', type: 'Role', noun: 'role', plain: [], links: ['members'] },
  appRoleAssignment: {
    category: 'ApplicationManagement',
    type: 'ServicePrincipal',
    noun: 'app role assignment',
    plain: ['principalId', 'resourceId', 'appRoleId'],
  },
  permissionGrant: {
    category: 'ApplicationManagement',
    type: 'ServicePrincipal',
    noun: 'delegated permission grant',
    plain: ['clientId', 'consentType', 'principalId', 'resourceId', 'scope'],
  },
};

const OTHER: Kind = { category: 'DirectoryManagement', type: 'Other', noun: 'object', plain: [] };

const recordSchema = z.record(z.string(), z.unknown());

export function describeChange({ kind, before, after }: RecordChange): DescribedChange {
  const rules = Object.hasOwn(KINDS, kind) ? (KINDS[kind] ?? OTHER) : OTHER;
  const old = recordSchema.safeParse(before).data;
  const now = recordSchema.safeParse(after).data;
  const shown = now ?? old ?? {};
  const text = (name: string) => {
    const value = shown[name];
    return typeof value === 'string' ? value.slice(0, VALUE_LENGTH_MAX) : null;
  };
  const modifiedProperties = describeProperties(rules, old ?? {}, now ?? {});
  return {
    category: rules.category,
    ...describeActivity(rules, old, now),
    target: {
      id: text('id') ?? text('userId') ?? text('roleTemplateId'),
      displayName: text('displayName'),
      type: rules.type,
      userPrincipalName: text('userPrincipalName'),
      groupType: rules.type === 'Group' ? 'azureAD' : null,
      modifiedProperties,
    },
  };
}

type Properties = Readonly<Record<string, unknown>>;

function describeActivity(
  rules: Kind,
  old: Properties | undefined,
  now: Properties | undefined,
): Pick<DescribedChange, 'activityDisplayName' | 'operationType'> {
  const { noun } = rules;
  const answer = (verb: string, operationType: DescribedChange['operationType']) => ({
    activityDisplayName: `${verb} ${noun}`,
    operationType,
  });
  for (const link of rules.links ?? []) {
    if (noun !== 'role' && (old === undefined || now === undefined)) break;
    const { added, removed } = difference(old?.[link], now?.[link]);
    const what = link.slice(0, -1);
    if (added.length > 0) return answer(`Add ${what} to`, 'Update');
    if (removed.length > 0) return answer(`Remove ${what} from`, 'Update');
  }
  if (old === undefined) return answer('Add', 'Add');
  if (now === undefined) return answer('Hard Delete', 'Delete');
  const wasDeleted = old.deletedDateTime !== undefined;
  const isDeleted = now.deletedDateTime !== undefined;
  if (!wasDeleted && isDeleted) return answer('Delete', 'Delete');
  if (wasDeleted && !isDeleted) return answer('Restore', 'Update');
  if (rules.credentials?.some((name) => isChanged(old[name], now[name]))) {
    const management = 'Certificates and secrets management';
    return { ...answer('Update', 'Update'), activityDisplayName: `Update ${noun} – ${management}` };
  }
  if (rules.secret?.some((name) => isChanged(old[name], now[name]))) {
    return { activityDisplayName: `Reset ${noun} password`, operationType: 'Update' };
  }
  return answer('Update', 'Update');
}

function describeProperties(rules: Kind, old: Properties, now: Properties): ModifiedProperty[] {
  const all: ModifiedProperty[] = [];
  const add = (displayName: string, oldValue: unknown, newValue: unknown) =>
    all.push({ displayName, oldValue: bounded(oldValue), newValue: bounded(newValue) });
  for (const name of rules.plain)
    if (isChanged(old[name], now[name])) add(name, old[name], now[name]);
  for (const name of rules.links ?? []) {
    const { added, removed } = difference(old[name], now[name]);
    if (added.length + removed.length > 0) add(name, removed, added);
  }
  for (const name of rules.credentials ?? []) {
    if (isChanged(old[name], now[name])) add(name, namesOf(old[name]), namesOf(now[name]));
  }
  for (const name of rules.secret ?? []) {
    if (isChanged(old[name], now[name])) add(name.replace(/Hash$/, ''), undefined, undefined);
  }
  return all;
}

function isChanged(old: unknown, now: unknown): boolean {
  return JSON.stringify(old) !== JSON.stringify(now);
}

const idsSchema = z.array(z.string());

function difference(old: unknown, now: unknown) {
  const before = new Set(idsSchema.safeParse(old).data);
  const after = new Set(idsSchema.safeParse(now).data);
  return {
    added: [...after].filter((id) => !before.has(id)).slice(0, ENTRIES_MAX),
    removed: [...before].filter((id) => !after.has(id)).slice(0, ENTRIES_MAX),
  };
}

const credentialsSchema = z.array(
  z.object({
    keyId: z.string().optional(),
    name: z.string().optional(),
    displayName: z.string().nullish(),
    endDateTime: z.string().optional(),
  }),
);

function namesOf(credentials: unknown): unknown {
  return credentialsSchema.safeParse(credentials).data?.slice(0, ENTRIES_MAX);
}

function bounded(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value).slice(0, VALUE_LENGTH_MAX);
}
