// Which of the scopes that a client asks for it may use in this person's name. Scopes of our own
// planes all stand: there rights come from roles at request time, and `consent.ts` sees to it that
// a person was asked in the browser. An application that was granted nothing gets nothing: there
// are no default scopes.
import type { Application, Directory, PermissionScope, User } from '#directory';
import { oauthErrors } from '#errors';
import { ApiError } from '#kernel';
import { exposedScopes, type ResourceApplication } from '../resource/target-resource.ts';
import type { UserScope } from '../resource/user-scope.ts';
import { grantedScopes } from './granted-scopes.ts';

export interface ConsentQuestion {
  readonly client: Application;
  readonly user: User;
  readonly scope: UserScope;
}

export interface ConsentDecision {
  /** Values of scopes that stand: `scp` of the token. */
  readonly granted: readonly string[];
  /** What the person, or an administrator, has to consent to first. */
  readonly missing: readonly PermissionScope[];
}

export function decideConsent(directory: Directory, question: ConsentQuestion): ConsentDecision {
  const { client, user, scope } = question;
  const { owner } = scope.resource;
  if (owner.kind === 'plane') return { granted: scope.granted, missing: [] };
  const exposed = exposedScopes(owner.application);
  const allowed = allowedScopes(directory, { client, user, owner });
  const isAllowed = ({ value }: PermissionScope) => allowed === 'all' || allowed.has(value);
  const wanted = exposed.filter(({ value }) => scope.granted.includes(value));
  // `.default` is what has been consented to already; all of it is asked for if that is nothing.
  const consented = scope.isDefault ? exposed.filter(isAllowed) : [];
  const all = scope.isDefault && consented.length === 0 && wanted.length === 0 ? exposed : wanted;
  const values = [...consented, ...all.filter(isAllowed)].map(({ value }) => value);
  return { granted: [...new Set(values)], missing: all.filter((one) => !isAllowed(one)) };
}

/** Throws AADSTS65001, and AADSTS650053 for an application that exposes nothing. */
export function requireConsent(directory: Directory, question: ConsentQuestion): readonly string[] {
  const { client, scope } = question;
  const { granted, missing } = decideConsent(directory, question);
  const { appId, displayName } = client;
  if (missing.length > 0) {
    throw new ApiError(oauthErrors.consentRequired, { appId, displayName });
  }
  if (granted.length > 0) return granted;
  throw new ApiError(oauthErrors.scopeNotExposed, {
    scope: scope.echoed.join(' '),
    resource: scope.resource.audience,
  });
}

interface Asked {
  readonly client: Application;
  readonly user: User;
  readonly owner: ResourceApplication;
}

/** Values of scopes; `all` for an application that calls itself. */
function allowedScopes(
  directory: Directory,
  { client, user, owner }: Asked,
): ReadonlySet<string> | 'all' {
  const { application, principal } = owner;
  if (application.appId === client.appId) return 'all';
  const clientId = directory.servicePrincipalByAppId(client.appId)?.id ?? '';
  const granted = grantedScopes(directory, {
    clientId,
    resourceId: principal.id,
    userId: user.id,
  });
  const trusted = new Set(
    (application.api?.preAuthorizedApplications ?? [])
      .filter(({ appId }) => appId.toLowerCase() === client.appId)
      .flatMap(({ delegatedPermissionIds }) => delegatedPermissionIds),
  );
  const preAuthorized = exposedScopes(application).filter(({ id }) => trusted.has(id));
  return new Set([...granted, ...preAuthorized.map(({ value }) => value)]);
}
