// What a person's token is asked for: scopes of exactly one resource. Rights come from roles at
// request time, so a token for one of our planes is whole (`user_impersonation`) or, for Graph,
// good for one's own profile (`User.Read`) and nothing else. An own application's scopes are those
// it exposes, and `.default`; whether the client may have them is `consent.ts`'s affair.
import { oauthErrors } from '#errors';
import { ApiError } from '#kernel';
import {
  exposedScopes,
  parseScopes,
  type RequestedScopes,
  type ResourceContext,
  resolveResource,
  type TargetResource,
} from './target-resource.ts';

export interface UserScope {
  readonly resource: TargetResource;
  /** As the client wrote it. */
  readonly resourceName: string;
  /** `scp` of the token, if nothing has to be consented to; else what is asked for by name. */
  readonly granted: readonly string[];
  /** `.default` is among what was asked for. */
  readonly isDefault: boolean;
  /** `scope` of the answer: what was asked for, under which MSAL looks for it later. */
  readonly echoed: readonly string[];
  readonly openid: readonly string[];
}

const DEFAULT = '.default';
const IMPERSONATION = 'user_impersonation';
const WHOLE = new Set([DEFAULT, IMPERSONATION]);
const OWN_PROFILE = 'User.Read';

type Context = ResourceContext & { readonly endpoints: { readonly graph: string } };

/** Throws AADSTS28000, AADSTS70011 or AADSTS500011. No resource at all: one's own profile. */
export function resolveUserScope(context: Context, scope: string): UserScope {
  const requested: RequestedScopes = parseScopes(scope);
  const asked = (requested.resource.length > 0 ? requested.resource : [OWN_PROFILE]).map((text) =>
    splitScope(text, context.endpoints.graph),
  );
  const [first, ...others] = asked;
  if (first === undefined) throw new ApiError(oauthErrors.scopeInvalid, { scope });
  if (others.some((other) => other.resource !== first.resource)) {
    throw new ApiError(oauthErrors.scopesOfSeveralResources);
  }
  const resource = resolveResource(context, first.resource);
  const permissions = asked.map(({ permission }) => permission);
  const { openid } = requested;
  const granted = grantedOf(resource, permissions, scope);
  const names = new Set([...granted, ...permissions]);
  return {
    resource,
    resourceName: first.resource,
    granted,
    isDefault: permissions.includes(DEFAULT),
    echoed: [...names].map((name) => `${first.resource}/${name}`),
    openid,
  };
}

/** Throws AADSTS70011 for what a plane, AADSTS650053 for what an application does not have. */
function grantedOf(
  { owner, audience }: TargetResource,
  permissions: readonly string[],
  scope: string,
): readonly string[] {
  if (owner.kind === 'application') {
    const named = permissions.filter((permission) => permission !== DEFAULT);
    const exposed = new Set(exposedScopes(owner.application).map(({ value }) => value));
    const absent = named.find((value) => !exposed.has(value));
    if (absent === undefined) return named;
    throw new ApiError(oauthErrors.scopeNotExposed, { scope: absent, resource: audience });
  }
  const isKnown = (permission: string) =>
    WHOLE.has(permission) || (owner.name === 'graph' && permission === OWN_PROFILE);
  if (!permissions.every(isKnown)) throw new ApiError(oauthErrors.scopeInvalid, { scope });
  return [permissions.some((permission) => WHOLE.has(permission)) ? IMPERSONATION : OWN_PROFILE];
}

/** From `scope`, or from v1's `resource`. */
export function requestedUserScope(context: Context, request: Requested): UserScope {
  const { form, acceptsResource } = request;
  if (!acceptsResource || form.resource === undefined) {
    return resolveUserScope(context, form.scope ?? '');
  }
  return resolveUserScope(context, `${form.resource}/.default ${form.scope ?? ''}`);
}

interface Requested {
  readonly acceptsResource: boolean;
  readonly form: { readonly scope?: string | undefined; readonly resource?: string | undefined };
}

/** `https://host/permission` → both; a bare permission is Microsoft Graph's. */
function splitScope(text: string, graph: string) {
  const slash = text.lastIndexOf('/');
  if (slash < 0) return { resource: graph, permission: text };
  return { resource: text.slice(0, slash), permission: text.slice(slash + 1) };
}
