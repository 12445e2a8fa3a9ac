// What a token may answer that is not a result. Which of the caller's bytes were at fault is never
// said; names of PKCS#11 return values go to the log only.

export type TokenErrorCode =
  /** The module cannot be loaded, the token is missing, or it cannot be reached for now. */
  | 'unavailable'
  /** The token refuses the PIN: asking again would lock it. */
  | 'pinRefused'
  /** The session with the token is over, or was renewed before the task's turn came. */
  | 'lost'
  /** The token lacks the mechanism, or refuses this key for it. */
  | 'unsupported'
  /** The key was wrapped by another token, or its blob is damaged. */
  | 'foreignKey'
  /** Anything else: the device failed. */
  | 'failed';

export class TokenError extends Error {
  readonly code: TokenErrorCode;

  constructor(code: TokenErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TokenError';
    this.code = code;
  }
}
