// One browser, told apart from others by a cookie of its own. It proves nobody's identity; forms
// are bound to it, so that no other site and no other browser can send them (see `flow.ts`).
import { createHash, randomBytes } from 'node:crypto';
import { decodeBase64Url, type RawRequest } from '#kernel';

const SECRET_BYTES = 32;
/** `__Host-`: set by this very host over TLS only, never by a neighbour under the same domain. */
export const BROWSER_COOKIE = '__Host-strongroom-browser';
export const SESSION_COOKIE = '__Host-strongroom-session';
/**
 * `Lax`: also sent when another site leads here by a link, which is what signing in is; never with
 * a form or a script of another site.
 */
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax';

export interface Browser {
  /** Hash of the cookie's value. */
  readonly id: string;
  /** Set where the browser is new: the header that makes it known. */
  readonly setCookie?: string;
}

/** The browser that sent the request, or `undefined` if it has no cookie of ours. */
export function knownBrowser(request: RawRequest): Browser | undefined {
  const secret = readSecretCookie(request, BROWSER_COOKIE);
  return secret === undefined ? undefined : { id: hashSecret(secret) };
}

export function browserOf(request: RawRequest): Browser {
  const known = knownBrowser(request);
  if (known !== undefined) return known;
  const secret = newSecret();
  return { id: hashSecret(secret), setCookie: renderCookie(BROWSER_COOKIE, secret) };
}

export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Without an end of its own: it goes when the browser is closed. */
export function renderCookie(name: string, value: string): string {
  return `${name}=${value}; ${ATTRIBUTES}`;
}

export function renderCookieRemoval(name: string): string {
  return `${name}=; ${ATTRIBUTES}; Max-Age=0`;
}

/** `undefined` for what is not of our making. */
export function readSecretCookie(request: RawRequest, name: string): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(/[;,]/)) {
    const equals = pair.indexOf('=');
    if (pair.slice(0, equals).trim() !== name) continue;
    const value = pair.slice(equals + 1).trim();
    return decodeBase64Url(value)?.length === SECRET_BYTES ? value : undefined;
  }
  return undefined;
}
