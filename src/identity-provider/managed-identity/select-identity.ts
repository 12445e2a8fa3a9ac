// Which of a machine's identities is meant: the one that is named, or else the machine's own, or
// else its only one. An identity that the machine does not have does not exist for it.
import type { Directory, Host, ServicePrincipal } from '#directory';
import { managedIdentityErrors } from '#errors';
import { ApiError } from '#kernel';

/** At most one is given. */
export interface IdentitySelector {
  readonly clientId: string | undefined;
  readonly objectId: string | undefined;
  readonly resourceId: string | undefined;
}

/** Throws IMDS's refusals. */
export function selectIdentity(
  directory: Pick<Directory, 'servicePrincipal'>,
  host: Host,
  selector: IdentitySelector,
): ServicePrincipal {
  const { systemAssignedPrincipalId: own } = host;
  const matches = matcherOf(selector);
  const ids = [...(own === undefined ? [] : [own]), ...host.userAssignedPrincipalIds];
  const identities = ids.flatMap((id) => directory.servicePrincipal(id) ?? []);
  if (matches !== undefined) {
    const named = identities.find(matches);
    if (named === undefined) throw new ApiError(managedIdentityErrors.identityNotFound);
    return named;
  }
  const [first, ...others] = identities;
  if (first === undefined) throw new ApiError(managedIdentityErrors.identityNotFound);
  if (first.id === own || others.length === 0) return first;
  throw new ApiError(managedIdentityErrors.identityAmbiguous);
}

function matcherOf(
  selector: IdentitySelector,
): ((principal: ServicePrincipal) => boolean) | undefined {
  const { clientId, objectId, resourceId } = selector;
  const given = [clientId, objectId, resourceId].filter((value) => value !== undefined);
  if (given.length === 0) return undefined;
  if (given.length > 1) throw new ApiError(managedIdentityErrors.selectorsSeveral);
  const isSame = (a: string | undefined, b: string | undefined) =>
    a !== undefined && a.toLowerCase() === b?.toLowerCase();
  return ({ appId, id, managedIdentityResourceId }) =>
    isSame(clientId, appId) ||
    isSame(objectId, id) ||
    isSame(resourceId, managedIdentityResourceId);
}
