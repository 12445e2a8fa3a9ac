export type { Sealed } from './aes-modes.ts';
export { ENCRYPTION_ALGORITHMS, SIGNATURE_ALGORITHMS, WRAP_ALGORITHMS } from './algorithms.ts';
export {
  type DecryptInput,
  decrypt,
  type EncryptInput,
  encrypt,
  secureUnwrapKey,
  secureWrapKey,
  type UnwrapInput,
  unwrapKey,
  type WrapInput,
  wrapKey,
} from './encrypt.ts';
export {
  AES_GCM_KEY_BYTES,
  AES_GCM_OVERHEAD_BYTES,
  type AesGcm,
} from './engine/aes-gcm.ts';
export {
  createAesGcm,
  type Implementation,
  selectImplementation,
  usingNative,
} from './engine/implementation.ts';
export { generateKey, type KeySpec } from './generate-key.ts';
export { importJwk, importPkcs8, type PrivateJwk } from './import-key.ts';
export { KeyError, type KeyErrorCode } from './key-error.ts';
export {
  type CurveName,
  deserializeKey,
  exportPkcs8,
  exportSpki,
  fromHeldKey,
  type HeldKey,
  type KeyMaterial,
  openPkcs8,
  type PostQuantumName,
  type PublicJwk,
  publicJwk,
  serializeKey,
} from './key-material.ts';
export { type KeyProvider, softwareProvider } from './key-provider.ts';
export {
  encryptTo,
  exportJwk,
  type RecipientJwk,
  readRecipient,
  type TransferHash,
  unwrapTransfer,
  wrapForTransfer,
} from './key-transfer.ts';
export { TokenError } from './pkcs11/token-error.ts';
export { openTokenProvider, type TokenProvider } from './pkcs11/token-provider.ts';
export { isPem, readPem, writePem } from './pkcs12/pem.ts';
export { Pkcs12Error, type Pkcs12ErrorCode } from './pkcs12/pkcs12-error.ts';
export { type Pkcs12Content, readPkcs12 } from './pkcs12/read-pkcs12.ts';
export { type Pkcs12Input, writePkcs12 } from './pkcs12/write-pkcs12.ts';
export { isPostQuantumName } from './post-quantum.ts';
export { type SignInput, sign, type VerifyInput, verify } from './sign.ts';
export type { AlternativeNames } from './x509/alternative-names.ts';
export {
  buildCertificateRequest,
  type CertificateRequest,
  parseCertificateRequest,
} from './x509/certificate-request.ts';
export { CHAIN_CERTIFICATES_MAX, orderChain } from './x509/chain.ts';
export { parseSubject } from './x509/distinguished-name.ts';
export {
  type Authority,
  issueCertificate,
  type RevocationAddresses,
  selfSignCertificate,
} from './x509/issue.ts';
export { loadX509Library } from './x509/load-library.ts';
export {
  type CertificateWithKey,
  createAuthority,
  isServerCertificateFit,
  issueServerCertificate,
  needsRenewal,
  type ServerCertificateRequest,
  type ServerNames,
} from './x509/local-authority.ts';
export { type NameConstraints, violatedConstraint } from './x509/name-constraints.ts';
export {
  buildOcspError,
  buildOcspResponse,
  type CertificateStatus,
  issuerHashes,
  OCSP_REQUEST_BYTES_MAX,
  type OcspCertificateId,
  parseOcspRequest,
} from './x509/ocsp.ts';
export {
  type CertificateProfile,
  checkProfile,
  fittingKeyUsages,
  KEY_USAGES,
  type KeyUsageName,
} from './x509/profile.ts';
export { type Certificate, readCertificate } from './x509/read-certificate.ts';
export {
  buildRevocationList,
  REVOCATION_REASONS,
  type RevocationReason,
  type RevokedCertificate,
} from './x509/revocation-list.ts';
export { X509Error, type X509ErrorCode } from './x509/x509-error.ts';
