// Managed identities: service principals that no application and no password stands behind. What
// may act as one is an outside issuer's subject (a federated credential) or a registered machine (a
// host), and nothing else. Whoever deletes an identity ends its access at once and for good: its
// record goes, it is not kept for being restored.

import { createPublicKey } from 'node:crypto';
import { type Clock, newGuid, z } from '#kernel';
import type { View } from '#storage';
import { bareApplication } from './applications.ts';
import { release } from './claims.ts';
import { load, update } from './object-store.ts';
import { recordPath } from './paths.ts';
import type {
  Application,
  FederatedIdentityCredential,
  Host,
  ServicePrincipal,
} from './records.ts';
import { createServicePrincipal } from './service-principals.ts';

/** Azure's limit for one identity. */
export const FEDERATED_CREDENTIALS_MAX = 20;

export interface ManagedIdentityInput {
  /** ARM id of the resource whose identity it is. */
  readonly resourceId: string;
  readonly displayName: string;
}

export function createManagedIdentity(
  view: View,
  { resourceId, displayName }: ManagedIdentityInput,
  clock: Clock,
): Promise<ServicePrincipal> {
  return createServicePrincipal(
    view,
    { appId: newGuid(), displayName, managedIdentityResourceId: resourceId },
    clock,
  );
}

/** Nothing happens if it is gone already, for example through Microsoft Graph. */
export function deleteManagedIdentity(view: View, id: string): Promise<void> {
  return view.transact(async (transaction) => {
    const path = recordPath('servicePrincipal', id);
    const principal = await transaction.get<ServicePrincipal>(path);
    if (principal === undefined) return;
    await release(transaction, {
      property: 'servicePrincipalAppId',
      value: principal.appId,
      ownerId: principal.id,
    });
    transaction.delete(path);
  });
}

type Credentials = readonly FederatedIdentityCredential[];

/**
 * `change` gets those there are and returns those that shall be, or throws. Tokens that a removed
 * one obtained are refused from the next request on.
 */
export async function changeFederatedCredentials(
  view: View,
  principalId: string,
  change: (before: Credentials) => Credentials,
): Promise<void> {
  const target = { kind: 'servicePrincipal', id: principalId } as const;
  await update<ServicePrincipal>(view, target, (before) => ({
    ...before,
    federatedIdentityCredentials: change(before.federatedIdentityCredentials ?? []),
  }));
}

/** Throws `Request_ResourceNotFound` for an identity that is not there. */
export function putHost(view: View, host: Host): Promise<void> {
  return view.transact(async (transaction) => {
    const own = host.systemAssignedPrincipalId;
    const principals = [...(own === undefined ? [] : [own]), ...host.userAssignedPrincipalIds];
    for (const id of principals) await load<ServicePrincipal>(transaction, 'servicePrincipal', id);
    transaction.put(recordPath('host', host.id), host);
  });
}

/** Nothing happens if the machine is not registered, or does not have the identity. */
export function unassignFromHost(view: View, id: string, principalId: string): Promise<void> {
  return view.transact(async (transaction) => {
    const path = recordPath('host', id);
    const host = await transaction.get<Host>(path);
    if (host === undefined) return;
    const left = host.userAssignedPrincipalIds.filter((assigned) => assigned !== principalId);
    transaction.put<Host>(path, { ...host, userAssignedPrincipalIds: left });
  });
}

/** Every token that the machine obtained is refused from the next request on. */
export function deleteHost(view: View, id: string): Promise<void> {
  return view.transact(async (transaction) => transaction.delete(recordPath('host', id)));
}

/**
 * The identity as the token endpoint sees a client: with its federated credentials and with no
 * other way in. `undefined` if the principal is no managed identity.
 */
export function managedIdentityClient(
  principal: ServicePrincipal | undefined,
): Application | undefined {
  if (principal?.servicePrincipalType !== 'ManagedIdentity') return undefined;
  return {
    id: principal.id,
    appId: principal.appId,
    displayName: principal.displayName,
    createdDateTime: principal.createdDateTime,
    ...bareApplication,
    federatedIdentityCredentials: principal.federatedIdentityCredentials ?? [],
  };
}

const KEYS_MAX = 20;
/** Private members have no business here; a key that carries them is not stored. */
const publicKeySchema = z
  .looseObject({
    kty: z.enum(['RSA', 'EC']),
    kid: z.string().max(256).optional(),
    d: z.undefined().optional(),
  })
  .refine(isPublicKey);

/** An issuer's keys as uploaded, for issuers that cannot be reached. */
export const keySetSchema = z.object({ keys: z.array(publicKeySchema).min(1).max(KEYS_MAX) });

function isPublicKey(key: Readonly<Record<string, unknown>>): boolean {
  try {
    createPublicKey({ key, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}

const HOST_KEY_CHARACTERS_MAX = 512;

/**
 * A machine's public key, base64 of SPKI DER or PEM → SPKI DER, base64. `undefined` unless it is a
 * key on P-256: one algorithm, so that none can be chosen by who signs.
 */
export function parseHostKey(text: string): string | undefined {
  if (text.length > HOST_KEY_CHARACTERS_MAX) return undefined;
  const base64 = text.replaceAll(/-----(?:BEGIN|END) PUBLIC KEY-----|\s/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  try {
    const der = Buffer.from(base64, 'base64');
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined;
    return key.export({ format: 'der', type: 'spki' }).toString('base64');
  } catch {
    return undefined;
  }
}
