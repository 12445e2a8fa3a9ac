// Azure's refusals of access, as ApiErrors. Callers see Azure's text; the machine-readable reason
// goes to the audit log only.
import type { DenialReason } from '#authorization';
import { keyVaultErrors } from '#errors';
import { ApiError, describeCaller, type Principal } from '#kernel';
import { type Vault, vaultResourceId } from '#resources';

export interface RbacRefusal {
  readonly vault: Vault;
  readonly principal: Principal;
  readonly action: string;
  /** `secrets/<name>`; `undefined`: the vault itself. */
  readonly objectScope: string | undefined;
  readonly reason: DenialReason;
}

export function forbiddenByRbac(refusal: RbacRefusal): ApiError {
  const { vault, principal, action, objectScope, reason } = refusal;
  const scope = objectScope === undefined ? '' : `/${objectScope}`;
  const deniedBy = reason.code === 'DenyAssignment' ? reason.denyAssignmentId : undefined;
  const args = {
    ...describeVault(vault, principal),
    action,
    resource: (vaultResourceId(vault) + scope).toLowerCase(),
    assignment: '(not found)',
    denyAssignmentId: deniedBy === undefined ? 'null' : `'${deniedBy}'`,
    decision: deniedBy === undefined ? 'DeniedWithNoValidRBAC' : 'DeniedByDenyAssignment',
  };
  return new ApiError(keyVaultErrors.forbiddenByRbac, args, { reason });
}

export interface PolicyRefusal {
  readonly vault: Vault;
  readonly principal: Principal;
  /** For example `secrets/get`. */
  readonly permission: string;
  readonly reason: DenialReason;
}

export function forbiddenByPolicy(refusal: PolicyRefusal): ApiError {
  const { vault, principal, reason } = refusal;
  const [collection = '', permission = ''] = refusal.permission.split('/');
  const args = { ...describeVault(vault, principal), collection, permission };
  return new ApiError(keyVaultErrors.forbiddenByPolicy, args, { reason });
}

/** What every refusal says of the vault and the caller. */
export function describeVault(vault: Vault, principal: Principal | undefined) {
  return {
    vault: vault.name,
    location: vault.location,
    caller: principal === undefined ? '' : describeCaller(principal),
  };
}
