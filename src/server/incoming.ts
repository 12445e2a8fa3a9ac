// node:http's request → RawRequest. Nothing is interpreted but the address line and the headers.
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { BodyTooLarge, type Clock, newGuid, type RawRequest } from '#kernel';
import { QueryMemo } from './query.ts';

const HOST = /^([a-z0-9][a-z0-9.-]*?)\.?(:\d{1,5})?$/;
const NO_QUERY: Readonly<Record<string, string>> = Object.freeze(Object.create(null));

const queries = new QueryMemo();

export interface IncomingOptions {
  readonly clock: Clock;
  readonly bodyBytesMax: number;
}

/** `undefined` if the request line or the Host header cannot be understood. */
export function readIncoming(
  message: IncomingMessage,
  options: IncomingOptions,
): RawRequest | undefined {
  const headers = readHeaders(message.rawHeaders);
  const host = HOST.exec((headers.host ?? '').toLowerCase());
  const url = message.url ?? '';
  if (host === null || !url.startsWith('/')) return undefined;
  const mark = url.indexOf('?');
  const queryText = mark < 0 ? '' : url.slice(mark + 1);
  const query = queryText === '' ? NO_QUERY : queries.parse(queryText);
  if (query === undefined) return undefined;
  const hostname = host[1] ?? '';
  return {
    id: newGuid(),
    method: message.method ?? '',
    origin: `${scheme(message.socket)}://${hostname}${host[2] ?? ''}`,
    hostname,
    path: mark < 0 ? url : url.slice(0, mark),
    query,
    queryText,
    headers,
    clientAddress: plainAddress(message.socket.remoteAddress ?? ''),
    tlsVersion: tlsVersion(message.socket),
    receivedAtMs: options.clock.now(),
    body: () => readBody(message, options.bodyBytesMax),
  };
}

function readHeaders(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const value = raw[i + 1] ?? '';
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return headers;
}

/** IPv4-mapped IPv6 (`::ffff:1.2.3.4`, what a dual-stack socket reports) as plain IPv4. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

function scheme(socket: IncomingMessage['socket']): 'http' | 'https' {
  return socket instanceof TLSSocket ? 'https' : 'http';
}

const TLS_NAMES: Readonly<Record<string, string>> = { 'TLSv1.2': 'TLS1_2', 'TLSv1.3': 'TLS1_3' };

function tlsVersion(socket: IncomingMessage['socket']): string {
  return socket instanceof TLSSocket ? (TLS_NAMES[socket.getProtocol() ?? ''] ?? '') : '';
}

function readBody(message: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
  if (Number(message.headers['content-length'] ?? 0) > bytesMax) {
    return Promise.reject(new BodyTooLarge());
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    message.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > bytesMax) {
        message.pause();
        reject(new BodyTooLarge());
        return;
      }
      chunks.push(chunk);
    });
    message.on('end', () => resolve(Buffer.concat(chunks)));
    message.on('error', reject);
    // Comes after every body; an Error is dear, so it is made only where there is one.
    message.on('close', () => {
      if (!message.complete) reject(new Error('the connection closed before the body ended'));
    });
  });
}
