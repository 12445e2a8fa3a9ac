// What a person's token is asked for: scopes of exactly one resource. Rights come from roles at
// request time, so a token for one of our planes is whole (`user_impersonation`) or, for Graph,
// good for one's own profile (`User.Read`) and nothing else.
import { oauthErrors } from '#errors';
import { ApiError } from '#kernel';
import {
  parseScopes,
  type RequestedScopes,
  type ResourceContext,
  resolveResource,
  type TargetResource,
} from './target-resource.ts';

export interface UserScope {
  readonly resource: TargetResource;
  /** `scp` of the token. */
  readonly granted: readonly string[];
  /** `scope` of the answer: what was asked for, under which MSAL looks for it later. */
  readonly echoed: readonly string[];
  readonly openid: readonly string[];
}

const WHOLE = new Set(['.default', 'user_impersonation']);
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
  const isGraph = resource.owner.kind === 'plane' && resource.owner.name === 'graph';
  for (const { permission } of asked) {
    if (WHOLE.has(permission) || (isGraph && permission === OWN_PROFILE)) continue;
    throw new ApiError(oauthErrors.scopeInvalid, { scope });
  }
  const isWhole = asked.some(({ permission }) => WHOLE.has(permission));
  const granted = [isWhole ? 'user_impersonation' : OWN_PROFILE];
  const names = new Set([...granted, ...asked.map(({ permission }) => permission)]);
  return {
    resource,
    granted,
    echoed: [...names].map((name) => `${first.resource}/${name}`),
    openid: requested.openid,
  };
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
