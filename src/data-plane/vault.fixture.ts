// For the tests of this folder: a vault plane over memory storage, a clock that stands still, and
// calls by operationId that go through the same stages, in the same order, as the server's
// pipeline.
import { Authorizer, systemGrant } from '#authorization';
import {
  ApiError,
  ManualClock,
  newGuid,
  type Operation,
  type Plane,
  type Principal,
  type RawRequest,
  SchemaError,
} from '#kernel';
import {
  type AccessPolicyPermissions,
  builtInRoles,
  listVaultEvents,
  putRoleAssignment,
  Resources,
  type RoleAssignment,
  resourcePath,
  type Vault,
} from '#resources';
import {
  openMemoryStorage,
  type Storage,
  tenantPartition,
  type View,
  vaultPartition,
} from '#storage';
import { doDueWork } from './due-work-job.ts';
import { type VaultPlaneOptions, vaultPlane } from './vault-plane.ts';
import type { VaultTarget } from './vault-target.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const SUBSCRIPTION = '22222222-2222-4222-8222-222222222222';

export const owner: Principal = {
  type: 'ServicePrincipal',
  tenantId: TENANT,
  objectId: '33333333-3333-4333-8333-333333333333',
  applicationId: '44444444-4444-4444-8444-444444444444',
  issuer: `https://login.example/${TENANT}/`,
  claims: {},
};

export const stranger: Principal = {
  ...owner,
  objectId: '55555555-5555-4555-8555-555555555555',
};

const EVERYTHING: AccessPolicyPermissions = {
  secrets: ['all', 'purge'],
  keys: [
    ...['all', 'purge', 'encrypt', 'decrypt', 'wrapKey', 'unwrapKey', 'sign', 'verify'],
    ...['rotate', 'getrotationpolicy', 'setrotationpolicy', 'release'],
  ],
  certificates: ['all', 'purge'],
};

export function makeVault(changes: Partial<Vault> = {}): Vault {
  const by = { createdBy: 'test', createdByType: 'User', createdAt: '' } as const;
  const modified = {
    lastModifiedBy: 'test',
    lastModifiedByType: 'User',
    lastModifiedAt: '',
  } as const;
  return {
    uid: newGuid(),
    name: 'contoso',
    tenantId: TENANT,
    subscriptionId: SUBSCRIPTION,
    resourceGroup: 'Group',
    location: 'westus',
    tags: {},
    sku: 'premium',
    accessPolicies: [{ tenantId: TENANT, objectId: owner.objectId, permissions: EVERYTHING }],
    softDeleteRetentionDays: 90,
    systemData: { ...by, ...modified },
    ...changes,
  };
}

export interface TestCall {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** Goes through JSON on its way, as over the wire. */
  readonly body?: unknown;
  /** JSON text instead of `body`. */
  readonly json?: string;
  readonly as?: Principal;
  readonly apiVersion?: string;
  readonly vault?: string;
  readonly clientAddress?: string;
  readonly path?: string;
}

export interface TestAnswer {
  readonly status: number;
  /** As JSON.parse types it: tests look at it from all sides. */
  readonly body: ReturnType<typeof JSON.parse>;
  readonly headers: Readonly<Record<string, string>>;
}

export interface TestVault {
  readonly clock: ManualClock;
  readonly storage: Storage;
  readonly resources: Resources;
  /** What the plane was made from, to make another with one thing changed. */
  readonly options: VaultPlaneOptions;
  readonly plane: Plane<VaultTarget>;
  call(id: string, call?: TestCall): Promise<TestAnswer>;
  /** Creates a vault or replaces its record. */
  putVault(vault: Vault): Promise<void>;
  /** Gives `owner` a built-in role at a scope, `/` unless told. */
  assign(roleName: string, scope?: string): Promise<void>;
}

export function openTestVault(...given: readonly Vault[]): Promise<TestVault> {
  return openTestVaultWith({}, ...given);
}

/** The same with some options of the plane given. */
export async function openTestVaultWith(
  extra: Partial<VaultPlaneOptions>,
  ...given: readonly Vault[]
): Promise<TestVault> {
  const clock = new ManualClock();
  const storage = await openMemoryStorage();
  const resources = await Resources.open({ storage, tenantId: TENANT });
  const authorizer = await Authorizer.open({ resources, directory: everyone });
  const records = storage.view(systemGrant(tenantPartition(TENANT), 'test'));
  const putVault = (vault: Vault) =>
    records.transact(async (transaction) =>
      transaction.put(resourcePath('vault', vault.name), vault),
    );
  const vaults = given.length > 0 ? given : [makeVault()];
  for (const vault of vaults) await putVault(vault);
  const options: VaultPlaneOptions = {
    ...{ storage, clock, authorizer, resources },
    authenticator: { authenticate: () => owner },
    endpoints: {
      login: 'https://login.example:8443',
      vaultSuffix: '.vault.example:8443',
      vaultResource: 'https://vault.example:8443',
    },
    tenantId: TENANT,
    audiences: new Set(['https://vault.example:8443']),
    ...extra,
  };
  const plane = vaultPlane(options);
  return {
    ...{ clock, storage, resources, options, plane, putVault },
    call: (id, call = {}) => {
      const operation = requireOperation(plane, id);
      return perform(plane, operation, { ...call, vault: call.vault ?? vaults[0]?.name ?? '' });
    },
    assign: async (roleName, scope = '/') => {
      const role = builtInRoles.find((known) => known.roleName === roleName);
      if (role === undefined) throw new Error(`no role ${roleName}`);
      const assignment = makeAssignment(role.name, scope);
      await records.transact((transaction) => putRoleAssignment(transaction, assignment));
    },
  };
}

/** Every principal is active and belongs to no group. */
const everyone = {
  tenantId: TENANT,
  isEnabled: () => true,
  memberOf: () => new Set<string>(),
  directMemberOf: () => new Set<string>(),
  directoryRoles: () => new Set<string>(),
};

function makeAssignment(roleDefinitionName: string, scope: string): RoleAssignment {
  return {
    name: newGuid(),
    scope,
    roleDefinitionName,
    principalId: owner.objectId,
    principalType: owner.type,
    createdOn: '',
    updatedOn: '',
    createdBy: '',
    updatedBy: '',
  };
}

/** Does what is due by the test's clock; what the audit log would hear goes into `audited`. */
export function doDue(test: TestVault, audited: string[] = []): Promise<number> {
  return doDueWork({
    ...{ ...test.options, resources: test.resources },
    audit: async ({ operation }) => void audited.push(operation),
    logError: (name, cause) => {
      throw new Error(name, { cause });
    },
  });
}

/** `<type> <object>` of every event, the oldest first. */
export async function eventsOf(test: TestVault, name = 'contoso'): Promise<string[]> {
  const { events } = await listVaultEvents(recordsOf(test, name), { after: undefined, limit: 999 });
  const texts = events.map(({ noun, kind, objectName }) => `${noun}${kind} ${objectName}`);
  return texts.reverse();
}

/** The vault's records, for tests that look at them or write what no operation writes. */
export function recordsOf(test: TestVault, name = 'contoso'): View {
  const uid = test.resources.vault(name)?.uid ?? '';
  return test.storage.view(systemGrant(vaultPartition(uid), 'test'));
}

function requireOperation(plane: Plane<VaultTarget>, id: string): Operation<VaultTarget> {
  const found = plane.operations.find((operation) => operation.id === id);
  if (found === undefined) throw new Error(`no operation ${id}`);
  return found;
}

async function perform(
  plane: Plane<VaultTarget>,
  operation: Operation<VaultTarget>,
  call: TestCall,
): Promise<TestAnswer> {
  const apiVersion = call.apiVersion ?? '2026-04-01';
  const request = makeRequest(operation, call, apiVersion);
  const target = plane.accept(request.hostname);
  if (target === undefined) throw new Error(`no such host: ${request.hostname}`);
  const params = fillParams(operation, call.params ?? {});
  const principal = call.as ?? owner;
  try {
    if (!operation.versions.accepts(apiVersion))
      throw plane.refusals.apiVersion(apiVersion, request);
    plane.admit({ request, target, principal, operation });
    const grant = plane.authorize({ request, target, principal, operation, params });
    const raw = { request, apiVersion, target, principal, grant, params, query: request.query };
    const text = call.json ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
    const body: unknown = text === undefined ? undefined : JSON.parse(text);
    const result = await operation.prepare({ ...raw, body })();
    const headers = { ...plane.headers(request, target, grant), ...result.headers };
    const rendered = result.body === undefined ? undefined : JSON.stringify(result.body);
    return {
      status: result.status ?? operation.success,
      body: rendered === undefined ? undefined : JSON.parse(rendered),
      headers,
    };
  } catch (thrown) {
    const error = thrown instanceof SchemaError ? plane.refusals.schema(thrown, request) : thrown;
    if (!(error instanceof ApiError)) throw error;
    const { status = 500, body } = plane.renderError(error, request, target);
    return { status, body, headers: error.headers };
  }
}

function fillParams(operation: Operation<VaultTarget>, given: Readonly<Record<string, string>>) {
  const names = [...operation.path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? '');
  return Object.fromEntries(names.map((name) => [name, given[short(name)] ?? given[name] ?? '']));
}

/** Tests say `name` and `version` for `secret-name`, `key-version`, … */
function short(name: string): string {
  return name.replace(/^(secret|key|certificate)-/, '');
}

export function makeRequest(
  operation: Pick<Operation<VaultTarget>, 'method' | 'path'>,
  call: TestCall,
  apiVersion = '2026-04-01',
): RawRequest {
  const hostname = `${call.vault ?? 'contoso'}.vault.example`;
  const params = call.params ?? {};
  const path = operation.path.replace(/\{([^}]+)\}/g, (_whole, name: string) =>
    encodeURIComponent(params[short(name)] ?? params[name] ?? ''),
  );
  return {
    id: newGuid(),
    method: operation.method,
    origin: `https://${hostname}:8443`,
    hostname,
    path: call.path ?? path,
    query: { 'api-version': apiVersion, ...call.query },
    queryText: '',
    headers: { 'x-ms-client-request-id': 'test-request' },
    clientAddress: call.clientAddress ?? '203.0.113.7',
    tlsVersion: 'TLS1_3',
    receivedAtMs: 0,
    body: () => Promise.resolve(new Uint8Array()),
  };
}
