// Errors of Microsoft Graph v1.0 as the directory answers them:
// `{"error":{code,message,innerError}}`.
import type { ErrorDefinition } from '#kernel';

function define(status: number, code: string, message: string): ErrorDefinition {
  return { status, code, message };
}

export const graphErrors = {
  tokenMissing: define(401, 'InvalidAuthenticationToken', 'Access token is empty.'),
  tokenMalformed: define(
    401,
    'InvalidAuthenticationToken',
    'CompactToken parsing failed with error code: 80049217',
  ),
  tokenExpired: define(
    401,
    'InvalidAuthenticationToken',
    'Lifetime validation failed, the token is expired.',
  ),
  tokenAudience: define(
    401,
    'InvalidAuthenticationToken',
    'Access token validation failure. Invalid audience.',
  ),
  tokenInvalid: define(401, 'InvalidAuthenticationToken', 'Access token validation failure.'),
  tokenRevoked: define(
    401,
    'InvalidAuthenticationToken',
    'Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp.',
  ),
  requestDenied: define(
    403,
    'Authorization_RequestDenied',
    'Insufficient privileges to complete the operation.',
  ),
  resourceNotFound: define(
    404,
    'Request_ResourceNotFound',
    "Resource '{id}' does not exist or one of its queried reference-property objects are not present.",
  ),
  meNotUser: define(
    400,
    'BadRequest',
    '/me request is only valid with delegated authentication flow.',
  ),
  badRequest: define(400, 'Request_BadRequest', '{detail}'),
  invalidProperty: define(
    400,
    'Request_BadRequest',
    "Invalid value specified for property '{property}' of resource '{resource}'.",
  ),
  unsupportedQuery: define(400, 'Request_UnsupportedQuery', '{detail}'),
  invalidFilter: define(400, 'BadRequest', 'Invalid filter clause: {detail}'),
  sameKeyValue: define(
    400,
    'Request_MultipleObjectsWithSameKeyValue',
    'Another object with the same value for property {property} already exists.',
  ),
  referenceExists: define(
    400,
    'Request_BadRequest',
    "One or more added object references already exist for the following modified properties: '{property}'.",
  ),
  servicePrincipalExists: define(
    409,
    'Request_MultipleObjectsWithSameKeyValue',
    'The service principal cannot be created, updated, or restored because the service principal name {appId} is already in use.',
  ),
  appRoleUnknown: define(
    400,
    'Request_BadRequest',
    "Permission being assigned was not found on application '{appId}'",
  ),
  permissionGranted: define(
    409,
    'Request_MultipleObjectsWithSameKeyValue',
    'Permission entry already exists.',
  ),
  groupNotAssignable: define(
    400,
    'Request_BadRequest',
    "The group cannot be assigned to a role: 'isAssignableToRole' has to be set when it is created.",
  ),
  lastAdministrator: define(
    400,
    'Request_BadRequest',
    'The last Global Administrator cannot be removed.',
  ),
  entitlementEnabled: define(
    400,
    'CannotDeleteOrUpdateEnabledEntitlement',
    'Permission (scope or role) cannot be deleted or updated unless disabled first.',
  ),
  applicationUnknown: define(
    400,
    'Request_BadRequest',
    "The appId '{appId}' of the service principal does not reference a valid application object.",
  ),
  passwordTooWeak: define(
    400,
    'Request_BadRequest',
    'The specified password does not comply with password complexity requirements. Please provide a different password.',
  ),
  currentPasswordWrong: define(
    400,
    'Request_BadRequest',
    'The specified current password does not match, or it was tried too often.',
  ),
  /** Microsoft Graph's own words, though it is the proof and not the token that it speaks of. */
  proofInvalid: define(
    401,
    'Authentication_MissingOrMalformed',
    'Access Token missing or malformed.',
  ),
  keyNotFound: define(400, 'Request_BadRequest', 'No key credential found with keyId.'),
  credentialNotFound: define(400, 'Request_BadRequest', 'No password credential found with keyId.'),
  unknownPath: define(400, 'BadRequest', "Resource not found for the segment '{segment}'."),
  methodNotAllowed: define(405, 'Request_BadRequest', 'Specified HTTP method is not allowed.'),
  malformedJson: define(
    400,
    'BadRequest',
    'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.',
  ),
  bodyTooLarge: define(413, 'RequestEntityTooLarge', 'The request body is too large.'),
  internal: define(500, 'InternalServerError', 'The request could not be completed.'),
} as const satisfies Record<string, ErrorDefinition>;
