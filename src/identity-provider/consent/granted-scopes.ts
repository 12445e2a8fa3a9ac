// What has been consented to so far, by the person or by an administrator for everyone.
import type { Directory } from '#directory';

export interface Consented {
  /** Object ids of service principals. */
  readonly clientId: string;
  readonly resourceId: string;
  readonly userId: string;
}

/** Values of scopes. */
export function grantedScopes(directory: Directory, consented: Consented): readonly string[] {
  const { clientId, resourceId, userId } = consented;
  return directory
    .permissionsGrantedTo(clientId)
    .filter((grant) => grant.resourceId === resourceId)
    .filter(({ principalId }) => principalId === null || principalId === userId)
    .flatMap(({ scope }) => scope.split(' '));
}
