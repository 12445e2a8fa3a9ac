// Why a key, or an operation with one, is refused. The data plane turns codes into Azure's texts.

export type KeyErrorCode =
  /** Not RSA, EC or oct. */
  | 'unsupportedKeyType'
  | 'unsupportedCurve'
  /** Not a size that Key Vault has, in a new or an imported key. */
  | 'unsupportedKeySize'
  | 'missingField'
  /** Not base64url, or longer than the curve or modulus allows. */
  | 'malformedField'
  /** Even, below 3, or beyond 32 bits. */
  | 'unsupportedPublicExponent'
  | 'pointNotOnCurve'
  /** The private part belongs to another public key; for RSA also a wrong p, q, dp, dq or qi. */
  | 'keyPairMismatch'
  | 'unknownAlgorithm'
  /** A known algorithm, but not for this key's type, curve or size. */
  | 'algorithmNotForKey'
  | 'digestLength'
  | 'plaintextLength'
  /** iv, tag or aad is needed, of a certain length, or has no place here. */
  | 'parameterMissing'
  | 'parameterLength'
  | 'parameterNotAllowed'
  /** Decryption or unwrapping failed; there is deliberately one code for every cause. */
  | 'undecryptable';

/** `subject` names the JWK field, parameter or algorithm; it never holds any value of a key. */
export class KeyError extends Error {
  readonly code: KeyErrorCode;
  readonly subject: string;

  constructor(code: KeyErrorCode, subject: string) {
    super(`${code}: ${subject}`);
    this.name = 'KeyError';
    this.code = code;
    this.subject = subject;
  }
}
