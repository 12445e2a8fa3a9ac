// For the tests of this folder: an ACME server in memory behind the `send` port. It checks each
// signature, nonce and address as a real one does, and can be told to misbehave.
import { createHash, createHmac, createPublicKey, verify } from 'node:crypto';
import {
  generateKey,
  issueCertificate,
  parseCertificateRequest,
  selfSignCertificate,
} from '#cryptography';
import { parseJson, z } from '#kernel';
import type { ReceivedAnswer, SendRequest, SentRequest } from './acme-ports.ts';

const ORIGIN = 'https://acme.example';
export const DIRECTORY = `${ORIGIN}/dir`;
export const HMAC_KEY = Buffer.from('a key of the operator').toString('base64url');

const jwsSchema = z.object({ protected: z.string(), payload: z.string(), signature: z.string() });
const jwkSchema = z.object({ kty: z.string(), crv: z.string(), x: z.string(), y: z.string() });
const headerSchema = z.object({
  alg: z.string(),
  nonce: z.string(),
  url: z.string(),
  kid: z.string().optional(),
  jwk: jwkSchema.optional(),
});
const contactSchema = z.array(z.string()).optional();
const identifierSchema = z.object({ type: z.string(), value: z.string() });

type Jwk = z.infer<typeof jwkSchema>;

interface TestOrder {
  readonly identifiers: readonly z.infer<typeof identifierSchema>[];
  status: string;
  challenge: 'pending' | 'valid' | 'invalid';
  chain: string;
}

export interface TestAcmeServer {
  readonly send: SendRequest;
  readonly sent: SentRequest[];
  readonly orders: TestOrder[];
  accounts: number;
  /** What it was told last; the problem that it has with any. */
  contact: readonly string[] | undefined;
  contactProblem: string | undefined;
  /** Answers the next requests instead, first one first. */
  readonly instead: ReceivedAnswer[];
  /** Whether challenges turn out right once they are looked at. */
  prove: (token: string, keyAuthorization: string) => boolean | Promise<boolean>;
  needsBinding: boolean;
  /** Of the addresses in orders and authorizations. */
  origin: string;
}

const answer = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): ReceivedAnswer => ({
  status,
  headers: { 'replay-nonce': crypto.randomUUID(), ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

export const problem = (status: number, type: string, headers = {}) =>
  answer(
    status,
    { type: `urn:ietf:params:acme:error:${type}`, detail: `detail of ${type}` },
    headers,
  );

export function openAcmeServer(): TestAcmeServer {
  const keys = new Map<string, Jwk>();
  const nonces = new Set<string>();
  const server: TestAcmeServer = {
    sent: [],
    orders: [],
    accounts: 0,
    contact: undefined,
    contactProblem: undefined,
    instead: [],
    prove: () => true,
    needsBinding: false,
    origin: ORIGIN,
    send: async (request) => {
      server.sent.push(request);
      const made = server.instead.shift() ?? (await reply(server, request, { keys, nonces }));
      const nonce = made.headers['replay-nonce'];
      if (nonce !== undefined) nonces.add(nonce);
      return made;
    },
  };
  return server;
}

interface Kept {
  readonly keys: Map<string, Jwk>;
  readonly nonces: Set<string>;
}

async function reply(server: TestAcmeServer, request: SentRequest, kept: Kept) {
  const { pathname } = new URL(request.url);
  if (request.method === 'GET') return answer(200, directory());
  if (request.method === 'HEAD') return answer(200, '');
  const jws = jwsSchema.parse(parseJson(request.body ?? ''));
  const header = headerSchema.parse(decode(jws.protected));
  const jwk = header.jwk ?? kept.keys.get(header.kid ?? '');
  if (!kept.nonces.delete(header.nonce)) return problem(400, 'badNonce');
  if (jwk === undefined || header.url !== request.url || !isSigned(jws, jwk)) {
    return problem(401, 'unauthorized');
  }
  const payload = jws.payload === '' ? undefined : decode(jws.payload);
  if (pathname === '/new-account') return newAccount(server, { kept, jwk, payload });
  if (pathname === '/new-order') return newOrder(server, payload);
  const [, kind = '', index = ''] = pathname.split('/');
  if (kind === 'account') return updateAccount(server, payload);
  const order = server.orders[Number(index)];
  if (order === undefined) return problem(404, 'malformed');
  if (kind === 'challenge') return await lookAt(server, order, { index, jwk });
  if (kind === 'authorization') return answer(200, authorization(server, order, index));
  if (kind === 'finalize') return await finalize(order, payload);
  if (kind === 'certificate') return answer(200, order.chain);
  if (order.status === 'pending' && order.challenge === 'valid') order.status = 'ready';
  if (order.challenge === 'invalid') order.status = 'invalid';
  return answer(200, renderOrder(server, order, index), { 'retry-after': '3' });
}

function directory() {
  return {
    newNonce: `${ORIGIN}/new-nonce`,
    newAccount: `${ORIGIN}/new-account`,
    newOrder: `${ORIGIN}/new-order`,
  };
}

interface AccountRequest {
  readonly kept: Kept;
  readonly jwk: Jwk;
  readonly payload: unknown;
}

function newAccount(server: TestAcmeServer, { kept, jwk, payload }: AccountRequest) {
  const { externalAccountBinding: binding, contact } = z
    .object({ externalAccountBinding: jwsSchema.optional(), contact: contactSchema })
    .parse(payload);
  if (contact && server.contactProblem) return problem(400, server.contactProblem);
  if (server.needsBinding) {
    if (binding === undefined) return problem(401, 'externalAccountRequired');
    const mac = createHmac('sha256', Buffer.from(HMAC_KEY, 'base64url'));
    const wanted = mac.update(`${binding.protected}.${binding.payload}`).digest('base64url');
    if (wanted !== binding.signature) return problem(401, 'unauthorized');
  }
  const known = [...kept.keys].find(([, key]) => key.x === jwk.x)?.[0];
  if (known === undefined) server.accounts += 1;
  server.contact = contact ?? server.contact;
  const location = known ?? `${ORIGIN}/account/${server.accounts}`;
  kept.keys.set(location, jwk);
  return answer(201, {}, { location });
}

function updateAccount(server: TestAcmeServer, payload: unknown) {
  const { contact } = z.object({ contact: contactSchema }).parse(payload);
  if (contact && server.contactProblem) return problem(400, server.contactProblem);
  server.contact = contact ?? server.contact;
  return answer(200, {});
}

function newOrder(server: TestAcmeServer, payload: unknown) {
  const { identifiers } = z.object({ identifiers: z.array(identifierSchema) }).parse(payload);
  if (identifiers.some(({ value }) => value.endsWith('.forbidden'))) {
    return problem(403, 'rejectedIdentifier');
  }
  server.orders.push({ identifiers, status: 'pending', challenge: 'pending', chain: '' });
  const index = server.orders.length - 1;
  const location = `${server.origin}/order/${index}`;
  return answer(201, {}, { location });
}

function renderOrder(server: TestAcmeServer, { status }: TestOrder, index: string) {
  return {
    status,
    authorizations: [`${server.origin}/authorization/${index}`],
    finalize: `${server.origin}/finalize/${index}`,
    ...(status === 'valid' && { certificate: `${server.origin}/certificate/${index}` }),
  };
}

const tokenOf = (index: string) => `token-of-the-order-${index}`;

function authorization(server: TestAcmeServer, order: TestOrder, index: string) {
  const [{ type, value } = { type: 'dns', value: '' }] = order.identifiers;
  const wildcard = value.startsWith('*.');
  const error = order.challenge === 'invalid' ? { error: { detail: 'nobody answered' } } : {};
  return {
    status: order.challenge,
    identifier: { type, value: value.replace('*.', '') },
    ...(wildcard && { wildcard }),
    challenges: (wildcard ? ['dns-01'] : ['http-01', 'dns-01']).map((kind) => ({
      type: kind,
      url: `${server.origin}/challenge/${index}`,
      status: order.challenge,
      token: tokenOf(index),
      ...error,
    })),
  };
}

interface Looked {
  readonly index: string;
  readonly jwk: Jwk;
}

async function lookAt(server: TestAcmeServer, order: TestOrder, { index, jwk }: Looked) {
  const { crv, kty, x, y } = jwk;
  const print = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  const isProven = await server.prove(tokenOf(index), `${tokenOf(index)}.${print}`);
  order.challenge = isProven ? 'valid' : 'invalid';
  return answer(200, {});
}

async function finalize(order: TestOrder, payload: unknown) {
  const { csr } = z.object({ csr: z.string() }).parse(payload);
  const { spki } = await parseCertificateRequest(Buffer.from(csr, 'base64url'));
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  const times = { notBeforeMs: 1_700_000_000_000, notAfterMs: 1_900_000_000_000 };
  const profile = { subject: 'CN=Test', basicConstraints: { isAuthority: true } };
  const certificate = await selfSignCertificate({ profile, key, ...times });
  const alternativeNames = { dnsNames: order.identifiers.map(({ value }) => value) };
  const authority = { certificate, key };
  const leaf = await issueCertificate({
    ...{ profile: { subject: '', alternativeNames }, spki, authority },
    ...times,
  });
  order.chain = [leaf, certificate].map(asPem).join('');
  order.status = 'valid';
  return answer(200, {});
}

function asPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function decode(text: string): unknown {
  return parseJson(Buffer.from(text, 'base64url').toString('utf8'));
}

function isSigned(jws: z.infer<typeof jwsSchema>, jwk: Jwk): boolean {
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const signature = Buffer.from(jws.signature, 'base64url');
  const data = Buffer.from(`${jws.protected}.${jws.payload}`);
  return verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature);
}
