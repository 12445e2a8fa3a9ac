// The data plane: `{vault}.vault.D`. Finds the vault by host name and says what each stage of the
// pipeline means there; the operations stand in `secrets/`, `keys/` and `certificates/`.
import type { Authenticator } from '#authentication';
import { TokenRefused } from '#authentication';
import type { Authorizer } from '#authorization';
import type { KeyProvider } from '#cryptography';
import type { Clock, Plane, RawRequest } from '#kernel';
import type { Resources, Vault } from '#resources';
import { vaultResourceId } from '#resources';
import type { Storage } from '#storage';
import { admitToVault, authorizeInVault } from './access.ts';
import { certificateOperations } from './certificates/operations.ts';
import { challengeError } from './challenge.ts';
import { vaultHeaders } from './headers.ts';
import type { AttestationAuthority } from './keys/attestation.ts';
import { KeyProviders } from './keys/key-providers.ts';
import { MaterialCache } from './keys/material-cache.ts';
import { keyOperations } from './keys/operations.ts';
import type { DueSoon } from './object/due-soon.ts';
import { renderVaultError, vaultRefusals } from './refusals.ts';
import { secretOperations } from './secrets/operations.ts';
import type { VaultTarget } from './vault-target.ts';

export interface VaultEndpoints {
  /** `https://login.D[:port]` */
  readonly login: string;
  /** `.vault.D[:port]` */
  readonly vaultSuffix: string;
  /** `https://vault.D[:port]` */
  readonly vaultResource: string;
}

export interface VaultPlaneOptions {
  readonly storage: Storage;
  readonly resources: Pick<Resources, 'liveVault'>;
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly endpoints: VaultEndpoints;
  readonly tenantId: string;
  /** Values of `aud` that vaults accept. */
  readonly audiences: ReadonlySet<string>;
  /** Holds keys of HSM types in premium vaults; absent: software does. */
  readonly hsm?: KeyProvider;
  /** Opened keys, for who wants to see how many; absent: the plane's own. */
  readonly materials?: MaterialCache;
  /** Attestation services that keys may be released on the word of; absent: none. */
  readonly attestationAuthorities?: readonly AttestationAuthority[];
  /** Told of what falls due in a moment, for `dueWorkJob`. */
  readonly soon?: DueSoon;
}

const VAULT_NAME = /^[a-z][a-z0-9-]{1,22}[a-z0-9]$/;

export function vaultPlane(options: VaultPlaneOptions): Plane<VaultTarget> {
  const { authenticator, authorizer, clock, endpoints, tenantId } = options;
  const challenge = { ...endpoints, tenantId };
  const hostSuffix = endpoints.vaultSuffix.replace(/:\d+$/, '').toLowerCase();
  // One for both: a certificate's key is used as a key, and goes with its certificate.
  const materials = options.materials ?? new MaterialCache(new KeyProviders(options.hsm));
  return {
    name: 'vault',
    operations: [
      ...secretOperations(options),
      ...keyOperations({ ...options, materials }),
      ...certificateOperations({ ...options, materials }),
    ],
    methodOverrideHeader: 'x-http-method',
    // Recorded: `/certificates//name/import` imports, `/keys//restore` restores.
    mergesSlashes: true,
    accept: (hostname) => findVault(options.resources, hostSuffix, hostname),
    async authenticate(request) {
      try {
        return authenticator.authenticate(request.headers.authorization, options.audiences);
      } catch (cause) {
        throw cause instanceof TokenRefused ? challengeError(challenge, cause) : cause;
      }
    },
    admit: admitToVault,
    authorize: (input) => authorizeInVault(input, { authorizer, nowMs: clock.now() }),
    refusals: vaultRefusals,
    renderError: renderVaultError,
    headers: vaultHeaders,
    describe: ({ request, target }) => ({
      resourceId: target?.vault === undefined ? '' : vaultResourceId(target.vault),
      objectId: objectIdOf(request),
    }),
  };
}

function findVault(
  resources: { liveVault(name: string): Vault | undefined },
  hostSuffix: string,
  hostname: string,
): VaultTarget | undefined {
  if (!hostname.endsWith(hostSuffix)) return undefined;
  const name = hostname.slice(0, -hostSuffix.length);
  if (name === '' || name.includes('.')) return undefined;
  return { name, vault: VAULT_NAME.test(name) ? resources.liveVault(name) : undefined };
}

/** The address of what was asked for, without the query. */
function objectIdOf(request: RawRequest): string {
  return request.origin + request.path;
}
