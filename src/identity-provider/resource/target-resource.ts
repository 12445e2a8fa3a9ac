// What a token is asked for: `scope` (v2.0) or `resource` (v1) → one registered resource. A
// resource that nobody registered is refused, never replaced by a default.

import type { Audiences, ResourceName } from '#authentication';
import type { Application, Directory, PermissionScope, ServicePrincipal } from '#directory';
import { oauthErrors } from '#errors';
import { ApiError } from '#kernel';

const DEFAULT_SCOPE = '/.default';
const OPENID_SCOPES = new Set(['openid', 'profile', 'email', 'offline_access']);
const SCOPES_MAX = 64;

export interface TargetResource {
  /**
   * `aud` of the token: the name the client knows the resource by, or, in tokens of version 2, its
   * client id.
   */
  readonly audience: string;
  /** One of our own planes, or an application of the tenant. */
  readonly owner: { readonly kind: 'plane'; readonly name: ResourceName } | ResourceApplication;
}

/** An application of the tenant, as the resource of a token. */
export interface ResourceApplication {
  readonly kind: 'application';
  readonly application: Application;
  readonly principal: ServicePrincipal;
}

export interface RequestedScopes {
  readonly openid: readonly string[];
  /** Scopes of resources, as written. */
  readonly resource: readonly string[];
}

/** Throws AADSTS70011 for too many scopes. */
export function parseScopes(scope: string): RequestedScopes {
  const all = scope.split(/\s+/).filter((part) => part !== '');
  if (all.length > SCOPES_MAX) throw new ApiError(oauthErrors.scopeInvalid, { scope: '' });
  return {
    openid: all.filter((part) => OPENID_SCOPES.has(part)),
    resource: all.filter((part) => !OPENID_SCOPES.has(part)),
  };
}

export interface ResourceContext {
  readonly directory: Directory;
  readonly audiences: Audiences;
}

/** For client credentials: exactly one resource, asked for as `<resource>/.default`. */
export function resolveDefaultScope(context: ResourceContext, scope: string): TargetResource {
  // Go's azidentity adds OpenID scopes even here; they mean nothing without a user.
  const [only, ...others] = parseScopes(scope).resource;
  if (only === undefined || others.length > 0 || !only.endsWith(DEFAULT_SCOPE)) {
    throw new ApiError(oauthErrors.scopeNotDefault, { scope });
  }
  // Exactly one `/.default` is cut off: `https://host//.default` is the resource `https://host/`.
  return resolveResource(context, only.slice(0, -DEFAULT_SCOPE.length));
}

/** Throws AADSTS500011 for a resource that is not registered. */
export function resolveResource(context: ResourceContext, resource: string): TargetResource {
  for (const name of ['vault', 'management', 'graph'] as const) {
    // Lower-cased only for the comparison of the host; ours have no path to speak of.
    if (context.audiences[name].has(resource.toLowerCase())) {
      return { audience: resource.toLowerCase(), owner: { kind: 'plane', name } };
    }
  }
  const { directory } = context;
  const application = directory.applicationByResource(resource);
  const principal = application && directory.servicePrincipalByAppId(application.appId);
  if (application === undefined || !principal?.accountEnabled) {
    throw new ApiError(oauthErrors.resourceUnknown, {
      resource,
      tenant: directory.tenant.displayName,
    });
  }
  const owner = { kind: 'application', application, principal } as const;
  return { audience: audienceOf(application, resource), owner };
}

function audienceOf({ appId, identifierUris, api }: Application, resource: string): string {
  if (api?.requestedAccessTokenVersion === 2) return appId;
  const isAsked = (name: string) => name.toLowerCase() === resource.toLowerCase();
  return identifierUris.find(isAsked) ?? appId;
}

/** What people may let clients do with an application in their name. */
export function exposedScopes({ api }: Application): readonly PermissionScope[] {
  return (api?.oauth2PermissionScopes ?? []).filter(({ isEnabled }) => isEnabled);
}
