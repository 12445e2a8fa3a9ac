// The agent's listener: plain HTTP on a loopback address of this machine and on no other. It turns
// sockets into requests for the rules and their answers into bytes.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CommandFailure } from '../command-failure.ts';
import { type AnswerOptions, answerLocal } from './answers.ts';
import { decideLocal, isLoopback, type LocalAnswer, type LocalRequest } from './local-request.ts';

const HEADER_BYTES_MAX = 16_384;
const CONNECTIONS_MAX = 256;
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;

export interface ListenAddress {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** `127.0.0.1:40342`, `[::1]:40342`. Throws CommandFailure for an address of no loopback. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-f:]+)\]|([0-9.]+)):(\d{1,5})$/i.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new CommandFailure(`--listen is an address and a port, for example 127.0.0.1:40342.`);
  }
  if (!isLoopback(host)) {
    throw new CommandFailure(
      `The agent listens on loopback only: whoever reaches ${host} could use this machine's identities.`,
    );
  }
  return { host, port };
}

export interface RunningAgent {
  readonly port: number;
  close(): Promise<void>;
}

export async function startAgentServer(
  address: ListenAddress,
  options: AnswerOptions,
): Promise<RunningAgent> {
  const server = createServer(
    { maxHeaderSize: HEADER_BYTES_MAX, headersTimeout: HEADERS_TIMEOUT_MS },
    (message, response) => {
      message.resume();
      answer(message, portOf(server), options).then(
        (made) => send(response, made),
        (error: unknown) => {
          options.log(`The agent failed: ${error instanceof Error ? error.stack : String(error)}`);
          send(response, UNEXPECTED);
        },
      );
    },
  );
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, address);
  return {
    port: portOf(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const UNEXPECTED: LocalAnswer = {
  status: 500,
  body: { error: 'server_error', error_description: 'The agent failed; its log says why' },
};

async function answer(
  message: IncomingMessage,
  port: number,
  options: AnswerOptions,
): Promise<LocalAnswer> {
  const request = readRequest(message);
  return decideLocal(request, port) ?? (await answerLocal(request, options));
}

function readRequest(message: IncomingMessage): LocalRequest {
  // Java begins the path with two slashes; a whole URL is for proxies, which the agent is not.
  const target = message.url?.startsWith('/') ? message.url : '/';
  const { pathname, searchParams } = new URL(`http://agent${target}`);
  const query: Record<string, string> = Object.create(null);
  for (const [name, value] of searchParams) query[name] ??= value;
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(message.headers)) headers[name] = String(value);
  return {
    method: message.method ?? '',
    path: `/${pathname.split('/').filter(Boolean).join('/')}`,
    query,
    headers,
    remoteAddress: message.socket.remoteAddress ?? '',
  };
}

function send(response: ServerResponse, { status, body, headers }: LocalAnswer): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(text);
}

function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new CommandFailure(`The agent cannot listen on ${host}:${port}: ${error.message}.`)),
    );
    server.listen(port, host, () => resolve());
  });
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
