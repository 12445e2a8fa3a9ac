// Errors of a vault's data plane: `{"error":{code,message,innererror:{code}}}`. Codes and texts are
// those of recorded answers; `\r\n` in a text is Azure's. Where no answer was ever recorded, the
// text is our own and a comment says so.
import type { ErrorDefinition } from '#kernel';

function define(status: number, code: string, message: string): ErrorDefinition {
  return { status, code, message };
}

function defineInner(status: number, inner: string, message: string): ErrorDefinition {
  const code = status === 409 ? 'Conflict' : status === 403 ? 'Forbidden' : 'MethodNotAllowed';
  return { status, code, inner, message };
}

const unauthorized = (message: string) => define(401, 'Unauthorized', message);
const badParameter = (message: string) => define(400, 'BadParameter', message);

const VAULT = 'Vault: {vault};location={location}';
const CALLER = 'Caller: {caller}';

/** Errors that any vault operation can meet before its handler runs. */
export const keyVaultErrors = {
  tokenMissing: unauthorized('AKV10000: Request is missing a Bearer, PoP, or MTLS_POP token.'),
  tokenAudience: unauthorized('AKV10022: Invalid audience. Expected {expected}, found: {found}.'),
  tokenIssuer: unauthorized('AKV10032: Invalid issuer. Expected one of {expected}, found {found}.'),
  tokenSignature: unauthorized(
    'AKV10046: Unable to resolve the key used for signature validation.',
  ),
  /** Own text: expired, not yet valid, or otherwise unfit. */
  tokenInvalid: unauthorized('The token is not valid: {why}.'),

  forbiddenByRbac: defineInner(
    403,
    'ForbiddenByRbac',
    'Caller is not authorized to perform action on resource.\r\n' +
      'If role assignments, deny assignments or role definitions were changed recently, ' +
      'please observe propagation time.\r\n' +
      `${CALLER}\r\nAction: '{action}'\r\nResource: '{resource}'\r\n` +
      'Assignment: {assignment}\r\nDenyAssignmentId: {denyAssignmentId}\r\n' +
      `DecisionReason: '{decision}' \r\n${VAULT}\r\n`,
  ),
  forbiddenByPolicy: defineInner(
    403,
    'ForbiddenByPolicy',
    "The user, group or application '{caller}' does not have {collection} {permission} permission " +
      "on key vault '{vault};location={location}'. For help resolving this issue, please see " +
      'https://go.microsoft.com/fwlink/?linkid=2125287',
  ),
  forbiddenByFirewall: defineInner(
    403,
    'ForbiddenByFirewall',
    'Client address is not authorized and caller is not a trusted service.\r\n' +
      `Client address: {address}\r\n${CALLER}\r\n${VAULT}`,
  ),
  forbiddenByConnection: defineInner(
    403,
    'ForbiddenByConnection',
    'Public network access is disabled and request is not from a trusted service nor via an ' +
      `approved private link.\r\n${CALLER}\r\n${VAULT}`,
  ),
  forbiddenByConnectionNoBypass: defineInner(
    403,
    'ForbiddenByConnection',
    'Connection is not an approved private link and caller was ignored because bypass is not set ' +
      `to 'AzureServices' and PublicNetworkAccess is set to 'Disabled'.\r\n${VAULT}`,
  ),

  vaultNotFound: define(404, 'VaultNotFound', "Azure Key Vault '{vault}' does not exist."),
  /** Own text: no recorded client ever asked for an unknown path. */
  pathNotFound: define(404, 'NotFound', 'Nothing is served at this path.'),
  methodNotAllowed: define(405, 'MethodNotAllowed', 'HTTP {method} not allowed'),
  operationNotSpecified: badParameter('Operation not specified'),
  /** Own text: Azure's was not recorded. */
  apiVersionMissing: badParameter('The query parameter api-version must be specified.'),
  apiVersionUnknown: badParameter(
    'The specified version ({version}) is not recognized. ' +
      'Consider using the latest supported version ({latest}).',
  ),
  nameInvalid: badParameter('The request URI contains an invalid name: {name}'),
  propertyInvalid: badParameter('{lines}'),
  /** Own texts. */
  bodyMissing: badParameter('The request needs a JSON body.'),
  bodyMalformed: badParameter('The request body is not valid JSON.'),
  bodyTooLarge: define(413, 'RequestTooLarge', 'The request body is too large.'),
  parameterInvalid: badParameter("The query parameter '{parameter}' has an invalid value."),
  /** Own text: what went wrong stands in the log under the request id, nowhere else. */
  internal: define(500, 'InternalError', 'The request could not be completed.'),
  /** Own text: the HSM that holds the key does not answer. */
  hsmUnavailable: define(
    503,
    'ServiceUnavailable',
    'The hardware security module cannot be reached at the moment. Retry later.',
  ),
} as const;

/** Errors that secrets, keys and certificates have in common. */
export interface ObjectErrors {
  readonly notFound: ErrorDefinition;
  readonly deletedNotFound: ErrorDefinition;
  readonly deletedButRecoverable: ErrorDefinition;
  readonly existsAlready: ErrorDefinition;
  readonly notDeleted: ErrorDefinition;
  readonly purgeProtected: ErrorDefinition;
  readonly managed: ErrorDefinition;
  readonly restoreConflict: ErrorDefinition;
  readonly backupCorrupt: ErrorDefinition;
  readonly backupUnknown: ErrorDefinition;
  readonly backupTooLarge: ErrorDefinition;
}

/** The common errors in the words for one noun: `Secret`, `Key`, `Certificate`. */
function objectErrors(Noun: 'Secret' | 'Key' | 'Certificate'): ObjectErrors {
  const noun = Noun.toLowerCase();
  return {
    notFound: define(
      404,
      `${Noun}NotFound`,
      `A ${noun} with (name/id) {id} was not found in this key vault. If you recently deleted ` +
        `this ${noun} you may be able to recover it using the correct recovery command. For help ` +
        'resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182',
    ),
    deletedNotFound: define(404, `${Noun}NotFound`, `Deleted ${Noun} not found: {id}`),
    deletedButRecoverable: defineInner(
      409,
      'ObjectIsDeletedButRecoverable',
      `${Noun} {id} is currently in a deleted but recoverable state, and its name cannot be ` +
        `reused; in this state, the ${noun} can only be recovered or purged.`,
    ),
    existsAlready: defineInner(
      400,
      'RequestNotAllowedOnNonDeletedObject',
      `${Noun} exists already: {id}`,
    ),
    notDeleted: defineInner(
      400,
      'ObjectMustBeDeletedPriorToBeingPurged',
      `${Noun} must be deleted prior to being purged.`,
    ),
    purgeProtected: define(
      403,
      'Forbidden',
      'Operation "purge" is not allowed because purge protection is enabled for this vault. ' +
        'Key Vault service will automatically purge it after the retention period has passed.' +
        `\r\n${VAULT}`,
    ),
    managed: defineInner(
      403,
      `${Noun}ManagedByKeyVault`,
      `Operation "{operation}" is not allowed on this ${noun}, since it is associated with a ` +
        'certificate. Perform the operation on the corresponding certificate. For more ' +
        'information refer to https://docs.microsoft.com/en-us/azure/key-vault/certificates/' +
        'about-certificates#composition-of-a-certificate',
    ),
    restoreConflict: define(
      409,
      'Conflict',
      `There was a conflict restoring the ${noun} '{id}'. This can happen if either: a second ` +
        `${noun} with the same name was created after the first ${noun} was deleted; thus trying ` +
        `to restore a ${noun} whose name is already in use. To fix this, rename the second ` +
        `${noun} to something else so that the restore works. The second probable cause of this ` +
        `exception is when multiple operations are performed in parallel against the ${noun}. To ` +
        `avoid this error, perform operations against a ${noun} in a sequential manner.`,
    ),
    // The code really has spaces.
    backupCorrupt: define(400, 'Malformed backup blob', 'Backup blob is corrupt.'),
    backupUnknown: define(
      400,
      'Malformed backup blob',
      'Backup blob contains invalid or corrupt version.',
    ),
    /** Own text: the limit of 500 versions is documented, the answer is not. */
    backupTooLarge: badParameter(`A ${noun} with more than {max} versions cannot be backed up.`),
  };
}

export const secretErrors = {
  ...objectErrors('Secret'),
  disabled: defineInner(
    403,
    'SecretDisabled',
    'Operation {operation} is not allowed on a disabled secret.',
  ),
  transformation: badParameter(
    "The '{from}' to '{to}' transformation is not supported. " +
      'Only PFX to PEM transformation is supported.',
  ),
} as const;

export const keyErrors = {
  ...objectErrors('Key'),
  managed: defineInner(
    403,
    'KeyManagedByKeyVault',
    'Operation "{operation}" is not allowed as this object\'s lifetime is managed by Key Vault.',
  ),
  disabled: defineInner(
    403,
    'KeyDisabled',
    'Operation {operation} is not allowed on a disabled key.',
  ),
  /** Own text: Azure refuses, its words were not recorded. */
  notYetValid: define(
    403,
    'Forbidden',
    'Operation {operation} is not allowed on a key that is not yet valid.',
  ),
  expired: define(403, 'Forbidden', 'Operation {operation} is not allowed on an expired key.'),
  operationForbidden: defineInner(
    403,
    'KeyOperationForbidden',
    'Operation {operation} is not permitted on this key.',
  ),
  attestationUnverified: defineInner(
    403,
    'AccessDenied',
    'Target environment attestation statement cannot be verified.',
  ),
  /** Own texts, both. */
  notExportable: define(403, 'Forbidden', 'The key is not exportable: it cannot be released.'),
  transferInvalid: badParameter(
    'The property "key_hsm" must be a key transfer blob made for a key of this vault whose only ' +
      'operation is "import".',
  ),
  throttled: define(
    429,
    'Throttled',
    'Request was not processed because too many requests were received. ' +
      'Reason: VaultRequestTypeLimitReached',
  ),
  hardwareNotSupported: defineInner(
    403,
    'HardwareKeysNotSupported',
    'Hardware key operation not allowed on standard vault',
  ),
  jwkInvalid: badParameter('The property "key" must be a valid JsonWebKey object.'),
  parameterIncorrect: badParameter('The parameter is incorrect.\r\n'),
  exportableWithoutPolicy: badParameter('AKV.SKR.1004: Exportable keys must have release policy.'),
  policyWithoutExportable: badParameter(
    'AKV.SKR.1005: Non-exportable keys must not have release policy.',
  ),
  releasePolicyImmutable: badParameter(
    'AKV.SKR.1020: Immutable Key Release Policy cannot be modified.',
  ),
} as const;

/** Texts without a remark are recorded or documented. */
export const certificateErrors = {
  ...objectErrors('Certificate'),
  pendingNotFound: define(404, 'PendingCertificateNotFound', 'Pending certificate not found: {id}'),
  issuerNotFound: define(404, 'CertificateIssuerNotFound', 'Issuer not found'),
  issuerNamedNotFound: define(404, 'CertificateIssuerNotFound', 'Issuer {issuer} not found'),
  contactsNotFound: define(404, 'ContactsNotFound', 'Contacts not found'),
  pendingInProgress: define(
    409,
    'Conflict',
    'A new key vault certificate can not be created or imported while a pending key vault ' +
      "certificate's status is inProgress.",
  ),
  /** Own text. */
  nameTaken: define(
    409,
    'Conflict',
    'There is a {noun} named {id} that does not belong to a certificate; a certificate of that ' +
      'name needs a key and a secret of the same name.',
  ),
  pendingNotInProgress: define(
    403,
    'Forbidden',
    'Pending status must be in progress to allow update.',
  ),
  // The misspelling is Azure's.
  mergeForbidden: define(
    403,
    'Forbidden',
    'Merge is forbidden on pending object created with issuer : {issuer} while it is in progess.',
  ),
  throttled: keyErrors.throttled,
  hardwareNotSupported: keyErrors.hardwareNotSupported,
  subjectInvalid: badParameter(
    'Property policy.x509_props has invalid value. Invalid X.500 distinguished name\r\n',
  ),
  publicKeyMismatch: badParameter(
    'The public key of the end-entity certificate in the specified X.509 certificate content does ' +
      'not match the public part of the specified private key. Please check if certificate is ' +
      'valid.',
  ),
  unreadable: badParameter('Certificate can not be read. Please check if certificate is valid.'),
  chainInvalid: badParameter('Unable to parse X5c certificate chain and locate leaf certificate'),
  valueTooLong: badParameter('value is too long.'),
  valueNotBase64: badParameter('Format of Pkcs12 value is invalid.'),
  pkcs12Invalid: badParameter(
    'The specified PKCS#12 X.509 certificate content can not be read. Please check if ' +
      'certificate is in valid PKCS#12 format.',
  ),
  pemInvalid: badParameter(
    'The specified PEM X.509 certificate content is in an unexpected format. Please check if ' +
      'certificate is in valid PEM format.',
  ),
  privateKeyMissing: badParameter(
    'Private key is not specified in the specified X.509 {format} certificate content. Please ' +
      'specify private key in the X.509 {format} certificate content.',
  ),
  /** Own texts from here on. */
  passwordWrong: badParameter(
    'The specified X.509 certificate content cannot be opened with the specified password, or ' +
      'was changed after it was made.',
  ),
  encryptionUnsupported: badParameter(
    'The specified X.509 certificate content is encrypted or protected in a way that is not ' +
      'supported. Export it again with AES or triple DES.',
  ),
  tooMuch: badParameter(
    'The specified X.509 certificate content is too large, or asks for too much work to open.',
  ),
  severalKeys: badParameter(
    'The specified X.509 certificate content has several private keys; it must have one.',
  ),
  keyUnsupported: badParameter(
    'The private key is not supported. It must be RSA of 2048, 3072 or 4096 bits, or EC on ' +
      'P-256, P-384, P-521 or P-256K.',
  ),
} as const;
