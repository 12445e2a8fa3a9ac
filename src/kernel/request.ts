// A request as the listener hands it on: limits checked, nothing interpreted yet.

export interface RawRequest {
  /** GUID made for this request; `x-ms-request-id`. */
  readonly id: string;
  readonly method: string;
  /**
   * `https://host[:port]` (`http` on the plain listener), as the caller addressed it. Links in
   * answers start with this.
   */
  readonly origin: string;
  /** Lower-case host name without the port. */
  readonly hostname: string;
  /** Path as sent, still percent-encoded, without the query. */
  readonly path: string;
  /** Decoded query parameters; of a repeated one the first counts. Names as sent. */
  readonly query: Readonly<Record<string, string>>;
  /** Raw query string without `?`, for the audit log (already free of secrets: none go in URLs). */
  readonly queryText: string;
  /** Header values by lower-case name; a repeated header is joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly clientAddress: string;
  /** As Azure logs it: `TLS1_2`, `TLS1_3`; empty without TLS. */
  readonly tlsVersion: string;
  readonly receivedAtMs: number;
  /** Reads the whole body, once. Throws BodyTooLarge past the listener's limit. */
  body(): Promise<Uint8Array>;
}

export class BodyTooLarge extends Error {
  constructor() {
    super('request body too large');
    this.name = 'BodyTooLarge';
  }
}
