export type {
  IssueOutcome,
  IssueRequest,
  IssuerAccount,
  IssuerProvider,
} from './issuer-provider.ts';
