// Open connections and how many requests each is working on, so that an end can close the idle ones
// at once and the others when they have finished. Node's own notion of idle leaves out connections
// that never sent a request, and those still shaking hands.
import type { Server, Socket } from 'node:net';

export class Connections {
  /** By remote address: the plain socket under a TLS socket that is not there yet. */
  readonly #handshaking = new Map<string, Socket>();
  readonly #running = new Map<Socket, number>();
  #draining = false;

  /** `opened` is the event by which the server says that a connection can carry requests. */
  follow(server: Server, opened: 'connection' | 'secureConnection'): void {
    if (opened === 'secureConnection') this.#followHandshakes(server);
    server.on(opened, (socket: Socket) => {
      this.#handshaking.delete(nameOf(socket));
      this.#running.set(socket, 0);
      socket.on('close', () => this.#running.delete(socket));
    });
  }

  #followHandshakes(server: Server): void {
    server.on('connection', (socket) => {
      const peer = nameOf(socket);
      this.#handshaking.set(peer, socket);
      socket.on('close', () => this.#handshaking.delete(peer));
    });
  }

  begin(socket: Socket): void {
    this.#running.set(socket, (this.#running.get(socket) ?? 0) + 1);
  }

  end(socket: Socket): void {
    const running = this.#running.get(socket);
    if (running === undefined) return;
    this.#running.set(socket, running - 1);
    if (this.#draining && running <= 1) socket.end();
  }

  drain(): void {
    this.#draining = true;
    for (const socket of this.#handshaking.values()) socket.destroy();
    for (const [socket, running] of this.#running) if (running === 0) socket.destroy();
  }
}

function nameOf(socket: Socket): string {
  return `${socket.remoteAddress}|${socket.remotePort}`;
}
