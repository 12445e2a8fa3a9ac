// One https request of the command line to an instance: certificates are verified against the
// authorities that the caller trusts, time and length are bounded, nothing is followed.
import { request } from 'node:https';

const TIMEOUT_MS = 10_000;
const BODY_BYTES_MAX = 4 * 1024 * 1024;

export interface Outgoing {
  readonly url: string;
  readonly token?: string;
  readonly form?: string;
  readonly json?: string;
  /** Absent: POST if there is a body, else GET. */
  readonly method?: string;
}

export interface Route {
  /** Where the instance listens: its names may not resolve. */
  readonly address: string;
  /** PEM certificates to trust. */
  readonly authorities: readonly string[];
}

export interface Incoming {
  readonly status: number;
  readonly text: string;
}

/** Rejects if nobody answers, or not as HTTP should. */
export function sendRequest(outgoing: Outgoing, route: Route): Promise<Incoming> {
  const { url, token, form, json } = outgoing;
  const { hostname, host, port, pathname, search } = new URL(url);
  const body = form ?? json;
  const contentType = json === undefined ? 'application/x-www-form-urlencoded' : 'application/json';
  return new Promise((resolve, reject) => {
    const sent = request({
      host: route.address,
      port: port === '' ? 443 : Number(port),
      servername: hostname,
      path: `${pathname}${search}`,
      method: outgoing.method ?? (body === undefined ? 'GET' : 'POST'),
      ca: [...route.authorities],
      agent: false,
      timeout: TIMEOUT_MS,
      headers: {
        host,
        accept: 'application/json',
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body && { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }),
      },
    });
    sent.on('timeout', () => sent.destroy(new Error('timed out')));
    sent.on('error', reject);
    sent.on('response', (answer) => {
      const chunks: Buffer[] = [];
      let length = 0;
      answer.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > BODY_BYTES_MAX) answer.destroy(new Error('answer too long'));
        else chunks.push(chunk);
      });
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    sent.end(body);
  });
}
