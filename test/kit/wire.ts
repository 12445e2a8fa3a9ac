// Plain HTTPS requests to a test instance: the certificate is checked against the name in the URL
// and the instance's own authority, while the socket always goes to this machine.
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { parse, parseJson, type Schema } from '#kernel';

export interface Sent {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bearer token. */
  readonly token?: string | undefined;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as form fields. */
  readonly form?: Readonly<Record<string, string>>;
  /** Sent as it is. */
  readonly text?: string;
  /** Source address, for tests of the firewall. */
  readonly from?: string | undefined;
}

interface AnswerParts {
  /** Of the request. */
  readonly method: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export class Answer implements AnswerParts {
  readonly method: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;

  constructor({ method, status, headers, text }: AnswerParts) {
    this.method = method;
    this.status = status;
    this.headers = headers;
    this.text = text;
  }

  /** The body as JSON of this shape; throws if it is anything else. */
  read<T>(schema: Schema<T>): T {
    return parse(schema, parseJson(this.text), 'body');
  }

  /** This answer, if its status is one of those; throws with the body otherwise. */
  expect(...statuses: readonly number[]): this {
    if (statuses.includes(this.status)) return this;
    throw new Error(`status ${this.status} instead of ${statuses.join(' or ')}: ${this.text}`);
  }
}

export class Wire {
  readonly #agent: Agent;

  constructor(caFile: string) {
    this.#agent = new Agent({ keepAlive: true, ca: readFileSync(caFile), maxSockets: 64 });
  }

  send(sent: Sent): Promise<Answer> {
    const url = new URL(sent.url);
    const { method = 'GET' } = sent;
    const body = renderBody(sent);
    const headers: Record<string, string> = { host: url.host, ...body.headers, ...sent.headers };
    if (sent.token !== undefined) headers.authorization = `Bearer ${sent.token}`;
    // The path goes out exactly as written: `new URL` would tidy up what a test wants to send.
    const path = sent.url.slice(url.origin.length);
    return new Promise((resolve, reject) => {
      const outgoing = httpsRequest({
        method,
        host: '127.0.0.1',
        port: url.port === '' ? 443 : url.port,
        servername: url.hostname,
        path: path.startsWith('/') ? path : `/${path}`,
        headers,
        agent: this.#agent,
        ...(sent.from !== undefined && { localAddress: sent.from }),
      });
      outgoing.once('error', reject);
      outgoing.once('response', (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (part: string) => {
          text += part;
        });
        incoming.once('error', reject);
        incoming.once('end', () => {
          const { statusCode: status = 0, headers } = incoming;
          resolve(new Answer({ method, status, headers, text }));
        });
      });
      outgoing.end(body.content);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

interface RenderedBody {
  readonly content?: string;
  readonly headers: Readonly<Record<string, string>>;
}

function renderBody({ method, json, form, text }: Sent): RenderedBody {
  if (json !== undefined) return withType(JSON.stringify(json), 'application/json');
  if (form !== undefined) {
    return withType(new URLSearchParams(form).toString(), 'application/x-www-form-urlencoded');
  }
  if (text !== undefined) return withType(text, 'application/json');
  return { headers: method === undefined || method === 'GET' ? {} : { 'content-length': '0' } };
}

function withType(content: string, type: string): RenderedBody {
  const length = String(Buffer.byteLength(content));
  return { content, headers: { 'content-type': type, 'content-length': length } };
}
