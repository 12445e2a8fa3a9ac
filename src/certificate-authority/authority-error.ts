// Why the certificate authority does not do what it was asked.

export type AuthorityErrorCode =
  /** It was never set up. */
  | 'missing'
  | 'exists'
  /** The root's private key is not here. */
  | 'rootOffline'
  /** A key that is not the root's, or none at all. */
  | 'keyMismatch'
  | 'notFound'
  /** It may not issue this; `message` says what is wrong with the request. */
  | 'refused';

export class AuthorityError extends Error {
  readonly code: AuthorityErrorCode;

  constructor(code: AuthorityErrorCode, message: string = code, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AuthorityError';
    this.code = code;
  }
}
