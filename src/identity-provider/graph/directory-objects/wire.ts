// A directory object of any kind, told apart by `@odata.type` (az needs it in every list).
import type { Directory, DirectoryRoleDefinition } from '#directory';
import { renderApplication } from '../applications/wire.ts';
import { renderGroup } from '../groups/wire.ts';
import type { WireObject } from '../odata/entity.ts';
import { renderServicePrincipal } from '../service-principals/wire.ts';
import { renderUser } from '../users/wire.ts';

/** `undefined` for an id that names nothing. */
export function renderDirectoryObject(directory: Directory, id: string): WireObject | undefined {
  const user = directory.user(id);
  if (user) return { '@odata.type': '#microsoft.graph.user', ...renderUser(user) };
  const group = directory.group(id);
  if (group) return { '@odata.type': '#microsoft.graph.group', ...renderGroup(group) };
  const principal = directory.servicePrincipal(id);
  if (principal === undefined) {
    const registered = directory.application(id);
    const type = '#microsoft.graph.application';
    return registered && { '@odata.type': type, ...renderApplication(registered) };
  }
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

/** The tenant has one of each, so a role's id here is its template's. */
export function renderDirectoryRole(role: DirectoryRoleDefinition): WireObject {
  const { roleTemplateId, displayName, description } = role;
  return { id: roleTemplateId, deletedDateTime: null, description, displayName, roleTemplateId };
}
