// Errors of the identity provider, as Microsoft Entra ID answers them: `code` is OAuth's `error`,
// `inner` the AADSTS number that clients and people look up, `message` the description behind it.
// No entry tells an unknown user from a wrong password.
import type { ErrorDefinition } from '#kernel';

/** `text` is the AADSTS number and the description, the way Entra prints them. */
export function entra(status: number, code: string, text: string): ErrorDefinition {
  const colon = text.indexOf(': ');
  return { status, code, inner: text.slice(0, colon), message: text.slice(colon + 2) };
}

export const oauthErrors = {
  tenantUnknown: entra(
    400,
    'invalid_request',
    "AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.",
  ),
  /** Discovery documents name the same failure differently. */
  discoveryTenantUnknown: entra(
    400,
    'invalid_tenant',
    "AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.",
  ),
  tenantNotNamed: entra(
    400,
    'invalid_request',
    'AADSTS50059: No tenant-identifying information found in either the request or implied by any provided credentials.',
  ),
  parameterMissing: entra(
    400,
    'invalid_request',
    "AADSTS900144: The request body must contain the following parameter: '{parameter}'.",
  ),
  malformedRequest: entra(
    400,
    'invalid_request',
    'AADSTS9002313: Invalid request. Request is malformed or invalid.',
  ),
  claimsMalformed: entra(
    400,
    'invalid_request',
    'AADSTS50029: The claims parameter is not valid JSON of the expected form.',
  ),
  grantUnsupported: entra(
    400,
    'unsupported_grant_type',
    "AADSTS70003: The app requested an unsupported grant type '{grantType}'.",
  ),
  scopeInvalid: entra(
    400,
    'invalid_scope',
    "AADSTS70011: The provided value for the input parameter 'scope' is not valid. The scope '{scope}' is not valid.",
  ),
  scopeNotDefault: entra(
    400,
    'invalid_scope',
    'AADSTS1002012: The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).',
  ),
  resourceUnknown: entra(
    400,
    'invalid_resource',
    'AADSTS500011: The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.',
  ),
  clientUnknown: entra(
    400,
    'unauthorized_client',
    "AADSTS700016: Application with identifier '{appId}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
  ),
  clientWithoutPrincipal: entra(
    400,
    'unauthorized_client',
    'AADSTS7000229: The client application {appId} is missing service principal in the tenant {tenant}.',
  ),
  clientDisabled: entra(
    400,
    'unauthorized_client',
    "AADSTS7000112: Application '{appId}'({displayName}) is disabled.",
  ),
  clientCredentialMissing: entra(
    401,
    'invalid_client',
    "AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  ),
  clientSecretInvalid: entra(
    401,
    'invalid_client',
    "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{appId}'.",
  ),
  clientSecretExpired: entra(
    401,
    'invalid_client',
    "AADSTS7000222: The provided client secret keys for app '{appId}' are expired. Create new keys for the app, or consider using certificate credentials for added security.",
  ),
  clientMayNotHaveCredential: entra(
    401,
    'invalid_client',
    "AADSTS700025: Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
  ),
  assertionMalformed: entra(
    400,
    'invalid_request',
    'AADSTS50027: JWT token is invalid or malformed.',
  ),
  assertionTypeUnsupported: entra(
    400,
    'invalid_request',
    "AADSTS900145: The value of 'client_assertion_type' is not supported.",
  ),
  assertionKeyUnknown: entra(
    401,
    'invalid_client',
    "AADSTS700027: The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '{thumbprint}', Please visit the portal or directly use MS Graph to see configured keys for app Id '{appId}'.]",
  ),
  assertionSignatureInvalid: entra(
    401,
    'invalid_client',
    "AADSTS700027: Client assertion contains an invalid signature. [Reason - The key was found, but signature verification failed., app Id '{appId}'.]",
  ),
  assertionNotInTime: entra(
    401,
    'invalid_client',
    'AADSTS700024: Client assertion is not within its valid time range. Current time: {now}, expiry time of assertion {expires}.',
  ),
  assertionClientMismatch: entra(
    401,
    'invalid_client',
    "AADSTS700021: Client assertion application identifier doesn't match 'client_id' parameter.",
  ),
  assertionAudience: entra(
    401,
    'invalid_client',
    'AADSTS700023: Client assertion audience claim does not match Realm issuer.',
  ),
  federatedIssuerUnknown: entra(
    401,
    'invalid_client',
    "AADSTS700211: No matching federated identity record found for presented assertion issuer '{issuer}'.",
  ),
  federatedSubjectUnknown: entra(
    401,
    'invalid_client',
    "AADSTS700213: No matching federated identity record found for presented assertion subject '{subject}'.",
  ),
  federatedAudienceUnknown: entra(
    401,
    'invalid_client',
    "AADSTS700212: No matching federated identity record found for presented assertion audience '{audience}'.",
  ),
  federatedSignatureInvalid: entra(
    401,
    'invalid_client',
    "AADSTS5001256: The assertion's signature could not be verified with the keys of its issuer.",
  ),
  userCredentialsInvalid: entra(
    400,
    'invalid_grant',
    'AADSTS50126: Error validating credentials due to invalid username or password.',
  ),
  userLocked: entra(
    400,
    'invalid_grant',
    'AADSTS50053: Sign-in is blocked for a while because of repeated sign-in attempts with an incorrect user ID or password.',
  ),
  userDisabled: entra(400, 'invalid_grant', 'AADSTS50057: The user account is disabled.'),
  passwordMustChange: entra(
    400,
    'invalid_grant',
    'AADSTS50055: The password is expired and must be changed before signing in.',
  ),
  refreshTokenInvalid: entra(
    400,
    'invalid_grant',
    'AADSTS9002313: Invalid request. Request is malformed or invalid.',
  ),
  refreshTokenExpired: entra(
    400,
    'invalid_grant',
    'AADSTS700082: The refresh token has expired due to inactivity.',
  ),
  refreshTokenRevoked: entra(
    400,
    'invalid_grant',
    'AADSTS50173: The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.',
  ),
  scopesOfSeveralResources: entra(
    400,
    'invalid_scope',
    "AADSTS28000: The input parameter 'scope' is not valid because it contains more than one resource.",
  ),
  clientWithoutAppRole: entra(
    400,
    'invalid_grant',
    "AADSTS501051: Application '{appId}'({displayName}) is not assigned to a role for the application '{resource}'({resourceName}).",
  ),
  userWithoutAppRole: entra(
    400,
    'invalid_grant',
    "AADSTS50105: Your administrator has configured the application {displayName} ('{appId}') to block users unless they are specifically granted ('assigned') access to the application. The signed in user is blocked because they are not a direct member of a group with access, nor had access directly assigned by an administrator. Please contact your administrator to assign access to this application.",
  ),
  scopeNotExposed: entra(
    400,
    'invalid_client',
    "AADSTS650053: The application asked for scope '{scope}' that doesn't exist on the resource '{resource}'. Contact the app vendor.",
  ),
  consentRequired: entra(
    400,
    'invalid_grant',
    "AADSTS65001: The user or administrator has not consented to use the application with ID '{appId}' named '{displayName}'. Send an interactive authorization request for this user and resource.",
  ),
  onBehalfOfInvalid: entra(
    400,
    'invalid_grant',
    'AADSTS50013: Assertion failed signature validation. [Reason - The assertion is no access token that this tenant has signed.]',
  ),
  onBehalfOfNotInTime: entra(
    400,
    'invalid_grant',
    'AADSTS500133: Assertion is not within its valid time range. Ensure that the access token is not expired before using it for user assertion, or request a new token.',
  ),
  onBehalfOfAudience: entra(
    400,
    'invalid_grant',
    "AADSTS500131: Assertion audience does not match the Client app presenting the assertion. The audience in the assertion was '{audience}' and the expected audience is '{appId}' or one of the Application Uris of this application with App ID '{appId}'({displayName}).",
  ),
  onBehalfOfApplication: entra(
    400,
    'invalid_grant',
    "AADSTS7000114: Application '{appId}' is not allowed to make application on-behalf-of calls.",
  ),
  onBehalfOfUse: entra(
    400,
    'invalid_request',
    "AADSTS90023: Invalid value '{value}' for 'requested_token_use'; supported is 'on_behalf_of'.",
  ),
  unknownPath: {
    status: 404,
    code: 'not_found',
    message: 'There is nothing at this address of the identity provider.',
  },
  methodNotAllowed: entra(
    405,
    'invalid_request',
    'AADSTS900561: The endpoint does not accept {method} requests.',
  ),
  bodyTooLarge: entra(413, 'invalid_request', 'AADSTS90010: The request body is too large.'),
  internal: entra(
    500,
    'server_error',
    'AADSTS90033: A transient error has occurred. Please try again.',
  ),
} as const satisfies Record<string, ErrorDefinition>;
