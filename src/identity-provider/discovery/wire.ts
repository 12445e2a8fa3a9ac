// Discovery documents in Entra's shapes. MSAL for JavaScript and Go compare the issuer's scheme,
// host and port with the authority they were given, so all addresses start with our own origin.
import type { PublishedKey } from '#directory';
import type { TenantAlias } from '../tenant-alias.ts';

export interface DocumentInput {
  /** `https://login.D[:port]` */
  readonly login: string;
  readonly graph: string;
  readonly tenant: TenantAlias;
  readonly tenantId: string;
}

const SIGNING_ALGORITHMS = ['RS256'];
const CLIENT_AUTHENTICATION = ['client_secret_post', 'private_key_jwt', 'client_secret_basic'];
const CLAIMS = [
  'sub iss cloud_instance_name aud exp iat auth_time acr nonce preferred_username name tid ver',
  'at_hash c_hash email',
].flatMap((names) => names.split(' '));

/** v2.0: `/{tenant}/v2.0/.well-known/openid-configuration`. */
export function renderConfiguration(input: DocumentInput): Readonly<Record<string, unknown>> {
  const base = `${input.login}/${input.tenant.segment}`;
  return {
    token_endpoint: `${base}/oauth2/v2.0/token`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_types_supported: ['code'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: `${input.login}/${issuerTenant(input)}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    ...sharedPart(input),
  };
}

/** v1: `/{tenant}/.well-known/openid-configuration`, and the `adfs` alias. */
export function renderConfigurationV1(input: DocumentInput): Readonly<Record<string, unknown>> {
  const base = `${input.login}/${input.tenant.segment}`;
  // In ADFS mode clients read id_tokens of the same token service, whose issuer is the v2.0 one.
  const suffix = input.tenant.isAdfs ? '/v2.0' : '/';
  return {
    token_endpoint: `${base}/oauth2/token`,
    jwks_uri: `${base}/discovery/keys`,
    response_types_supported: ['code'],
    scopes_supported: ['openid'],
    issuer: `${input.login}/${issuerTenant(input)}${suffix}`,
    authorization_endpoint: `${base}/oauth2/authorize`,
    device_authorization_endpoint: `${base}/oauth2/devicecode`,
    end_session_endpoint: `${base}/oauth2/logout`,
    ...sharedPart(input),
  };
}

function sharedPart(input: DocumentInput): Readonly<Record<string, unknown>> {
  return {
    token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: SIGNING_ALGORITHMS,
    code_challenge_methods_supported: ['S256'],
    request_uri_parameter_supported: false,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    claims_supported: CLAIMS,
    tenant_region_scope: null,
    cloud_instance_name: new URL(input.login).host,
    cloud_graph_host_name: new URL(input.graph).host,
    msgraph_host: new URL(input.graph).host,
  };
}

/** Entra writes a placeholder where the path names no tenant; MSAL accepts exactly this one. */
function issuerTenant(input: DocumentInput): string {
  return input.tenant.kind === 'any' ? '{tenantid}' : input.tenantId;
}

export function renderKeys(keys: readonly PublishedKey[]): Readonly<Record<string, unknown>> {
  return { keys };
}

/** Served where DNS sends `login.microsoftonline.com` to us (clients.md §0, way 3). */
export function renderInstance(login: string, segment: string): Readonly<Record<string, unknown>> {
  const { host } = new URL(login);
  return {
    tenant_discovery_endpoint: `${login}/${segment}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  };
}

/** Says the same of every account of a domain, so it does not tell who exists. */
export function renderUserRealm(input: {
  readonly upn: string;
  readonly domains: readonly string[];
  readonly login: string;
}): Readonly<Record<string, unknown>> {
  const domain = input.upn.slice(input.upn.lastIndexOf('@') + 1).toLowerCase();
  const isOurs = input.domains.some((name) => name.toLowerCase() === domain);
  return {
    ver: '1.0',
    account_type: isOurs ? 'Managed' : 'Unknown',
    domain_name: domain,
    cloud_instance_name: new URL(input.login).host,
    cloud_audience_urn: 'urn:federation:MicrosoftOnline',
  };
}
