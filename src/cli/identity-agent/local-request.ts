// A request to the agent as its rules see it, and which are answered at all: those that a program
// on this machine makes itself. What came through a proxy, from a browser, by another name or from
// another machine is not answered, whatever else it carries: whoever can make a server fetch an
// address (SSRF) or a name resolve to this machine (DNS rebinding) gets no token.

export interface LocalRequest {
  readonly method: string;
  /** Without doubled and trailing slashes. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly remoteAddress: string;
}

export interface LocalAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a proxy adds, or a browser. No program that asks for its own token sends one. */
const FOREIGN_HEADERS = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'forwarded',
  'via',
  'origin',
  'referer',
  'sec-fetch-site',
];
const LOOPBACK = /^(?:127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|::ffff:127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/;

export function isLoopback(address: string): boolean {
  return LOOPBACK.test(address);
}

/** The refusal, or `undefined` for a request that may be answered. */
export function decideLocal(request: LocalRequest, port: number): LocalAnswer | undefined {
  const { method, headers, remoteAddress } = request;
  if (!isLoopback(remoteAddress)) return refusal(403, 'Only programs on this machine are answered');
  if (!isOwnName(headers.host ?? '', port)) {
    return refusal(400, 'The Host header must be 127.0.0.1, localhost or [::1], with the port');
  }
  const foreign = FOREIGN_HEADERS.find((name) => headers[name] !== undefined);
  if (foreign !== undefined) return refusal(400, `Requests must not contain the header ${foreign}`);
  if (method !== 'GET')
    return { ...refusal(405, 'Only GET is answered'), headers: { Allow: 'GET' } };
  return undefined;
}

function isOwnName(host: string, port: number): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].some((name) => host === `${name}:${port}`);
}

export function refusal(status: number, description: string): LocalAnswer {
  return { status, body: { error: 'invalid_request', error_description: description } };
}
