export type { AcmePorts, SendRequest } from './acme/acme-ports.ts';
export { acmeProvider } from './acme/acme-provider.ts';
export { findChallengeAnswer } from './acme/challenge.ts';
export {
  type AuthorityContext,
  createAuthority,
  exportRootKey,
  importRootKey,
  isRenewalDue,
  listAuthorities,
  loadAuthority,
  loadSettings,
  removeRootKey,
  renewIntermediate,
} from './authorities.ts';
export { AuthorityError, type AuthorityErrorCode } from './authority-error.ts';
export { findIssued, listIssued, revoke } from './issued.ts';
export type {
  IssueOutcome,
  IssueRequest,
  IssuerAccount,
  IssuerProvider,
} from './issuer-provider.ts';
export { authorityJob } from './maintenance.ts';
export type { AuthorityRecord, AuthoritySettings, IssuedCertificate } from './records.ts';
export { answerOcsp, currentRevocationList } from './revocation-status.ts';
export { strongroomProvider } from './strongroom-provider.ts';
