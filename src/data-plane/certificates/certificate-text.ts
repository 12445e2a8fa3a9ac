// Certificates as callers write them in a merge: base64 of the DER. Recorded clients also send
// base64 of that base64, or of a PEM file, and the service takes it.
import { certificateErrors } from '#errors';
import { ApiError } from '#kernel';

const CHARACTERS_MAX = 20_000;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const SEQUENCE = 0x30;

/** → DER, not yet read. Throws `valueTooLong`, `unreadable`. */
export function decodeCertificate(text: string): Buffer {
  if (text.length > CHARACTERS_MAX) throw new ApiError(certificateErrors.valueTooLong);
  const first = decodeBase64(text);
  if (first?.[0] === SEQUENCE) return first;
  const inner = first && decodeBase64(bodyOfPem(first.toString('latin1')));
  if (inner?.[0] === SEQUENCE) return inner;
  throw new ApiError(certificateErrors.unreadable);
}

function bodyOfPem(text: string): string {
  const [, body] = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/.exec(text) ?? [];
  return (body ?? text).replace(/\s+/g, '');
}

/** With or without padding; `undefined` for anything else. */
export function decodeBase64(text: string): Buffer | undefined {
  if (!BASE64.test(text) || text.replace(/=+$/, '').length % 4 === 1) return undefined;
  return Buffer.from(text, 'base64');
}
