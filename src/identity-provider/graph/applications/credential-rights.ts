// Who may change what an application signs in with. Who can give it a credential can act as it, so
// its rights must not exceed his.
import type { Application } from '#directory';
import type { Principal } from '#kernel';
import { found, type GraphContext, requirePrivilegeOver } from '../graph-context.ts';

export interface CredentialChange {
  readonly params: { readonly id: string };
  readonly principal: Principal | undefined;
}

/** Throws `Request_ResourceNotFound` or `Authorization_RequestDenied`. */
export function requireApplication(
  context: GraphContext,
  { params, principal }: CredentialChange,
): Application {
  const application = found(context.directory.application(params.id), params.id);
  requireCredentialRights(context, application, principal);
  return application;
}

export function requireCredentialRights(
  context: GraphContext,
  { appId }: Application,
  caller: Principal | undefined,
): void {
  requirePrivilegeOver(context, { caller, targets: principalsOf(context, appId) });
}

/** Live or deleted: who comes back has his roles, and the application’s credentials sign him in. */
export function principalsOf({ directory }: GraphContext, appId: string): readonly string[] {
  const deleted = directory
    .deletedItems()
    .filter((item) => item.kind === 'servicePrincipal' && item.record.appId === appId);
  const live = directory.servicePrincipalByAppId(appId);
  return [...deleted.map(({ record }) => record.id), ...(live ? [live.id] : [])];
}
