// App roles and other permissions that an application names, on Microsoft Graph's wire ↔ our
// records. Its scopes stand in `api-wire.ts`.
import type { Application, AppRole, PermissionScope, ServicePrincipal } from '#directory';
import { wellKnownScopes } from '#directory';
import { graphErrors } from '#errors';
import { ApiError, isGuid, z } from '#kernel';

const ITEMS_MAX = 256;
const guid = z.string().refine(isGuid);
/** Entra's rule for values of roles and scopes: what may stand in a token's list. */
const value = z.string().regex(/^[\w!#$%&'()*+,\-./:;=?@[\]^`{|}~]{1,250}$/);

const appRole = z.object({
  id: guid,
  value: value.nullish(),
  displayName: z.string().min(1).max(256),
  description: z.string().min(1).max(1024),
  allowedMemberTypes: z
    .array(z.enum(['User', 'Application']))
    .min(1)
    .max(2),
  isEnabled: z.boolean().default(true),
  origin: z.string().max(256).nullish(),
});

export const appRolesBody = z.array(appRole).max(ITEMS_MAX);

export const requiredResourceAccessBody = z
  .array(
    z.object({
      resourceAppId: guid,
      resourceAccess: z
        .array(z.object({ id: guid, type: z.enum(['Scope', 'Role']) }))
        .max(ITEMS_MAX),
    }),
  )
  .max(50);

export function parseAppRoles(given: z.infer<typeof appRolesBody>): readonly AppRole[] {
  return given.map(({ origin: _, ...role }) => ({ ...role, value: role.value ?? null }));
}

export function renderAppRoles(application: Pick<Application, 'appRoles'> | undefined): object[] {
  return application?.appRoles.map((role) => ({ ...role, origin: 'Application' })) ?? [];
}

/** The scopes that a service principal shows: its application's, or Microsoft's own. */
export function exposedScopes(
  principal: Pick<ServicePrincipal, 'appId'>,
  application: Pick<Application, 'api'> | undefined,
): readonly PermissionScope[] {
  return application?.api?.oauth2PermissionScopes ?? wellKnownScopes(principal.appId);
}

type Exposing = Partial<Pick<Application, 'appRoles' | 'api'>>;

/**
 * Ids and values mean one thing each, and what is enabled is not pulled away under those who have
 * it: Entra wants it disabled first, so that its owner sees what breaks while he can still turn
 * back. Throws `CannotDeleteOrUpdateEnabledEntitlement` or `Request_BadRequest`.
 */
export function requireExposable(after: Exposing, before: Exposing = {}): void {
  const entries = [
    ...(after.appRoles ?? before.appRoles ?? []),
    ...((after.api ?? before.api)?.oauth2PermissionScopes ?? []),
  ];
  const ids = new Set(entries.map(({ id }) => id.toLowerCase()));
  const values = entries.flatMap(({ value: name }) => name ?? []);
  if (ids.size < entries.length || new Set(values).size < values.length) {
    const property = after.appRoles ? 'appRoles' : 'api';
    throw new ApiError(graphErrors.invalidProperty, { property, resource: 'Application' });
  }
  for (const old of [
    ...(after.appRoles ? (before.appRoles ?? []) : []),
    ...(after.api ? (before.api?.oauth2PermissionScopes ?? []) : []),
  ]) {
    if (!old.isEnabled) continue;
    const kept = entries.find(({ id }) => id.toLowerCase() === old.id.toLowerCase());
    if (kept === undefined || kept.value !== old.value) {
      throw new ApiError(graphErrors.entitlementEnabled);
    }
  }
}
