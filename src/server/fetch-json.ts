// Fetches a JSON document from a server that a caller named: the keys of an outside token issuer.
// https only, no redirects, bounded in time and size; it sends nothing about us or our callers. A
// name is resolved once and connected to where it led: every address it has must be one that the
// operator lets issuers have, so that nobody makes us knock at what only we can reach.
import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { LookupFunction } from 'node:net';
import { parseJson } from '#kernel';
import { decideReach, isAddress, type Reach } from '#network';

const BYTES_MAX = 256 * 1024;
const TIMEOUT_MS = 5000;

type Resolved = (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void;

export interface FetchOptions {
  readonly reach: Reach;
  readonly resolve?: (name: string, options: LookupAllOptions, done: Resolved) => void;
  readonly timeoutMs?: number;
}

/**
 * The function throws if the address is not https or not to be reached, the answer is not 200, too
 * large or no JSON, or time is up.
 */
export function jsonFetcher(options: FetchOptions): (url: string) => Promise<unknown> {
  return (url) => fetchJson(new URL(url), options);
}

async function fetchJson(url: URL, options: FetchOptions): Promise<unknown> {
  if (url.protocol !== 'https:') throw new Error('only https addresses are fetched');
  const response = await get(url, options);
  const { statusCode } = response;
  if (statusCode !== 200) {
    response.destroy();
    throw new Error(`the issuer answered ${statusCode}`);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response) {
    if (!(chunk instanceof Uint8Array)) throw new Error('the document is no bytes');
    length += chunk.length;
    if (length > BYTES_MAX) throw new Error('the document is too large');
    chunks.push(chunk);
  }
  return parseJson(Buffer.concat(chunks).toString('utf8'));
}

function get(url: URL, options: FetchOptions): Promise<IncomingMessage> {
  const { reach, timeoutMs = TIMEOUT_MS } = options;
  // An address is not resolved, and would pass by the look at what it led to.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isAddress(host) && !decideReach(host, reach)) throw refusal(host);
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      agent: false,
      lookup: watchedLookup(options),
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    asked.on('response', resolve).on('error', reject).end();
  });
}

/** One forbidden address among others is enough: which one is taken is not ours to say. */
function watchedLookup({ reach, resolve = lookup }: FetchOptions): LookupFunction {
  return (name, options, done) => {
    resolve(name, { ...options, all: true }, (error, found) => {
      const refused = error ? undefined : found.find(({ address }) => !decideReach(address, reach));
      const [first] = found ?? [];
      if (error) done(error, []);
      else if (refused !== undefined || first === undefined) done(refusal(name), []);
      else if (options.all === true) done(null, found);
      else done(null, first.address, first.family);
    });
  };
}

function refusal(host: string): Error {
  return new Error(`${host} is no address that issuers may have here (--issuer-reach)`);
}
