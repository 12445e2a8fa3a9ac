export type { AcmePorts, SendRequest } from './acme/acme-ports.ts';
export { acmeProvider } from './acme/acme-provider.ts';
export { findChallengeAnswer } from './acme/challenge.ts';
export {
  type AuthorityContext,
  createAuthority,
  isRenewalDue,
  listAuthorities,
  loadAuthority,
  loadSettings,
  renewIntermediate,
} from './authorities.ts';
export { AuthorityError, type AuthorityErrorCode } from './authority-error.ts';
export { revokeIntermediate } from './intermediate-revocation.ts';
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
export { exportRootKey, importRootKey, removeRootKey } from './root-key.ts';
export { strongroomProvider } from './strongroom-provider.ts';
