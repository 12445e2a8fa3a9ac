// Finds where one HTTP/1.1 answer ends, for the load generator: just enough of the protocol, so
// that the generator costs little beside the server that it measures.

const HEAD_END = Buffer.from('\r\n\r\n');
const CHUNKS_END = '\r\n0\r\n\r\n';
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding: *chunked/i;

export interface WireAnswer {
  readonly status: number;
  readonly body: string;
}

export class AnswerReader {
  #pending: Buffer = Buffer.alloc(0);

  /** The answer that `data` completes, if it does. */
  read(data: Buffer): WireAnswer | undefined {
    this.#pending = this.#pending.length === 0 ? data : Buffer.concat([this.#pending, data]);
    const headEnd = this.#pending.indexOf(HEAD_END);
    if (headEnd < 0) return undefined;
    const head = this.#pending.toString('latin1', 0, headEnd);
    const bodyStart = headEnd + HEAD_END.length;
    const status = Number(head.slice(9, 12));
    if (CHUNKED.test(head)) {
      const text = this.#pending.toString('latin1', headEnd + 2);
      if (!text.endsWith(CHUNKS_END)) return undefined;
      return this.#take(status, bodyStart);
    }
    const length = Number(LENGTH.exec(head)?.[1] ?? 0);
    if (this.#pending.length < bodyStart + length) return undefined;
    return this.#take(status, bodyStart);
  }

  #take(status: number, bodyStart: number): WireAnswer {
    const pending = this.#pending;
    this.#pending = Buffer.alloc(0);
    return {
      status,
      get body() {
        return pending.toString('utf8', bodyStart);
      },
    };
  }
}
