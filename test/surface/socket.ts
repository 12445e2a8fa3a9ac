// A TLS connection on which a test writes bytes as it pleases, and sees when the server hangs up.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import type { Instance } from '#test/kit/instance.ts';

export interface Connection {
  readonly socket: TLSSocket;
  /** What the server has sent so far. */
  received(): string;
  write(text: string): void;
  /** Milliseconds until the server closed the connection; `undefined` if it did not by then. */
  closedAfterMs(limitMs: number): Promise<number | undefined>;
  /** Waits until what was received holds `text`. */
  expect(text: string, limitMs?: number): Promise<void>;
}

export async function openConnection(instance: Instance): Promise<Connection> {
  const socket = connect({
    host: '127.0.0.1',
    port: instance.port,
    servername: new URL(instance.login).hostname,
    ca: readFileSync(instance.caFile),
  });
  await once(socket, 'secureConnect');
  let received = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text;
  });
  const closed = watchClose(socket);
  return {
    socket,
    received: () => received,
    write: (text) => socket.write(text),
    closedAfterMs: closed,
    async expect(text, limitMs = 5_000) {
      const deadline = performance.now() + limitMs;
      while (!received.includes(text)) {
        if (performance.now() > deadline) throw new Error(`no "${text}" in: ${received}`);
        await delay(10);
      }
    },
  };
}

/** A connection that never even starts TLS. */
export async function openSilently(instance: Instance) {
  const socket = connectTcp({ host: '127.0.0.1', port: instance.port });
  await once(socket, 'connect');
  socket.resume();
  return { socket, closedAfterMs: watchClose(socket) };
}

function watchClose(socket: TLSSocket | ReturnType<typeof connectTcp>) {
  const openedAtMs = performance.now();
  // A reset is a way of hanging up too.
  socket.on('error', () => {});
  const closed = new Promise<number>((resolve) => {
    socket.once('close', () => resolve(performance.now() - openedAtMs));
  });
  return async (limitMs: number): Promise<number | undefined> => {
    const limit = delay(limitMs, undefined, { ref: false });
    const afterMs = await Promise.race([closed, limit]);
    socket.destroy();
    return afterMs;
  };
}
