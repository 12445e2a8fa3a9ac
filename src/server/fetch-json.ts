// Fetches a JSON document from another server: the keys of an outside token issuer. https only, no
// redirects, bounded in time and size; it sends nothing about us or our callers.
import { parseJson } from '#kernel';

const BYTES_MAX = 256 * 1024;
const TIMEOUT_MS = 5000;

/**
 * Throws if the address is not https, the answer is not 200, too large or no JSON, or time is up.
 */
export async function fetchJson(url: string): Promise<unknown> {
  if (new URL(url).protocol !== 'https:') throw new Error('only https addresses are fetched');
  const response = await fetch(url, {
    redirect: 'error',
    credentials: 'omit',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.status !== 200) throw new Error(`the issuer answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > BYTES_MAX) throw new Error('the document is too large');
    chunks.push(chunk);
  }
  return parseJson(Buffer.concat(chunks).toString('utf8'));
}
