// Errors of Resource Manager and its providers: `{"error":{code,message}}`. Codes and texts are as
// recorded; a text that was never recorded is our own, and says so here.
import type { ErrorDefinition } from '#kernel';

function define(status: number, code: string, message: string): ErrorDefinition {
  return { status, code, message };
}

const CHECK_PRINCIPAL =
  'Check that you have the correct principal ID. If you are creating this principal and then ' +
  'immediately assigning a role, this error might be related to a replication delay. In this case, ' +
  'set the role assignment principalType property to a value, such as ServicePrincipal, User, or ' +
  'Group.  See https://aka.ms/docs-principaltype';

const CLIENT = "The client '{client}' with object id '{objectId}'";

/** What any request to the management plane can meet. */
const general = {
  tokenMissing: define(
    401,
    'AuthenticationFailed',
    "Authentication failed. The 'Authorization' header is missing.",
  ),
  tokenInvalid: define(401, 'InvalidAuthenticationToken', 'The access token is invalid.'),
  tokenExpired: define(401, 'ExpiredAuthenticationToken', 'The access token expiry has passed.'),
  tokenAudience: define(
    401,
    'InvalidAuthenticationTokenAudience',
    'The access token has been obtained for wrong audience or resource.',
  ),
  authorizationFailed: define(
    403,
    'AuthorizationFailed',
    `${CLIENT} does not have authorization to perform action '{action}' over scope '{scope}' or the ` +
      'scope is invalid. If access was recently granted, please refresh your credentials.',
  ),
  denyAssignment: define(
    403,
    'DenyAssignmentAuthorizationFailed',
    `${CLIENT} has permission to perform action '{action}' on scope '{scope}'; however, the access ` +
      "is denied because of the deny assignment with name '{denyName}' and Id '{denyId}' at scope " +
      "'{denyScope}'.",
  ),
  linkedAuthorizationFailed: define(
    403,
    'LinkedAuthorizationFailed',
    `${CLIENT} has permission to perform action '{action}' on scope '{scope}'; however, it does not ` +
      "have permission to perform action '{linkedAction}' on the linked scope(s) '{linked}' or the " +
      'linked scope(s) are invalid.',
  ),
  apiVersionMissing: define(
    400,
    'MissingApiVersionParameter',
    'The api-version query parameter (?api-version=) is required for all requests.',
  ),
  apiVersionInvalid: define(
    400,
    'InvalidApiVersionParameter',
    "The api-version '{version}' is invalid. The supported versions are '{supported}'.",
  ),
  resourceTypeInvalid: define(
    404,
    'InvalidResourceType',
    "The resource type could not be found in the namespace '{namespace}' for api version '{version}'.",
  ),
  noRegisteredProvider: define(
    400,
    'NoRegisteredProviderFound',
    "No registered resource provider found for location '{location}' and API version '{version}' for " +
      "type '{type}'. The supported api-versions are '{supported}'. The supported locations are ''.",
  ),
  namespaceInvalid: define(
    404,
    'InvalidResourceNamespace',
    "The resource namespace '{namespace}' is invalid.",
  ),
  /** Own text. */
  unknownPath: define(404, 'NotFound', 'No operation of Resource Manager has this address.'),
  /** Own text. */
  methodNotAllowed: define(
    405,
    'HttpMethodNotAllowed',
    "HTTP method '{method}' is not allowed here.",
  ),
  invalidRequestContent: define(
    400,
    'InvalidRequestContent',
    'The request content was invalid and could not be deserialized: {detail}.',
  ),
  badRequest: define(400, 'BadRequest', '{detail}'),
  invalidFilter: define(
    400,
    'InvalidFilterInQueryString',
    "Invalid $filter '{filter}' in the query.",
  ),
  resourceIdInvalid: define(
    400,
    'InvalidResourceId',
    'The resource id in the request is not valid.',
  ),
  /** Own text. */
  bodyTooLarge: define(413, 'RequestContentTooLarge', 'The request content is too large.'),
  throttled: define(429, 'TooManyRequests', 'The request is being throttled. Retry later.'),
  internal: define(500, 'InternalServerError', 'Encountered internal server error.'),
} as const satisfies Record<string, ErrorDefinition>;

const resources = {
  subscriptionNotFound: define(
    404,
    'SubscriptionNotFound',
    "The subscription '{id}' could not be found.",
  ),
  resourceGroupNotFound: define(
    404,
    'ResourceGroupNotFound',
    "Resource group '{name}' could not be found.",
  ),
  resourceNotFound: define(
    404,
    'ResourceNotFound',
    "The Resource '{type}/{name}' under resource group '{group}' was not found. For more details " +
      'please go to https://aka.ms/ARMResourceNotFoundFix',
  ),
  /** Own text, for what stands under no resource group. */
  notFound: define(404, 'ResourceNotFound', 'The specified resource does not exist.'),
  resourceGroupNameInvalid: define(
    400,
    'InvalidResourceGroupName',
    "The provided resource group name '{name}' is not valid.",
  ),
  resourceGroupLocation: define(
    409,
    'InvalidResourceGroupLocation',
    "Invalid resource group location '{location}'. The Resource group already exists in location " +
      "'{existing}'.",
  ),
  locationRequired: define(
    400,
    'LocationRequired',
    'The location property is required for this definition.',
  ),
  resourceLocation: define(
    409,
    'InvalidResourceLocation',
    "The resource '{name}' already exists in location '{existing}' in resource group '{group}'. A " +
      "resource with the same name cannot be created in location '{location}'.",
  ),
  tagsInvalid: define(400, 'InvalidTags', '{detail}'),
  scopeLocked: define(
    409,
    'ScopeLocked',
    "The scope '{scope}' cannot perform {verb} operation because following scope(s) are locked: " +
      "'{lockedScope}'. Please remove the lock and try again.",
  ),
  managementGroupNotFound: define(
    404,
    'NotFound',
    "The management group '{name}' could not be found.",
  ),
} as const satisfies Record<string, ErrorDefinition>;

const identities = {
  /** Own text. */
  identityNameInvalid: define(
    400,
    'InvalidResourceName',
    "The resource name '{name}' is not valid. A name has 3 to 128 letters, digits, hyphens and " +
      'underscores and begins with a letter or digit.',
  ),
  federatedCredentialNameInvalid: define(
    400,
    'BadRequest',
    "The federated identity credential name '{name}' is not valid. A name has 3 to 120 letters, " +
      'digits, hyphens and underscores and begins with a letter or digit.',
  ),
  federatedCredentialExists: define(
    400,
    'BadRequest',
    'Issuer and subject combination already exists for this Managed Identity.',
  ),
  federatedCredentialsTooMany: define(
    400,
    'BadRequest',
    'Too many Federated Identity Credentials are configured for user-assigned managed identity ' +
      "'{name}'. A maximum of {limit} Federated Identity Credentials are allowed per user-assigned " +
      'managed identity.',
  ),
  /** Own text: the machine keeps the key it was registered with. */
  machineKeyDiffers: define(
    409,
    'Conflict',
    "The machine '{name}' is registered with another key. Delete it and register it again: its " +
      'identities are not handed to another key.',
  ),
  /** Own text. */
  machineChanged: define(
    409,
    'Conflict',
    "The machine '{name}' was changed by somebody else meanwhile. Look at it and try again.",
  ),
  /** Own text. */
  machineKeyInvalid: define(
    400,
    'BadRequest',
    "A machine is registered with its agent's public key: properties.clientPublicKey is the base64 " +
      'of a P-256 key in SPKI form.',
  ),
} as const satisfies Record<string, ErrorDefinition>;

const vaults = {
  vaultNameInvalid: define(
    400,
    'VaultNameNotValid',
    "The vault name '{name}' is invalid. A vault's name must be between 3-24 alphanumeric " +
      'characters. The name must begin with a letter, end with a letter or digit, and not contain ' +
      'consecutive hyphens. Follow this link for more information: ' +
      'https://go.microsoft.com/fwlink/?linkid=2147742',
  ),
  vaultAlreadyExists: define(
    409,
    'VaultAlreadyExists',
    "The vault name '{name}' is already in use. Vault names are globaly unique so it is possible " +
      'that the name is already taken. If you are sure that the vault name was not taken then it is ' +
      'possible that a vault with the same name was recently deleted but not purged after being ' +
      'placed in a recoverable state. If the vault is in a recoverable state then the vault will ' +
      'need to be purged before reusing the name. For more information on soft delete and purging a ' +
      'vault follow this link https://go.microsoft.com/fwlink/?linkid=2147740.',
  ),
  vaultSoftDeleted: define(
    409,
    'ConflictError',
    'A vault with the same name already exists in deleted state. You need to either recover or ' +
      'purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 ' +
      'for more information on soft delete.',
  ),
  deletedVaultNotFound: define(
    404,
    'DeletedVaultNotFound',
    "The specified deleted vault '{name}' does not exist. Ensure that the vault was indeed deleted " +
      'and that it is in recoverable state. If soft delete was not enabled then the vault is ' +
      'permanently deleted. Follow this link for more information: ' +
      'https://go.microsoft.com/fwlink/?linkid=2149745',
  ),
  permissionModel: define(
    400,
    'InsufficientPermissions',
    'Caller is not allowed to change permission model. For more information on how to change the ' +
      'permissions model follow this link: https://go.microsoft.com/fwlink/?linkid=2155160. ' +
      'Details: oid={objectId}; action=Microsoft.Authorization/roleAssignments/write; ' +
      'resource={resource}; decision=NotAllowed;',
  ),
  purgeNotAllowed: define(405, 'MethodNotAllowed', "Operation 'DeletedVaultPurge' is not allowed."),
  purgeProtection: define(
    400,
    'BadRequest',
    'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for ' +
      'a vault is an irreversible action.',
  ),
  softDelete: define(
    400,
    'BadRequest',
    'The property "enableSoftDelete" can be set to false only for creating new vault. Enabling the ' +
      "'soft delete' functionality is an irreversible action.",
  ),
  softDeleteRetention: define(
    400,
    'BadRequest',
    'The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.',
  ),
  invalidValue: define(400, 'BadRequest', "An invalid value was provided for '{property}'."),
  tenantInvalid: define(
    400,
    'BadRequest',
    "The tenant id '{tenantId}' of the {what} is not that of the subscription.",
  ),
} as const satisfies Record<string, ErrorDefinition>;

const authorization = {
  principalIdInvalid: define(
    400,
    'InvalidPrincipalId',
    "The Principal ID '{id}' is not valid. Principal ID must be a GUID.",
  ),
  principalNotFound: define(
    400,
    'PrincipalNotFound',
    `Principal {id} does not exist in the directory {tenantId}. ${CHECK_PRINCIPAL}`,
  ),
  principalTypeMismatch: define(
    400,
    'UnmatchedPrincipalType',
    "The PrincipalId '{id}' has type '{found}' , which is different from specified PrincipalType " +
      "'{given}'.",
  ),
  roleAssignmentNameInvalid: define(
    400,
    'InvalidRoleAssignmentId',
    "The role assignment ID '{id}' is not valid. The role assignment ID must be a GUID.",
  ),
  roleAssignmentExists: define(
    409,
    'RoleAssignmentExists',
    'The role assignment already exists. The ID of the existing role assignment is {id}.',
  ),
  roleAssignmentUpdate: define(
    400,
    'RoleAssignmentUpdateNotPermitted',
    'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
  ),
  roleAssignmentNotFound: define(
    404,
    'RoleAssignmentNotFound',
    "The role assignment '{name}' is not found.",
  ),
  roleAssignmentLimit: define(
    400,
    'RoleAssignmentLimitExceeded',
    'No more role assignments can be created (code: RoleAssignmentLimitExceeded)',
  ),
  roleNotAssignable: define(
    400,
    'RoleAssignmentScopeNotAssignableToRoleDefinition',
    "The scope '{scope}' cannot be assigned to the role definition '{name}'.",
  ),
  conditionInvalid: define(400, 'InvalidConditionInRoleAssignment', '{detail}'),
  roleDefinitionIdInvalid: define(
    400,
    'InvalidRoleDefinitionId',
    "The role definition ID '{id}' is not valid.",
  ),
  roleDefinitionMissing: define(
    404,
    'RoleDefinitionDoesNotExist',
    "The specified role definition with ID '{id}' does not exist.",
  ),
  roleDefinitionBuiltIn: define(
    409,
    'RoleDefinitionExists',
    'The role definition ID is already in use by a built-in role.',
  ),
  roleDefinitionType: define(
    400,
    'InvalidRoleDefinitionType',
    "The role definition '{name}' request is not valid. The Role definition type value '{type}' is " +
      "not supported. The supported values are 'CustomRole'.",
  ),
  roleNameEmpty: define(
    400,
    'RoleDefinitionNameNullOrEmpty',
    'A role definition must have a non-empty, unique name.',
  ),
  roleNameTaken: define(
    409,
    'RoleDefinitionWithSameNameExists',
    'A role definition cannot be updated with a name that already exists.',
  ),
  assignableScopesMissing: define(
    400,
    'MissingAssignableScopes',
    'A role definition must have at least one assignable scope and all assignable scopes must be ' +
      'neither null nor empty.',
  ),
  assignableScopeInvalid: define(
    400,
    'LinkedInvalidPropertyId',
    "Property id '{id}' at path 'properties.assignableScopes[{index}]' is invalid. Expect fully " +
      "qualified resource Id that start with '/subscriptions/{sub}' or " +
      "'/providers/{namespace}/'.",
  ),
  roleInUse: define(
    400,
    'RoleDefinitionHasAssignments',
    'There are existing role assignments referencing role (code: RoleDefinitionHasAssignments).',
  ),
  roleDefinitionLimit: define(
    400,
    'RoleDefinitionLimitExceeded',
    'Role definition limit exceeded. No more role definitions can be created.',
  ),
  actionInvalid: define(
    400,
    'InvalidActionOrNotAction',
    "'{action}' does not match any of the actions.",
  ),
  providerNotFound: define(404, 'ProviderNotFound', 'Provider {name} not found.'),
  scheduleExists: define(400, 'RoleAssignmentExists', 'The Role assignment already exists.'),
  scheduleMissing: define(400, 'RoleAssignmentDoesNotExist', 'The Role assignment does not exist.'),
  scheduleInvalid: define(400, 'InvalidRoleAssignmentRequestSchedule', '{detail}'),
  policyRulesFailed: define(
    400,
    'RoleAssignmentRequestPolicyValidationFailed',
    'The following policy rules failed: [{rules}]',
  ),
  activeTooShort: define(
    400,
    'ActiveDurationTooShort',
    'The active duration is too short (minimum 5 minutes before deactivation).',
  ),
  scheduleRequestExists: define(
    409,
    'RoleAssignmentRequestExists',
    'The request exists already; a request is made once.',
  ),
  scheduleRequestState: define(
    400,
    'RoleAssignmentRequestCannotBeCanceled',
    "A request in the state '{status}' can be neither canceled nor reviewed.",
  ),
  denyAssignmentNotFound: define(
    404,
    'DenyAssignmentNotFound',
    "The deny assignment '{name}' is not found.",
  ),
} as const satisfies Record<string, ErrorDefinition>;

/** Own codes and texts: Azure has no certificate authority of this kind. */
const certificateAuthority = {
  authorityMissing: define(
    404,
    'CertificateAuthorityMissing',
    'No certificate authority has been set up here.',
  ),
  authorityExists: define(
    409,
    'CertificateAuthorityExists',
    'The certificate authority exists already; there is one per tenant.',
  ),
  rootKeyOffline: define(
    409,
    'RootKeyOffline',
    "The root's private key is not here. Bring it back first.",
  ),
  rootKeyMismatch: define(
    400,
    'RootKeyMismatch',
    'This is not the private key of the root, as PKCS#8 in PEM.',
  ),
} as const satisfies Record<string, ErrorDefinition>;

export const resourceManagerErrors = {
  ...general,
  ...resources,
  ...vaults,
  ...identities,
  ...authorization,
  ...certificateAuthority,
} as const;
