// `client_credentials`: an application for itself.
import { oauthErrors } from '#errors';
import { ApiError } from '#kernel';
import type { LoginContext } from '../login-context.ts';
import { resolveDefaultScope, resolveResource } from '../resource/target-resource.ts';
import { requireAppRoles } from './app-roles.ts';
import { issueAccessToken } from './issue.ts';
import {
  requireConfidentialClient,
  requireParameter,
  requirePrincipal,
  type TokenRequest,
} from './token-request.ts';
import type { IssuedTokens } from './wire.ts';

export async function clientCredentialsGrant(
  context: LoginContext,
  request: TokenRequest,
): Promise<IssuedTokens> {
  const { form, tenant } = request;
  if (tenant.kind === 'any') throw new ApiError(oauthErrors.tenantNotNamed);
  const client = await requireConfidentialClient(context, form);
  const principal = requirePrincipal(context, client);
  const resource =
    request.acceptsResource && form.resource !== undefined
      ? resolveResource(context, form.resource)
      : resolveDefaultScope(context, requireParameter(form, 'scope'));
  const roles = requireAppRoles(context.directory, principal, resource);
  const subject = { kind: 'app', principal, roles } as const;
  return issueAccessToken(context, { client, resource, subject, claims: form.claims });
}
