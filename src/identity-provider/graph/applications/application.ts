// Rules for applications that Graph enforces before anything is stored.
import type { Audiences } from '#authentication';
import { graphErrors } from '#errors';
import { ApiError } from '#kernel';

/**
 * An application may not call itself by the name of one of our own resources. Tokens for those are
 * never given to it anyway (`resource/target-resource.ts`); this says so before somebody relies on
 * it.
 */
export function requireOwnIdentifierUris(
  identifierUris: readonly string[],
  audiences: Audiences,
): void {
  for (const uri of identifierUris) {
    const isTaken = Object.values(audiences).some((names) => names.has(uri.toLowerCase()));
    if (isTaken || !URL.canParse(uri)) {
      throw new ApiError(graphErrors.invalidProperty, {
        property: 'identifierUris',
        resource: 'Application',
      });
    }
  }
}
