// Client credentials in an `Authorization: Basic` header (RFC 6749 §2.3.1): both halves are
// form-encoded before they are joined and encoded.

export interface BasicCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** `undefined` if there is no such header or it cannot be read. */
export function parseBasicCredentials(header: string | undefined): BasicCredentials | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*) *$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  try {
    return {
      clientId: formDecode(text.slice(0, colon)),
      clientSecret: formDecode(text.slice(colon + 1)),
    };
  } catch {
    return undefined;
  }
}

function formDecode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
