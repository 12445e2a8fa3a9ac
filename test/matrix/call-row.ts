// Calls one operation row on a served instance, with its path filled in.
import { randomUUID } from 'node:crypto';
import type { Caller } from '#test/kit/caller.ts';
import { RESOURCE_GROUP, vaultScope } from '#test/kit/estate.ts';
import type { Instance } from '#test/kit/instance.ts';
import type { Answer } from '#test/kit/wire.ts';
import type { Row } from './rows.ts';

export interface Estate {
  readonly instance: Instance;
  /** Existing vaults by permission model. */
  readonly vaults: { readonly rbac: string; readonly policy: string };
}

export interface RowCall {
  readonly row: Row;
  readonly vault?: 'rbac' | 'policy';
  readonly caller?: Caller;
  /** `null`: none at all. Absent: one that the row accepts. */
  readonly apiVersion?: string | null;
  readonly method?: string;
  readonly text?: string;
  /** Values for places in the path, instead of names of things that are not there. */
  readonly params?: Readonly<Record<string, string>>;
}

/** Newest first: any row accepts one of them. */
const VERSIONS = ['2026-12-01', '2026-04-01', '7.6'];

export function acceptedVersion(row: Row): string {
  const accepted = VERSIONS.find((version) => row.versions.accepts(version));
  if (accepted === undefined) throw new Error(`${row.id} accepts none of ${VERSIONS.join(', ')}`);
  return accepted;
}

/** Names that are well formed and stand for nothing, except the containers, which exist. */
function placeholders({ instance, vaults }: Estate): Readonly<Record<string, string>> {
  const scope = vaultScope(instance.owner, vaults.rbac).slice(1);
  return {
    scope,
    subscriptionId: instance.subscriptionId,
    resourceGroupName: RESOURCE_GROUP,
    location: 'westeurope',
    tenant: instance.tenantId,
    operationKind: 'add',
    resourceProviderNamespace: 'Microsoft.KeyVault',
    'secret-name': 'absent',
    'key-name': 'absent',
    'certificate-name': 'absent',
    'secret-version': '0'.repeat(32),
    'key-version': '0'.repeat(32),
    'certificate-version': '0'.repeat(32),
    vaultName: 'absent-vault',
    authorityName: 'absent',
    upn: `absent@${instance.administrator.userPrincipalName.split('@')[1]}`,
  };
}

function origin({ instance, vaults }: Estate, call: RowCall): string {
  const { login, management, graph } = instance;
  switch (call.row.plane) {
    case 'vault':
      return instance.vaultUrl(vaults[call.vault ?? 'rbac']);
    case 'login':
      return login;
    case 'graph':
      return graph;
    case 'pki':
      return management.replace('//management.', '//pki.');
    default:
      return management;
  }
}

/** The caller's token for the row's plane. */
function tokenFor(instance: Instance, call: RowCall): Promise<string> | undefined {
  const { caller, row } = call;
  if (row.plane === 'vault') return caller?.vaultToken();
  if (row.plane === 'login' || row.plane === 'pki') return undefined;
  return caller?.token(row.plane === 'graph' ? instance.graph : instance.management);
}

export function fillPath(estate: Estate, call: RowCall): string {
  const isGroup = call.row.path.endsWith('/{resourceGroupName}');
  const values = {
    ...placeholders(estate),
    ...(isGroup && { resourceGroupName: 'absent-group' }),
    ...call.params,
  };
  const filled = call.row.path.replace(/\{([^}]+)\}/g, (_whole, name: string) => {
    const known = Object.entries(values).find(([key]) => key === name);
    return known?.[1] ?? randomUUID();
  });
  return filled;
}

export async function callRow(estate: Estate, call: RowCall): Promise<Answer> {
  const { row } = call;
  const version = call.apiVersion === undefined ? acceptedVersion(row) : call.apiVersion;
  const versioned = version === null || !row.versions.required ? '' : `?api-version=${version}`;
  const isForm = row.bodyFormat === 'form';
  return estate.instance.wire.send({
    method: call.method ?? row.method,
    url: `${origin(estate, call)}${fillPath(estate, call)}${versioned}`,
    token: await tokenFor(estate.instance, call),
    ...(call.text !== undefined && { text: call.text }),
    ...(isForm && { headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
  });
}
