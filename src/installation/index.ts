export { readAttestationAuthorities } from './attestation-authorities.ts';
export { keepWritten, PRIVATE_MODE, PUBLIC_MODE, writeWhole } from './files.ts';
export { openHsm } from './hsm.ts';
export {
  type Administrator,
  type Installation,
  type InstallationInput,
  openInstallation,
} from './installation.ts';
export { handOver, openAuditLog, readAuditKey } from './installation-audit.ts';
export { type OwnCertificate, readOwnCertificate } from './own-certificate.ts';
export { chooseSeal } from './seal.ts';
export { type ServerTls, type ServerTlsOptions, serverTls } from './server-tls.ts';
export { describeStartFailure, StartFailure } from './start-failure.ts';
