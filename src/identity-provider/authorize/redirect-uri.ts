// Which redirect URIs a client may name. They are compared as they were registered, letter by
// letter; only a loopback address may have any port, because an installed program takes the one it
// gets (RFC 8252 §7.3; Entra's "localhost exceptions").
import type { Application } from '#directory';
import { signInErrors } from '#errors';
import { ApiError } from '#kernel';

/** By which kind of registration a redirect URI was found. It decides who may redeem the code. */
export type Platform = 'web' | 'spa' | 'publicClient';

const LENGTH_MAX = 2048;
const LOOPBACK = new Set(['localhost', '127.0.0.1']);
/** Schemes in which a browser would run or show what the URI itself says. */
const REFUSED_SCHEMES = new Set(['javascript:', 'data:', 'vbscript:', 'blob:', 'file:', 'about:']);

/** `undefined` if the application did not register it. */
export function findPlatform(application: Application, redirectUri: string): Platform | undefined {
  if (redirectUri.length > LENGTH_MAX || !URL.canParse(redirectUri)) return undefined;
  const { protocol, hash } = new URL(redirectUri);
  if (REFUSED_SCHEMES.has(protocol) || hash !== '' || redirectUri.includes('#')) return undefined;
  const platforms: readonly (readonly [Platform, readonly string[]])[] = [
    ['spa', application.spaRedirectUris],
    ['publicClient', application.publicClientRedirectUris],
    ['web', application.webRedirectUris],
  ];
  const found =
    platforms.find(([, uris]) => uris.includes(redirectUri)) ??
    platforms.find(([, uris]) => uris.some((uri) => isSameLoopback(uri, redirectUri)));
  return found?.[0];
}

/** Both are `http` on this machine and differ in nothing but the port. */
function isSameLoopback(registered: string, given: string): boolean {
  const [one, other] = [loopbackWithoutPort(registered), loopbackWithoutPort(given)];
  return one !== undefined && one === other;
}

function loopbackWithoutPort(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, username, password, pathname, search } = new URL(text);
  const isLoopback = protocol === 'http:' && LOOPBACK.has(hostname);
  // What the parser had to tidy up (`\`, tabs, `..`) was not written by an honest client.
  const rest = /^http:\/\/[a-z0-9.]+(?::\d{1,5})?((?:[/?][\x21-\x7e]*)?)$/i.exec(text)?.[1];
  const isPlain = rest === `${pathname}${search}` || (rest === '' && pathname === '/');
  if (!isLoopback || !isPlain || username !== '' || password !== '') return undefined;
  return `${hostname}${pathname}${search}`;
}

/** What a page's `form-action` has to allow, so that the browser follows us there. */
export function formActionSource(redirectUri: string): string {
  const { protocol, origin } = new URL(redirectUri);
  // An app's own scheme has no origin.
  return origin === 'null' ? protocol : origin;
}

/** Origins of the pages that may redeem codes by script. */
export function isSpaOrigin(application: Application, origin: string): boolean {
  return application.spaRedirectUris.some(
    (uri) => URL.canParse(uri) && isSameOrigin(new URL(uri), origin),
  );
}

function isSameOrigin(registered: URL, origin: string): boolean {
  if (registered.origin === origin) return true;
  if (!URL.canParse(origin)) return false;
  const given = new URL(origin);
  const isLoopback = registered.protocol === 'http:' && LOOPBACK.has(registered.hostname);
  return isLoopback && given.protocol === 'http:' && given.hostname === registered.hostname;
}

/**
 * Only pages use what pages were given, and they use nothing else: a page's token is of no use
 * where no browser says which page asks. Throws AADSTS9002326 or AADSTS9002327.
 */
export function requireOrigin(
  application: Application,
  platform: Platform | undefined,
  origin: string | undefined,
): void {
  if (platform !== 'spa') {
    // A browser adds it to requests of pages; nothing that was registered as a page asks here.
    if (origin === undefined || platform === undefined) return;
    throw new ApiError(signInErrors.codeNotForOrigin, { origin });
  }
  if (origin === undefined) throw new ApiError(signInErrors.codeOnlyForOrigin);
  if (!isSpaOrigin(application, origin)) {
    throw new ApiError(signInErrors.codeNotForOrigin, { origin });
  }
}
