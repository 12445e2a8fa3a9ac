// A directory object of any kind, told apart by `@odata.type` (az needs it in every list).
import type { Directory } from '#directory';
import { renderGroup } from '../groups/wire.ts';
import type { WireObject } from '../odata/page.ts';
import { renderServicePrincipal } from '../service-principals/wire.ts';
import { renderUser } from '../users/wire.ts';

/** `undefined` for an id that names nothing. */
export function renderDirectoryObject(directory: Directory, id: string): WireObject | undefined {
  const user = directory.user(id);
  if (user) return { '@odata.type': '#microsoft.graph.user', ...renderUser(user) };
  const group = directory.group(id);
  if (group) return { '@odata.type': '#microsoft.graph.group', ...renderGroup(group) };
  const principal = directory.servicePrincipal(id);
  if (principal === undefined) return undefined;
  const application = directory.applicationByAppId(principal.appId);
  return {
    '@odata.type': '#microsoft.graph.servicePrincipal',
    ...renderServicePrincipal(principal, application, directory.tenantId),
  };
}

export function renderDirectoryObjects(
  directory: Directory,
  ids: Iterable<string>,
): readonly WireObject[] {
  return [...ids].flatMap((id) => renderDirectoryObject(directory, id) ?? []);
}
