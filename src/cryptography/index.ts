export {
  AES_GCM_KEY_BYTES,
  AES_GCM_OVERHEAD_BYTES,
  type AesGcm,
  createAesGcm,
} from './aes-gcm.ts';
export {
  type CertificateWithKey,
  createAuthority,
  isServerCertificateFit,
  issueServerCertificate,
  needsRenewal,
  type ServerCertificateRequest,
  type ServerNames,
} from './x509-authority.ts';
