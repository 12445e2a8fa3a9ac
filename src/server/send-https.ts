// Requests to the few servers that the operator named: an ACME server, a DNS webhook. https only
// (plain http to this machine itself), no redirects, bounded in time and size, nothing kept.
const BYTES_MAX = 256 * 1024;
const TIMEOUT_MS = 20_000;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

export interface OutgoingRequest {
  readonly url: string;
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface IncomingAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Throws if the address is not allowed, nobody answers in time, or the answer is too large. */
export async function sendHttps(request: OutgoingRequest): Promise<IncomingAnswer> {
  const { protocol, hostname } = new URL(request.url);
  const isOwn = protocol === 'http:' && LOOPBACK.has(hostname);
  if (protocol !== 'https:' && !isOwn) throw new Error('only https addresses are called');
  const response = await fetch(request.url, {
    method: request.method,
    headers: { 'user-agent': 'strongroom', ...request.headers },
    redirect: 'error',
    credentials: 'omit',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(request.body !== undefined && { body: request.body }),
  });
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > BYTES_MAX) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: Buffer.concat(chunks).toString('utf8'),
  };
}
