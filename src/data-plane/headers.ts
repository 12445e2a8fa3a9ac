// Headers that every answer of a vault carries, refusals too (`azure/facts/headers.json`).
import type { Grant, RawRequest } from '#kernel';
import type { VaultTarget } from './vault-target.ts';

/** The newest that was recorded. Clients print it and nothing else. */
const SERVICE_VERSION = '1.9.3347.1';
const CLIENT_REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

const FIXED = {
  'Cache-Control': 'no-cache',
  Pragma: 'no-cache',
  Expires: '-1',
  'Strict-Transport-Security': 'max-age=31536000;includeSubDomains',
  'X-Content-Type-Options': 'nosniff',
  'x-ms-keyvault-service-version': SERVICE_VERSION,
} as const;

export function vaultHeaders(
  request: RawRequest,
  target: VaultTarget | undefined,
  grant: Grant | undefined,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {
    ...FIXED,
    'x-ms-request-id': request.id,
    'x-ms-keyvault-network-info': networkInfo(request.clientAddress),
  };
  // Where a vault is, is told to who may use it: without a grant the answer for a vault that exists
  // must not differ from that for one that does not.
  if (grant !== undefined && target?.vault !== undefined) {
    headers['x-ms-keyvault-region'] = target.vault.location;
  }
  if (grant?.assignmentId !== undefined) {
    headers['x-ms-keyvault-rbac-assignment-id'] = grant.assignmentId;
  }
  const clientRequestId = request.headers['x-ms-client-request-id'];
  if (clientRequestId !== undefined && CLIENT_REQUEST_ID.test(clientRequestId)) {
    headers['x-ms-client-request-id'] = clientRequestId;
  }
  return headers;
}

function networkInfo(address: string): string {
  return address.includes(':')
    ? `conn_type=Ipv6;addr=${address};act_addr_fam=InterNetworkV6;`
    : `conn_type=Ipv4;addr=${address};act_addr_fam=InterNetwork;`;
}
