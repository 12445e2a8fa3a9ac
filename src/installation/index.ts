export { keepWritten, PRIVATE_MODE, PUBLIC_MODE, writeWhole } from './files.ts';
export {
  type Administrator,
  type Installation,
  type InstallationInput,
  openInstallation,
} from './installation.ts';
export {
  openServerCertificate,
  type ServerCertificate,
  serverNames,
} from './server-certificate.ts';
