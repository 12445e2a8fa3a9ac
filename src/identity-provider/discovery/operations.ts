// What clients read before they sign in: OpenID configuration, keys, instance discovery, user
// realm. All of it is public and says nothing about who exists.

import { oauthErrors } from '#errors';
import { ApiError, type Operation, operation, type Result, z } from '#kernel';
import type { LoginContext, LoginTarget } from '../login-context.ts';
import { parseTenantAlias, type TenantAlias } from '../tenant-alias.ts';
import {
  type DocumentInput,
  renderConfiguration,
  renderConfigurationV1,
  renderInstance,
  renderKeys,
  renderUserRealm,
} from './wire.ts';

const TRUSTED_REALM = 'http://schemas.microsoft.com/rel/trusted-realm';
const NAME_MAX = 256;

const tenantParams = z.object({ tenant: z.string().max(NAME_MAX) });
const open = {
  method: 'GET',
  versions: { required: false, accepts: () => true },
  access: { kind: 'anonymous' },
  success: 200,
} as const;

export function discoveryOperations(context: LoginContext): readonly Operation<LoginTarget>[] {
  return [
    ...configurationRows(context),
    ...keyRows(context),
    instanceRow(context),
    userRealmRow(context),
    webfingerRow(context),
  ];
}

function configurationRows(context: LoginContext): readonly Operation<LoginTarget>[] {
  const document = (tenant: string): DocumentInput => ({
    login: context.endpoints.login,
    graph: context.endpoints.graph,
    tenant: requireTenant(context, tenant),
    tenantId: context.directory.tenantId,
  });
  return [
    operation({
      ...open,
      id: 'OpenIdConfigurationV2',
      path: '/{tenant}/v2.0/.well-known/openid-configuration',
      audit: 'DiscoveryRead',
      errors: [oauthErrors.discoveryTenantUnknown],
      params: tenantParams,
      handle: ({ params }) => published(renderConfiguration(document(params.tenant))),
    }),
    operation({
      ...open,
      id: 'OpenIdConfigurationV1',
      path: '/{tenant}/.well-known/openid-configuration',
      audit: 'DiscoveryRead',
      errors: [oauthErrors.discoveryTenantUnknown],
      params: tenantParams,
      handle: ({ params }) => published(renderConfigurationV1(document(params.tenant))),
    }),
  ];
}

function keyRows(context: LoginContext): readonly Operation<LoginTarget>[] {
  const paths = { V2: '/{tenant}/discovery/v2.0/keys', V1: '/{tenant}/discovery/keys' };
  return Object.entries(paths).map(([version, path]) =>
    operation({
      ...open,
      id: `DiscoveryKeys${version}`,
      path,
      audit: 'DiscoveryRead',
      errors: [oauthErrors.discoveryTenantUnknown],
      params: tenantParams,
      handle: ({ params }) => {
        requireTenant(context, params.tenant);
        return published(renderKeys(context.directory.signingKeys.published()));
      },
    }),
  );
}

function instanceRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...open,
    id: 'InstanceDiscovery',
    path: '/{tenant}/discovery/instance',
    audit: 'DiscoveryRead',
    errors: [oauthErrors.discoveryTenantUnknown],
    params: tenantParams,
    query: z.object({ authorization_endpoint: z.string().max(2048).optional() }),
    handle: ({ params, query }) => {
      requireTenant(context, params.tenant);
      const segment = tenantOf(query.authorization_endpoint ?? '');
      const tenant = parseTenantAlias(context.directory, segment)?.segment;
      // Host and port come from our own configuration: Python drops the port from its question.
      return published(
        renderInstance(context.endpoints.login, tenant ?? context.directory.tenantId),
      );
    },
  });
}

function userRealmRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...open,
    id: 'UserRealm',
    path: '/{tenant}/userrealm/{upn}',
    audit: 'DiscoveryRead',
    errors: [oauthErrors.discoveryTenantUnknown],
    params: tenantParams.extend({ upn: z.string().max(NAME_MAX) }),
    handle: ({ params }) => {
      requireTenant(context, params.tenant);
      const { domains } = context.directory.tenant;
      return {
        body: renderUserRealm({ upn: params.upn, domains, login: context.endpoints.login }),
      };
    },
  });
}

function webfingerRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...open,
    id: 'Webfinger',
    path: '/.well-known/webfinger',
    audit: 'DiscoveryRead',
    errors: [oauthErrors.unknownPath],
    query: z.object({ resource: z.string().max(2048).optional() }),
    handle: ({ query: { resource = '' } }) => {
      const ours = new URL(context.endpoints.login).hostname;
      if (!URL.canParse(resource) || new URL(resource).hostname !== ours) {
        throw new ApiError(oauthErrors.unknownPath);
      }
      // MSAL.NET in ADFS mode compares this with the address it asked for, letter by letter.
      return {
        body: { subject: resource, links: [{ rel: TRUSTED_REALM, href: resource }] },
      };
    },
  });
}

function requireTenant(context: LoginContext, name: string): TenantAlias {
  const tenant = parseTenantAlias(context.directory, name);
  if (tenant) return tenant;
  throw new ApiError(oauthErrors.discoveryTenantUnknown, { tenant: name });
}

function published(body: unknown): Result {
  return {
    body,
    headers: { 'Cache-Control': 'max-age=3600, public', 'Access-Control-Allow-Origin': '*' },
  };
}

function tenantOf(authorizationEndpoint: string): string {
  if (!URL.canParse(authorizationEndpoint)) return '';
  return new URL(authorizationEndpoint).pathname.split('/').find((part) => part !== '') ?? '';
}
