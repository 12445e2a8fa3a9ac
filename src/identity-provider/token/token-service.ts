// One token service behind every address of the token endpoint. It dispatches on the grant and issues;
// the addresses differ only in how the resource is named and how the answer is written.

import { oauthErrors } from '#errors';
import { ApiError, unixSeconds } from '#kernel';
import type { LoginContext } from '../login-context.ts';
import type { TenantAlias } from '../tenant-alias.ts';
import {
  ACCESS_TOKEN_LIFETIME_S,
  renderAccessTokenClaims,
  type TokenSubject,
} from './access-token.ts';
import { type AuthenticatedClient, authenticateClient } from './client-authentication.ts';
import { parseClientCapabilities } from './client-capabilities.ts';
import { signJwt } from './jwt.ts';
import { resolveDefaultScope, resolveResource, type TargetResource } from './target-resource.ts';
import type { IssuedTokens, TokenForm } from './wire.ts';

export interface TokenRequest {
  readonly tenant: TenantAlias;
  readonly form: TokenForm;
  /** The v1 endpoint names what it wants in `resource`. */
  readonly acceptsResource: boolean;
}

export class TokenService {
  readonly #context: LoginContext;

  constructor(context: LoginContext) {
    this.#context = context;
  }

  /** Throws Entra's refusals. */
  grant(request: TokenRequest): Promise<IssuedTokens> {
    const grantType = requireParameter(request.form, 'grant_type');
    switch (grantType) {
      case 'client_credentials':
        return this.#clientCredentials(request);
      default:
        throw new ApiError(oauthErrors.grantUnsupported, { grantType });
    }
  }

  async #clientCredentials(request: TokenRequest): Promise<IssuedTokens> {
    if (request.tenant.kind === 'any') throw new ApiError(oauthErrors.tenantNotNamed);
    const client = await authenticateClient(this.#context, {
      clientId: requireParameter(request.form, 'client_id'),
      clientSecret: request.form.client_secret,
      clientAssertion: request.form.client_assertion,
      clientAssertionType: request.form.client_assertion_type,
    });
    const principal = this.#principalOf(client);
    const resource = this.#targetResource(request);
    return this.#issue(request, {
      client,
      resource,
      subject: { kind: 'app', principal, roles: [] },
    });
  }

  #principalOf({ application }: AuthenticatedClient) {
    const { appId, displayName } = application;
    const principal = this.#context.directory.servicePrincipalByAppId(appId);
    if (principal === undefined) {
      const tenant = this.#context.directory.tenantId;
      throw new ApiError(oauthErrors.clientWithoutPrincipal, { appId, tenant });
    }
    if (!principal.accountEnabled) {
      throw new ApiError(oauthErrors.clientDisabled, { appId, displayName });
    }
    return principal;
  }

  #targetResource({ form, acceptsResource }: TokenRequest): TargetResource {
    if (acceptsResource && form.resource !== undefined) {
      return resolveResource(this.#context, form.resource);
    }
    return resolveDefaultScope(this.#context, requireParameter(form, 'scope'));
  }

  async #issue(request: TokenRequest, token: TokenContent): Promise<IssuedTokens> {
    const { directory, clock, endpoints } = this.#context;
    const nowS = unixSeconds(clock);
    const claims = renderAccessTokenClaims({
      ...token,
      login: endpoints.login,
      tenantId: directory.tenantId,
      clientCapabilities: parseClientCapabilities(request.form.claims),
      nowS,
    });
    return {
      accessToken: await signJwt(directory.signingKeys.current(), claims),
      issuedAtS: nowS,
      lifetimeS: ACCESS_TOKEN_LIFETIME_S,
      resource: token.resource,
    };
  }
}

interface TokenContent {
  readonly client: AuthenticatedClient;
  readonly resource: TargetResource;
  readonly subject: TokenSubject;
}

function requireParameter(form: TokenForm, parameter: keyof TokenForm): string {
  const value = form[parameter];
  if (value === undefined || value === '') {
    throw new ApiError(oauthErrors.parameterMissing, { parameter });
  }
  return value;
}
