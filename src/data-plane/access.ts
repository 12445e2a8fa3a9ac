// Network rules and the access decision in front of every vault operation, and Azure's words when
// they refuse. Callers see Azure's error; the machine-readable reason goes to the audit log only.
import type { Authorizer } from '#authorization';
import { usesRoles } from '#authorization';
import { keyVaultErrors } from '#errors';
import { type Admission, ApiError, type Authorization, type Grant } from '#kernel';
import { decideNetwork } from '#network';
import type { Vault } from '#resources';
import { describeVault, forbiddenByPolicy, forbiddenByRbac } from './forbidden.ts';
import type { Collection } from './object/kind.ts';
import { parseName } from './object/name.ts';
import { nameParameters } from './object/row.ts';
import { requireVault, type VaultTarget } from './vault-target.ts';

/**
 * Throws ForbiddenByFirewall, ForbiddenByConnection, or `vaultNotFound` where there is no vault.
 */
export function admitToVault({ request, target, principal }: Admission<VaultTarget>): void {
  const vault = requireVault(target);
  const decision = decideNetwork({
    rules: vault.networkAcls,
    publicNetworkAccess: vault.publicNetworkAccess,
    clientAddress: request.clientAddress,
    trustedService: false,
    privateLink: false,
  });
  if (decision.admitted) return;
  const args = { ...describeVault(vault, principal), address: request.clientAddress };
  const code = decision.reason === 'firewall' ? 'Firewall' : 'PublicAccessDisabled';
  throw new ApiError(networkError(vault, decision.reason), args, { reason: { code, ...decision } });
}

function networkError(vault: Vault, reason: string) {
  if (reason === 'firewall') return keyVaultErrors.forbiddenByFirewall;
  return vault.networkAcls?.bypass === 'None'
    ? keyVaultErrors.forbiddenByConnectionNoBypass
    : keyVaultErrors.forbiddenByConnection;
}

export interface AuthorizeOptions {
  readonly authorizer: Authorizer;
  readonly nowMs: number;
}

/** Throws ForbiddenByRbac or ForbiddenByPolicy, or `nameInvalid` before anything is decided. */
export function authorizeInVault(
  input: Authorization<VaultTarget>,
  { authorizer, nowMs }: AuthorizeOptions,
): Grant {
  const { principal, operation, target } = input;
  const vault = requireVault(target);
  const { access } = operation;
  if (access.kind !== 'data' || principal === undefined) {
    throw new Error(`${operation.id} has an access that no vault decides`);
  }
  const objectScope = access.at === 'object' ? objectScopeOf(input) : undefined;
  const decision = authorizer.decideData({ principal, vault, objectScope, access, nowMs });
  if (decision.allowed) return decision.grant;
  const { reason } = decision;
  if (!usesRoles(vault)) {
    throw forbiddenByPolicy({ vault, principal, permission: access.policy[0] ?? '', reason });
  }
  throw forbiddenByRbac({ vault, principal, action: access.action, objectScope, reason });
}

/** `secrets/<name>`. A name is checked before it becomes part of a scope. */
function objectScopeOf({ params, operation }: Authorization<VaultTarget>): string {
  for (const collection of collections) {
    const name = params[nameParameters[collection]];
    if (name === undefined) continue;
    return `${collection}/${parseName(name)}`;
  }
  throw new Error(`${operation.id} is decided at an object but its path names none`);
}

const collections: readonly Collection[] = ['secrets', 'keys', 'certificates'];
