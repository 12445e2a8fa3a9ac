// The provider behind issuers named `ACME`. Each call looks at where the order stands at the
// server and takes the next step, so an order goes on after a restart from its address alone.
import { X509Certificate } from 'node:crypto';
import { type CertificateRequest, parseCertificateRequest, X509Error } from '#cryptography';
import { parse, parseJson, parseSealed, z } from '#kernel';
import type { View } from '#storage';
import type { IssueOutcome, IssueRequest, IssuerProvider } from '../issuer-provider.ts';
import { openAccount } from './account.ts';
import type { AcmePorts } from './acme-ports.ts';
import { AcmeProblem, type AcmeSession, retryAfterSeconds } from './acme-session.ts';
import {
  type ChallengeAnswer,
  isChallengeToken,
  publishAnswer,
  withdrawAnswer,
} from './challenge.ts';

const POLL_SECONDS = 5;
const RATE_LIMITED_SECONDS = 3600;
const NAMES_MAX = 100;
const CHAIN_MAX = 10;
const CHAIN_CHARS_MAX = 200_000;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+?-----END CERTIFICATE-----/g;

const url = z.url().max(1024);
const problem = z.looseObject({ detail: z.string().optional() });
const orderSchema = z.looseObject({
  status: z.enum(['pending', 'ready', 'processing', 'valid', 'invalid']),
  authorizations: z.array(url).max(NAMES_MAX),
  finalize: url,
  certificate: url.optional(),
  error: problem.optional(),
});
const challengeSchema = z.looseObject({
  type: z.string(),
  url,
  status: z.string(),
  token: z.string().optional(),
  error: problem.optional(),
});
const authorizationSchema = z.looseObject({
  status: z.string(),
  identifier: z.looseObject({ value: z.string() }),
  wildcard: z.boolean().optional(),
  challenges: z.array(challengeSchema).max(20),
});

type Order = z.infer<typeof orderSchema>;
type Authorization = z.infer<typeof authorizationSchema>;

/** What is kept from call to call. */
interface OrderState {
  readonly order: string;
  readonly answers: readonly ChallengeAnswer[];
}

interface Step {
  readonly view: View;
  readonly ports: AcmePorts;
  readonly session: AcmeSession;
  readonly request: IssueRequest;
}

class AcmeRefusal extends Error {}

export function acmeProvider(view: View, ports: AcmePorts | undefined): IssuerProvider {
  return {
    provider: 'ACME',
    issue: async (request) => {
      if (ports === undefined) return failed('AcmeNotConfigured', NOT_CONFIGURED);
      try {
        return await advance(view, request, ports);
      } catch (error) {
        return renderFailure(error, request);
      }
    },
  };
}

const NOT_CONFIGURED = 'No ACME server is configured here: --acme-directory names it.';

async function advance(view: View, request: IssueRequest, ports: AcmePorts): Promise<IssueOutcome> {
  const { accountId: kid, password: hmacKey } = request.account;
  const external = kid === undefined || hmacKey === undefined ? undefined : { kid, hmacKey };
  const before = parseState(request.state);
  // Several vaults may share an account; whoever orders is whom the server may write.
  const emails = before === undefined ? (request.account.contactEmails ?? []) : [];
  const session = await openAccount(view, { external, emails }, ports);
  const step = { view, ports, session, request };
  const state = before ?? { order: await newOrder(step), answers: [] };
  const answer = await session.post(state.order);
  const order = parse(orderSchema, parseJson(answer.body), 'body');
  const wait = retryAfterSeconds(answer, ports.clock.now()) ?? POLL_SECONDS;
  switch (order.status) {
    case 'pending':
      return pending(await prove(step, order, state), wait);
    case 'ready':
      await session.post(order.finalize, { csr: Buffer.from(request.csr).toString('base64url') });
      return pending(state, wait);
    case 'processing':
      return pending(state, wait);
    case 'valid':
      return await collect(step, order, state);
    case 'invalid':
      await withdraw(step, state);
      throw new AcmeRefusal(await reasonOf(session, order));
  }
}

/** Idempotent enough: an order that is left behind at the server ends by itself. */
async function newOrder({ session, request }: Step): Promise<string> {
  const identifiers = identifiersOf(await parseCertificateRequest(request.csr));
  const { newOrder: address } = await session.directory();
  const answer = await session.post(address, { identifiers });
  const { location } = answer.headers;
  if (location === undefined) throw new Error('the ACME server named no order');
  return location;
}

/** The names of the request, which is all that an ACME server certifies. */
export function identifiersOf({ subject, alternativeNames }: CertificateRequest) {
  const { dnsNames = [], ipAddresses = [], emails = [], upns = [], uris = [] } = alternativeNames;
  if (emails.length + upns.length + uris.length > 0) {
    throw new AcmeRefusal('ACME proves DNS names and IP addresses only.');
  }
  const common = /^CN=([a-z0-9*.-]+\.[a-z0-9-]+)(?:,|$)/i.exec(subject)?.[1];
  const names = dnsNames.length + ipAddresses.length > 0 || !common ? dnsNames : [common];
  const identifiers = [
    ...names.map((value) => ({ type: 'dns', value: value.toLowerCase() })),
    ...ipAddresses.map((value) => ({ type: 'ip', value })),
  ];
  if (identifiers.length === 0 || identifiers.length > NAMES_MAX) {
    throw new AcmeRefusal('ACME needs a DNS name or an IP address.');
  }
  return identifiers;
}

/** Publishes an answer for each name that is not proven, then says that it is there. */
async function prove(step: Step, order: Order, state: OrderState): Promise<OrderState> {
  const { view, ports, session } = step;
  const answers = [...state.answers];
  for (const address of order.authorizations) {
    const authorization = await session.read(address, authorizationSchema);
    if (authorization.status !== 'pending') continue;
    const { challenge, answer } = chooseChallenge(authorization, step);
    if (challenge.status !== 'pending') continue;
    if (!answers.some(({ token }) => token === answer.token)) answers.push(answer);
    await publishAnswer(view, answer, ports);
    await session.post(challenge.url, {});
  }
  return { ...state, answers };
}

function chooseChallenge(authorization: Authorization, { ports, session }: Step) {
  const kind = ports.dnsWebhook === undefined ? 'http-01' : 'dns-01';
  if (authorization.wildcard === true && kind === 'http-01') {
    throw new AcmeRefusal(
      'Names with * are proven by DNS: --acme-dns-webhook names who makes records.',
    );
  }
  const challenge = authorization.challenges.find(({ type }) => type === kind);
  const token = challenge?.token ?? '';
  if (challenge === undefined || !isChallengeToken(token)) {
    throw new AcmeRefusal(`The ACME server offers no ${kind} challenge.`);
  }
  const keyAuthorization = session.keyAuthorization(token);
  const answer = { kind, name: authorization.identifier.value, token, keyAuthorization } as const;
  return { challenge, answer };
}

async function collect(step: Step, order: Order, state: OrderState): Promise<IssueOutcome> {
  if (order.certificate === undefined) throw new Error('a valid order without a certificate');
  const { body } = await step.session.post(order.certificate);
  const found = body.length > CHAIN_CHARS_MAX ? [] : (body.match(CERTIFICATE) ?? []);
  if (found.length === 0 || found.length > CHAIN_MAX) throw new Error('not a certificate chain');
  const chain = found.map((text) => new X509Certificate(text).raw);
  await withdraw(step, state);
  return { kind: 'issued', chain };
}

/** Nothing depends on it: a certificate is not given up because a record could not be removed. */
async function withdraw({ view, ports }: Step, { answers }: OrderState): Promise<void> {
  await Promise.allSettled(answers.map((answer) => withdrawAnswer(view, answer, ports)));
}

async function reasonOf(session: AcmeSession, order: Order): Promise<string> {
  for (const address of order.authorizations) {
    const { identifier, challenges } = await session.read(address, authorizationSchema);
    const detail = challenges.find(({ error }) => error !== undefined)?.error?.detail;
    if (detail !== undefined) return `${identifier.value}: ${detail}`;
  }
  return order.error?.detail ?? 'The order was refused.';
}

function pending(state: OrderState, retryAfterSeconds: number): IssueOutcome {
  const details = 'Waiting for the ACME server.';
  return { kind: 'pending', state: JSON.stringify(state), retryAfterSeconds, details };
}

function failed(code: string, message: string): IssueOutcome {
  return { kind: 'failed', code, message: message.slice(0, 500) };
}

/** What passes is asked again, what is final is told; anything else is thrown on. */
function renderFailure(error: unknown, { state }: IssueRequest): IssueOutcome {
  if (error instanceof AcmeRefusal || error instanceof X509Error) {
    return failed('AcmeRefused', error.message);
  }
  if (!(error instanceof AcmeProblem)) throw error;
  if (!error.isPassing) return failed('AcmeRefused', `${error.type}: ${error.message}`);
  const wait = error.retryAfterSeconds ?? RATE_LIMITED_SECONDS;
  const before = state ?? '';
  const details = 'The ACME server asked to wait.';
  return { kind: 'pending', state: before, retryAfterSeconds: wait, details };
}

function parseState(text: string | undefined): OrderState | undefined {
  return text === undefined || text === '' ? undefined : parseSealed<OrderState>(text);
}
