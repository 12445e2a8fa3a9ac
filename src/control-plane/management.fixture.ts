// For the tests of this folder: a management plane over memory storage behind the server's own
// pipeline, so that a request goes by method and path through every stage, as over the wire.
import type { AuditedRequest } from '#audit';
import { TokenRefused } from '#authentication';
import { Authorizer, systemGrant } from '#authorization';
import { bootstrapTenant, createGroup, createServicePrincipal, Directory } from '#directory';
import { ManualClock, newGuid, type Plane, type Principal, type RawRequest } from '#kernel';
import {
  bootstrapSubscription,
  builtInRoles,
  putRoleAssignment,
  Resources,
  type RoleAssignment,
} from '#resources';
import { servePlane } from '#server';
import { openMemoryStorage, type Storage, tenantPartition, type View } from '#storage';
import type { ManagementTarget } from './management.ts';
import { managementPlane } from './plane.ts';

export const TENANT = '11111111-1111-4111-8111-111111111111';
export const SUBSCRIPTION = '22222222-2222-4222-8222-222222222222';
export const SUB = `/subscriptions/${SUBSCRIPTION}`;
export const GROUP = `${SUB}/resourceGroups/group`;
export const VAULT = `${GROUP}/providers/Microsoft.KeyVault/vaults/contoso`;

export interface Sent {
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string>>;
  readonly as?: Principal;
  readonly version?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Without a token. */
  readonly anonymous?: boolean;
}

export interface Received {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire has no type yet.
  readonly body: any;
  readonly headers: Readonly<Record<string, string>>;
}

export interface TestManagement {
  readonly clock: ManualClock;
  readonly storage: Storage;
  readonly resources: Resources;
  readonly directory: Directory;
  readonly records: View;
  readonly plane: Plane<ManagementTarget>;
  readonly outcomes: AuditedRequest[];
  /** Owner at `/`. */
  readonly owner: Principal;
  send(method: string, path: string, sent?: Sent): Promise<Received>;
  /** A service principal without any right. */
  newPrincipal(): Promise<Principal>;
  newGroup(...members: readonly string[]): Promise<string>;
  /** Assigns a built-in role by its name. Returns the assignment's name. */
  assign(principalId: string, roleName: string, scope: string): Promise<string>;
  /** The group and a vault in it, as the owner. */
  createVault(properties?: Readonly<Record<string, unknown>>): Promise<Received>;
}

/** Calls are `METHOD path`, the api-version is the newest of the path's provider unless given. */
export async function openTestManagement(): Promise<TestManagement> {
  const clock = new ManualClock(Date.UTC(2026, 5, 1));
  const storage = await openMemoryStorage();
  const records = storage.view(systemGrant(tenantPartition(TENANT), 'test'));
  const made = await bootstrapTenant(
    records,
    { tenantId: TENANT, displayName: 'Test', domain: 'test.example' },
    clock,
  );
  const owner = principalOf(made.automation.objectId, made.automation.clientId);
  await bootstrapSubscription(records, {
    ...{ tenantId: TENANT, subscriptionId: SUBSCRIPTION, displayName: 'Test' },
    owners: [{ principalId: owner.objectId, principalType: 'ServicePrincipal' }],
    clock,
  });
  const directory = await Directory.open({ storage, tenantId: TENANT, clock });
  const resources = await Resources.open({ storage, tenantId: TENANT });
  const authorizer = await Authorizer.open({ resources, directory });
  const tokens = new Map<string, Principal>();
  const plane = managementPlane({
    ...{ storage, resources, directory, authorizer, clock },
    authenticator: {
      authenticate(header) {
        const principal = header === undefined ? undefined : tokens.get(header);
        if (principal === undefined) throw new TokenRefused({ code: 'missing' });
        return principal;
      },
    },
    endpoints: {
      login: 'https://login.example:8443',
      management: 'https://management.example:8443',
      graph: 'https://graph.example:8443',
      portal: 'https://portal.example:8443',
      pki: 'https://pki.example:8443',
      vaultSuffix: '.vault.example:8443',
      vaultResource: 'https://vault.example:8443',
    },
  });
  const outcomes: AuditedRequest[] = [];
  const unexpected: unknown[] = [];
  const handler = servePlane(plane, {
    clock,
    audit: async (outcome) => void outcomes.push(outcome),
    logError: (_id, cause) => unexpected.push(cause),
  });
  const send = async (method: string, path: string, sent: Sent = {}): Promise<Received> => {
    const principal = sent.as ?? owner;
    tokens.set(principal.objectId, principal);
    const request = makeRequest(method, path, {
      ...sent,
      headers: {
        ...sent.headers,
        ...(sent.anonymous ? {} : { authorization: principal.objectId }),
      },
    });
    const answer = await handler({ ...request, receivedAtMs: clock.now() });
    if (unexpected.length > 0) throw unexpected.pop();
    if (answer === undefined) throw new Error('not the management host');
    const body = answer.body === '' ? undefined : JSON.parse(answer.body);
    return { ...answer, body };
  };
  return {
    ...{ clock, storage, resources, directory, records, plane, outcomes, owner, send },
    newPrincipal: async () => {
      const appId = newGuid();
      const created = await createServicePrincipal(records, { appId, displayName: 'app' }, clock);
      return principalOf(created.id, appId);
    },
    newGroup: async (...members) => {
      const names = { displayName: 'group', mailNickname: 'group' };
      return (await createGroup(records, { ...names, members }, clock)).id;
    },
    assign: (principalId, roleName, scope) =>
      assignBuiltIn(records, { principalId, roleName, scope }),
    createVault: async (properties = {}) => {
      await send('PUT', GROUP, { body: { location: 'westeurope' } });
      return send('PUT', VAULT, { body: vaultBody(properties) });
    },
  };
}

export function vaultBody(properties: Readonly<Record<string, unknown>> = {}) {
  const sku = { family: 'A', name: 'standard' };
  return { location: 'westeurope', properties: { tenantId: TENANT, sku, ...properties } };
}

export function roleId(roleName: string): string {
  const role = builtInRoles.find((known) => known.roleName === roleName);
  if (role === undefined) throw new Error(`no role ${roleName}`);
  return `/providers/Microsoft.Authorization/roleDefinitions/${role.name}`;
}

interface Assigned {
  readonly principalId: string;
  readonly roleName: string;
  readonly scope: string;
}

async function assignBuiltIn(records: View, { principalId, roleName, scope }: Assigned) {
  const assignment: RoleAssignment = {
    name: newGuid(),
    scope,
    roleDefinitionName: roleId(roleName).split('/').at(-1) ?? '',
    principalId,
    principalType: 'ServicePrincipal',
    ...{ createdOn: '', updatedOn: '', createdBy: '', updatedBy: '' },
  };
  await records.transact((transaction) => putRoleAssignment(transaction, assignment));
  return assignment.name;
}

function principalOf(objectId: string, applicationId: string): Principal {
  return {
    type: 'ServicePrincipal',
    tenantId: TENANT,
    objectId,
    applicationId,
    issuer: `https://login.example:8443/${TENANT}/`,
    claims: {},
  };
}

function versionFor(path: string): string {
  if (/Microsoft\.KeyVault/i.test(path)) return '2026-02-01';
  if (/Microsoft\.Authorization\/role(Elig|AssignmentSch|Man)/i.test(path)) return '2020-10-01';
  if (/Microsoft\.Authorization/i.test(path)) return '2022-04-01';
  if (/Microsoft\.ManagedIdentity/i.test(path)) return '2023-01-31';
  if (/Microsoft\.HybridCompute/i.test(path)) return '2024-07-10';
  if (/Strongroom/i.test(path)) return '2026-11-01';
  return '2023-07-01';
}

function makeRequest(method: string, path: string, sent: Sent): RawRequest {
  const version = sent.version ?? versionFor(path);
  const text = sent.body === undefined ? '' : JSON.stringify(sent.body);
  return {
    id: newGuid(),
    method,
    origin: 'https://management.example:8443',
    hostname: 'management.example',
    path,
    query: { ...(version === '' ? {} : { 'api-version': version }), ...sent.query },
    queryText: '',
    headers: sent.headers ?? {},
    clientAddress: '203.0.113.7',
    tlsVersion: 'TLS1_3',
    receivedAtMs: 0,
    body: () => Promise.resolve(Buffer.from(text)),
  };
}
