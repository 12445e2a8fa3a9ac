// The forms in which programs ask for their tokens, and what each has to bring:
// - App Service (`/msi/token`): the workload's own secret in `X-IDENTITY-HEADER` (2017-09-01: in
//   `Secret`). The form to prefer: it tells one program from another.
// - Azure Arc (`/metadata/identity/oauth2/token`, its api-versions): a file of this user's.
// - IMDS (the same path): `Metadata: true`; any program on this machine may ask.
// Answers and errors are IMDS's. Nothing here answers 404, 410 or 5xx unless trying again helps:
// clients repeat those for minutes (clients.md §6).
import { type Clock, isSameSecret, unixSeconds } from '#kernel';
import { hashSecret, type Workload } from './agent-files.ts';
import type { ArcChallenges } from './arc-challenges.ts';
import { type LocalAnswer, type LocalRequest, refusal } from './local-request.ts';
import type { TokenCache } from './token-cache.ts';
import type { IssuedToken, TokenQuestion } from './upstream.ts';

export const METADATA_PATH = '/metadata/identity/oauth2/token';
export const APP_SERVICE_PATH = '/msi/token';
/** What clients of Azure Arc send; IMDS has others. */
const ARC_VERSIONS = new Set(['2019-08-15', '2019-11-01', '2020-06-01']);
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export interface AnswerOptions {
  readonly tokens: TokenCache;
  readonly clock: Clock;
  /** Read anew for each request, so that a removed workload is refused at once. */
  readonly workloads: () => readonly Workload[];
  /** Answer every program on this machine that asks in IMDS's form. */
  readonly imds: boolean;
  /** Absent: Azure Arc's form is not answered. */
  readonly arc?: ArcChallenges | undefined;
  /** One line for whoever runs the agent. */
  readonly log: (line: string) => void;
}

/** For a request that `decideLocal` lets through. */
export function answerLocal(request: LocalRequest, options: AnswerOptions): Promise<LocalAnswer> {
  if (request.path === APP_SERVICE_PATH) return answerWorkload(request, options);
  if (request.path === METADATA_PATH) return answerMetadata(request, options);
  return Promise.resolve(refusal(400, 'There is nothing at this address'));
}

function answerWorkload(request: LocalRequest, options: AnswerOptions): Promise<LocalAnswer> {
  const { headers } = request;
  const workload = findWorkload(
    options.workloads(),
    headers['x-identity-header'] ?? headers.secret,
  );
  if (workload === undefined) {
    return Promise.resolve(refusal(401, 'X-IDENTITY-HEADER is not that of a workload'));
  }
  return answerToken(request, options, workload.identities);
}

/** Compares with every workload's, whichever fits, so that time tells nothing about which. */
function findWorkload(
  workloads: readonly Workload[],
  secret: string | undefined,
): Workload | undefined {
  const given = Buffer.from(hashSecret(secret ?? ''));
  let fitting: Workload | undefined;
  for (const workload of workloads) {
    const known = Buffer.from(workload.secretHash);
    if (isSameSecret(known, given)) fitting = workload;
  }
  return secret === undefined || secret === '' ? undefined : fitting;
}

function answerMetadata(request: LocalRequest, options: AnswerOptions): Promise<LocalAnswer> {
  const { headers, query } = request;
  if (headers.metadata?.toLowerCase() !== 'true') {
    return Promise.resolve(refusal(400, 'Required metadata header not specified'));
  }
  const version = query['api-version'] ?? '';
  if (version === '') {
    return Promise.resolve(refusal(400, "Required query variable 'api-version' is missing"));
  }
  if (options.arc !== undefined && (ARC_VERSIONS.has(version) || !options.imds)) {
    return answerArc(request, options, options.arc);
  }
  if (options.imds) return answerToken(request, options, []);
  return Promise.resolve(refusal(400, 'This agent does not answer in the form of IMDS'));
}

function answerArc(
  request: LocalRequest,
  options: AnswerOptions,
  challenges: ArcChallenges,
): Promise<LocalAnswer> {
  const secret = /^Basic +(\S{1,256}) *$/i.exec(request.headers.authorization ?? '')?.[1];
  if (secret !== undefined && challenges.redeem(secret)) return answerToken(request, options, []);
  return Promise.resolve({
    ...refusal(401, 'Send the content of the file that WWW-Authenticate names'),
    headers: { 'WWW-Authenticate': `Basic realm=${challenges.create()}` },
  });
}

async function answerToken(
  { query }: LocalRequest,
  { tokens, clock, log }: AnswerOptions,
  allowed: readonly string[],
): Promise<LocalAnswer> {
  const { resource } = query;
  if (resource === undefined || resource === '') {
    return refusal(400, "Required query variable 'resource' is missing");
  }
  const answer = await tokens.get(questionOf(query, allowed), query.token_sha256_to_refresh);
  switch (answer.kind) {
    case 'refused':
      log(`No token for ${resource}: ${answer.body.error_description}`);
      // 401 would have a client look for a file; what is refused here stays refused.
      return { status: 400, body: answer.body };
    case 'unreachable':
      log(`The identity provider does not answer: ${answer.cause}`);
      return {
        status: 503,
        body: {
          error: 'temporarily_unavailable',
          error_description: 'The identity provider does not answer',
        },
      };
    case 'token':
      if (!mayUse(answer.token, allowed)) return refusal(400, 'Identity not found');
      return { status: 200, body: renderToken(answer.token, unixSeconds(clock)) };
  }
}

/** Every spelling that a client has for the identity; empty values are none. */
function questionOf(
  query: Readonly<Record<string, string>>,
  allowed: readonly string[],
): TokenQuestion {
  const { resource = '', xms_cc: capabilities } = query;
  const clientId = query.client_id || query.clientid || undefined;
  const objectId = query.object_id || query.principal_id || undefined;
  const resourceId = query.msi_res_id || query.mi_res_id || undefined;
  const [only, ...others] = allowed;
  const isNamed = [clientId, objectId, resourceId].some((value) => value !== undefined);
  if (!isNamed && only !== undefined && others.length === 0) {
    return GUID.test(only)
      ? { resource, clientId: only, capabilities }
      : { resource, resourceId: only, capabilities };
  }
  return { resource, clientId, objectId, resourceId, capabilities };
}

function mayUse(token: IssuedToken, allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true;
  const names = [token.client_id, token.msi_res_id].map((name) => name.toLowerCase());
  return allowed.some((identity) => names.includes(identity.toLowerCase()));
}

function renderToken(token: IssuedToken, nowS: number): unknown {
  const expiresIn = String(Number(token.expires_on) - nowS);
  return { ...token, expires_in: expiresIn, ext_expires_in: expiresIn };
}
