// The listeners: limits, time-outs, draining. They turn sockets into RawRequests and Answers into
// bytes and know nothing in between. TLS 1.2 and newer only, but for the plain one, which is for
// what everybody may know and nothing else (docs/decisions/0010).
import {
  createServer as createPlainServer,
  type IncomingMessage,
  type Server as PlainServer,
  type ServerResponse,
} from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { Clock, RawRequest } from '#kernel';
import { Connections } from './connections.ts';
import { readIncoming } from './incoming.ts';
import type { Answer, HostHandler } from './pipeline.ts';

export interface TlsMaterial {
  /** PEM: leaf first, then intermediates. */
  readonly certificate: string;
  readonly privateKey: string;
}

export interface Limits {
  readonly bodyBytesMax: number;
  readonly headerBytesMax: number;
  readonly connectionsMax: number;
  readonly handshakeTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly drainTimeoutMs: number;
}

export const defaultLimits: Limits = {
  bodyBytesMax: 1_048_576,
  headerBytesMax: 32_768,
  connectionsMax: 10_000,
  handshakeTimeoutMs: 10_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 75_000,
  drainTimeoutMs: 10_000,
};

const CHECK_INTERVAL_MS_MAX = 5_000;

export interface ListenerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly logError: (requestId: string, cause: unknown) => void;
}

export interface Service {
  readonly tls: TlsMaterial;
  readonly handlers: readonly HostHandler[];
}

export interface Listener {
  readonly port: number;
  /** From now on requests are answered; before, TLS handshakes fail. */
  serve(service: Service): void;
  /** New connections use the new certificate; open ones go on. */
  useCertificate(tls: TlsMaterial): void;
  /** Accepts nothing more, lets running requests finish, then closes. */
  close(): Promise<void>;
}

const MISDIRECTED: Answer = {
  status: 421,
  headers: { 'Content-Type': 'application/json; charset=utf-8' },
  body: '{"error":{"code":"MisdirectedRequest","message":"No Strongroom host has this name."}}',
};

/**
 * Binds the port and nothing more, so that an occupied one is known before anything else is
 * touched. Rejects with node's error (`EADDRINUSE`, `EACCES`, …).
 */
export async function bindListener(options: ListenerOptions): Promise<Listener> {
  let context: SecureContext | undefined;
  let handlers: readonly HostHandler[] = [];
  const connections = new Connections();
  const server = createServer(
    {
      ...serverOptions(options.limits),
      SNICallback: (_name, done) =>
        context === undefined ? done(new Error('not serving yet')) : done(null, context),
    },
    (message, response) => respond(message, response, { ...options, connections, handlers }),
  );
  connections.follow(server, 'secureConnection');
  server.maxConnections = options.limits.connectionsMax;
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  await bind(server, options.host, options.port);
  const useCertificate = (tls: TlsMaterial): void => {
    context = createSecureContext(contextOptions(tls));
    server.setSecureContext(contextOptions(tls));
  };
  return {
    port: boundPort(server),
    useCertificate,
    serve(service) {
      handlers = service.handlers;
      useCertificate(service.tls);
    },
    close: () => drain(server, connections, options),
  };
}

export interface PlainListener {
  readonly port: number;
  close(): Promise<void>;
}

/** Without TLS; `undefined` if there is no port for it. Rejects as `bindListener` does. */
export async function bindPlainListener(
  options: Omit<ListenerOptions, 'port'> & { readonly httpPort?: number },
  handlers: readonly HostHandler[],
): Promise<PlainListener | undefined> {
  const { httpPort: port, limits } = options;
  if (port === undefined) return undefined;
  const connections = new Connections();
  const server = createPlainServer(timeLimits(limits), (message, response) =>
    respond(message, response, { ...options, port, connections, handlers }),
  );
  connections.follow(server, 'connection');
  server.maxConnections = limits.connectionsMax;
  await bind(server, options.host, port);
  return { port: boundPort(server), close: () => drain(server, connections, { ...options, port }) };
}

function serverOptions(limits: Limits): ServerOptions {
  return {
    ...timeLimits(limits),
    minVersion: 'TLSv1.2',
    handshakeTimeout: limits.handshakeTimeoutMs,
  };
}

function timeLimits(limits: Limits) {
  return {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(limits.headersTimeoutMs, CHECK_INTERVAL_MS_MAX),
    noDelay: true,
  };
}

function contextOptions(tls: TlsMaterial): SecureContextOptions {
  return { cert: tls.certificate, key: tls.privateKey, minVersion: 'TLSv1.2' };
}

interface Answering extends ListenerOptions {
  readonly connections: Connections;
  readonly handlers: readonly HostHandler[];
}

function respond(message: IncomingMessage, response: ServerResponse, options: Answering): void {
  const { connections } = options;
  connections.begin(message.socket);
  response.on('close', () => connections.end(message.socket));
  answer(message, response, options).catch((cause: unknown) => {
    options.logError('', cause);
    response.destroy();
  });
}

async function answer(
  message: IncomingMessage,
  response: ServerResponse,
  options: Answering,
): Promise<void> {
  const request = readIncoming(message, {
    clock: options.clock,
    bodyBytesMax: options.limits.bodyBytesMax,
  });
  if (request === undefined) {
    response.writeHead(400, { Connection: 'close' }).end();
    return;
  }
  const made = (await route(request, options.handlers)) ?? MISDIRECTED;
  if (!response.destroyed) send(message, response, made);
}

function route(request: RawRequest, handlers: readonly HostHandler[]): Promise<Answer> | undefined {
  for (const handler of handlers) {
    const answer = handler(request);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

function send(message: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const headers: string[] = [];
  for (const name in answer.headers) headers.push(name, answer.headers[name] ?? '');
  const hasBody = answer.status !== 204 && answer.status !== 304;
  const content = answer.bytes ?? answer.body;
  if (hasBody) headers.push('Content-Length', String(Buffer.byteLength(content)));
  // A body that nobody read (too large, refused early) must not be taken for the next request.
  if (!message.complete && answer.status >= 400) headers.push('Connection', 'close');
  response.writeHead(answer.status, headers);
  response.end(hasBody && message.method !== 'HEAD' ? content : undefined);
}

function bind(server: Server | PlainServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function boundPort(server: Server | PlainServer): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}

function drain(
  server: Server | PlainServer,
  connections: Connections,
  options: ListenerOptions,
): Promise<void> {
  return new Promise((resolve) => {
    const { clock, limits } = options;
    const cancel = clock.after(limits.drainTimeoutMs, () => server.closeAllConnections());
    server.close(() => {
      cancel();
      resolve();
    });
    connections.drain();
  });
}
