// What may become of a machine: which key its agent has, and which identities it may use. A machine
// keeps the key it was registered with, so nobody who may write machines takes over identities by
// putting a key of his own; and whoever gives it a user-assigned identity needs the right to assign
// that one, wherever it lies.
import { parseHostKey } from '#directory';
import { resourceManagerErrors } from '#errors';
import { ApiError } from '#kernel';
import { isSameId, type Machine, type UserAssignedIdentity } from '#resources';
import { identityById } from '../managed-identities/identity-by-id.ts';
import { type ArmContext, callerOf, clientName, type Management } from '../management.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,53}$/;
const ASSIGN = 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action';

export function isMachineName(name: string): boolean {
  return NAME.test(name) && !name.endsWith('.');
}

export interface KeyInput {
  readonly name: string;
  /** As sent; `undefined`: not sent. */
  readonly given: string | undefined;
  /** The key there is. */
  readonly registered: string | undefined;
}

/** SPKI DER, base64. Throws if there is none, or another than the machine was registered with. */
export function decideKey({ name, given, registered }: KeyInput): string {
  const key = given === undefined ? registered : parseHostKey(given);
  if (key === undefined) throw new ApiError(resourceManagerErrors.machineKeyInvalid);
  if (registered !== undefined && registered !== key) {
    throw new ApiError(resourceManagerErrors.machineKeyDiffers, { name });
  }
  return key;
}

export interface Assignment {
  readonly ids: readonly string[];
  readonly before: Machine | undefined;
  /** The machine, and the action that the caller was allowed on it. */
  readonly scope: string;
  readonly action: string;
}

/** The identities named. Throws LinkedAuthorizationFailed for one that he may not assign. */
export function requireAssignable(
  management: Management,
  context: ArmContext,
  { ids, before, scope, action }: Assignment,
): readonly UserAssignedIdentity[] {
  const found = ids.map((id) => {
    const identity = identityById(management, id);
    const isKept = before?.userAssigned.some((assigned) => isSameId(assigned, id)) ?? false;
    const decision = management.decide(context, { action: ASSIGN, scope: id });
    if (identity !== undefined && (isKept || decision.allowed)) return identity;
    const principal = callerOf(context);
    const args = {
      client: clientName(principal),
      objectId: principal.objectId,
      action,
      scope,
      linkedAction: ASSIGN,
      linked: id,
    };
    const reason = decision.allowed ? { code: 'IdentityNotFound' } : decision.reason;
    throw new ApiError(resourceManagerErrors.linkedAuthorizationFailed, args, { reason });
  });
  return [...new Set(found)];
}
