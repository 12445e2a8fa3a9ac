// Declared errors that no test meets on a served instance, each with the reason. The list may only
// shrink.

export interface Unprovoked {
  /** How the error's key begins: `plane status code/inner: message`. */
  readonly start: string;
  readonly reason: string;
}

const REGISTERED =
  'comes after the signature of a registered certificate was found good; shown by the unit tests of ' +
  'the identity provider';

export const UNPROVOKED: readonly Unprovoked[] = [
  {
    start: 'vault 429 Throttled',
    reason: 'needs more RSA keys at once than a core makes in a minute; shown by a unit test',
  },
  {
    start: 'login 400 invalid_grant/AADSTS700082',
    reason: 'needs 90 days of inactivity; no test has a clock for that yet',
  },
  {
    start: 'login 400 invalid_grant/AADSTS500133',
    reason: 'needs a token that is an hour old; shown by a unit test',
  },
  {
    start: 'login 400 expired_token/AADSTS70020',
    reason: 'needs a quarter of an hour to go by; shown by a unit test with a clock of its own',
  },
  {
    start: 'login 400 invalid_grant/AADSTS70008:',
    reason: 'needs ten minutes to go by; shown by a unit test with a clock of its own',
  },
  {
    start: 'login 401 invalid_client/AADSTS700027: Client assertion contains an invalid signature',
    reason: REGISTERED,
  },
  { start: 'login 401 invalid_client/AADSTS700024', reason: REGISTERED },
  {
    start: 'login 401 invalid_client/AADSTS5001256',
    reason: 'needs an outside issuer whose keys can be fetched; shown by a unit test',
  },
  {
    start: "management 409 Conflict: The machine '{name}' was changed",
    reason: 'needs two changes of one machine at once; shown by a unit test',
  },
];
