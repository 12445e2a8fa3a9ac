// The question of an OCSP GET (RFC 6960 appendix A.1): base64, percent-encoded, behind the
// responder's address. Clients and what stands between them and us take that in several ways; each
// of them means one question, and nothing else is guessed.
import { OCSP_REQUEST_BYTES_MAX } from '#cryptography';

/** Base64 of the longest request, its line ends, and slashes before it; or encoded twice. */
export const OCSP_PATH_CHARS_MAX = 2 * OCSP_REQUEST_BYTES_MAX;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Once percent-decoded already. Nothing where it is no base64: that is no question. */
export function decodeOcspPath(given: string): Buffer {
  const base64 = decodeTwice(given)
    // Lines of 64 or 76, as encoders make them by themselves.
    .replace(/[\r\n]/g, '')
    // A plus that was taken for a form's space.
    .replaceAll(' ', '+')
    // RFC 4648 §5.
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    // Of an address that ended in a slash. A DER sequence begins with M.
    .replace(/^\/+/, '')
    .replace(/(=)\/$/, '$1');
  return Buffer.from(BASE64.test(base64) ? base64 : '', 'base64');
}

/** A proxy in between may have encoded what was encoded. */
function decodeTwice(text: string): string {
  try {
    return text.includes('%') ? decodeURIComponent(text) : text;
  } catch {
    return '';
  }
}
