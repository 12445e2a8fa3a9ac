// Where a browser may be led after signing out: a redirect URI that an application registered, and
// nowhere else.
import type { Directory } from '#directory';
import { findPlatform } from '../authorize/redirect-uri.ts';

export interface WantedReturn {
  readonly uri: string | undefined;
  readonly clientId: string | undefined;
  readonly state: string | undefined;
}

/** The whole address, with the client's state; `undefined` if it is nobody's. */
export function findReturnAddress(
  directory: Directory,
  { uri, clientId, state }: WantedReturn,
): string | undefined {
  if (uri === undefined || uri === '') return undefined;
  const named = clientId === undefined ? undefined : directory.client(clientId);
  const candidates = clientId === undefined ? directory.applications() : [named];
  const isRegistered = candidates.some(
    (application) => application !== undefined && findPlatform(application, uri) !== undefined,
  );
  if (!isRegistered || !/^https?:/i.test(uri)) return undefined;
  if (state === undefined) return uri;
  return `${uri}${uri.includes('?') ? '&' : '?'}state=${encodeURIComponent(state)}`;
}
