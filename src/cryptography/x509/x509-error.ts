// Why a name, profile, request or certificate is refused. The data plane turns codes into Azure's
// texts.

export type X509ErrorCode =
  /** The subject is not an X.500 name, or a part of it is too long or of the wrong letters. */
  | 'subject'
  /** Neither a subject nor an alternative name. */
  | 'nameless'
  /** A DNS name, email, UPN, URI or IP address is not one. */
  | 'alternativeName'
  | 'tooManyNames'
  | 'extendedKeyUsage'
  | 'keyUsage'
  | 'pathLength'
  | 'validity'
  /** Not DER of the expected kind, longer than it may be, or with something behind its end. */
  | 'malformed'
  /** The signature does not fit, or is made in a way that is not accepted (SHA-1, MD5). */
  | 'signature'
  /** Not RSA of 2048–4096 bits nor EC on one of the four curves. */
  | 'publicKey'
  /** The certificates do not make one chain. */
  | 'chain'
  /** The issuer may not issue this: its path length, its names, its lifetime or its key. */
  | 'issuer';

/** `subject` says which part; it repeats what the caller sent only where that is a name. */
export class X509Error extends Error {
  readonly code: X509ErrorCode;
  readonly subject: string;

  constructor(code: X509ErrorCode, subject: string, options?: ErrorOptions) {
    super(`${code}: ${subject}`, options);
    this.name = 'X509Error';
    this.code = code;
    this.subject = subject;
  }
}
