// What a vault's host name stands for. A host without a vault gets the same challenge as any other,
// so that nobody learns without a token which vaults exist.

import { keyVaultErrors } from '#errors';
import { ApiError } from '#kernel';
import type { Vault } from '#resources';

export interface VaultTarget {
  /** First label of the host name. */
  readonly name: string;
  readonly vault: Vault | undefined;
}

/** Throws `vaultNotFound` if no live vault has the name. */
export function requireVault(target: VaultTarget): Vault {
  if (target.vault !== undefined) return target.vault;
  throw new ApiError(keyVaultErrors.vaultNotFound, { vault: target.name });
}

/** Where an object's id begins. */
export interface Place {
  readonly vault: Vault;
  /** `https://{vault}.vault.D[:port]`, as the caller addressed it. */
  readonly origin: string;
}
