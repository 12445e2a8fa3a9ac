// A user-assigned identity by its resource id.
import { parseResourceId, scopeParts, type UserAssignedIdentity } from '#resources';
import type { Management } from '../management.ts';

const TYPE = 'providers/microsoft.managedidentity/userassignedidentities';
const IDENTITY_SEGMENTS = 8;

/** `undefined` if the id is not one of an identity, or nothing has it. */
export function identityById(
  { resources }: Pick<Management, 'resources'>,
  id: string,
): UserAssignedIdentity | undefined {
  const parsed = parseResourceId(id);
  if (parsed === undefined || parsed.segments.length !== IDENTITY_SEGMENTS) return undefined;
  if (parsed.segments.slice(4, 7).join('/').toLowerCase() !== TYPE) return undefined;
  const { subscriptionId, resourceGroup } = scopeParts(parsed);
  if (subscriptionId === undefined || resourceGroup === undefined) return undefined;
  return resources.identity({ subscriptionId, resourceGroup, name: parsed.segments[7] ?? '' });
}
