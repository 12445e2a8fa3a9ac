// Why a PKCS#12 or PEM file is refused. The data plane turns codes into Azure's texts.

export type Pkcs12ErrorCode =
  /** Not such a file, damaged, cut short, or with something behind its end. */
  | 'malformed'
  /** The password is wrong, or one is needed. */
  | 'password'
  /** A cipher, hash or kind of content that is not read here. */
  | 'unsupported'
  /** Longer, deeper, or more work to open than is allowed. */
  | 'tooMuch';

/** `subject` says which part; it never holds anything of the file. */
export class Pkcs12Error extends Error {
  readonly code: Pkcs12ErrorCode;
  readonly subject: string;

  constructor(code: Pkcs12ErrorCode, subject: string, options?: ErrorOptions) {
    super(`${code}: ${subject}`, options);
    this.name = 'Pkcs12Error';
    this.code = code;
    this.subject = subject;
  }
}
