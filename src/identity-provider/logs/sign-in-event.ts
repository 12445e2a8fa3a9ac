// One sign-in as Microsoft Graph's `signIn` has it, made from what the pipeline knows of a request
// to the identity provider. Nothing of it comes from a handler's own call, so no way to sign in can
// be left out; and no secret is in what the pipeline knows.
// https://learn.microsoft.com/graph/api/resources/signin
import type { AuditedRequest } from '#audit';
import type { Directory } from '#directory';
import type { EventStamp } from './event-id.ts';

const TEXT_MAX = 256;
/** The token endpoint: every request there is a sign-in, whatever else is known of it. */
const TOKEN_OPERATIONS = new Set(['SignIn', 'ManagedIdentitySignIn']);
/** Not yet decided: a device code that nobody has entered so far. */
const PENDING = new Set(['AADSTS70016']);

export type SignInEvent = {
  readonly id: string;
  readonly createdDateTime: string;
  readonly correlationId: string;
  readonly userId: string | null;
  readonly userDisplayName: string | null;
  readonly userPrincipalName: string | null;
  readonly appId: string | null;
  readonly appDisplayName: string | null;
  readonly servicePrincipalId: string | null;
  readonly servicePrincipalName: string | null;
  readonly ipAddress: string;
  readonly clientAppUsed: string | null;
  readonly clientCredentialType: string | null;
  readonly resourceDisplayName: string | null;
  readonly resourceId: string | null;
  readonly isInteractive: boolean;
  readonly status: {
    readonly errorCode: number;
    readonly failureReason: string;
    readonly additionalDetails: string | null;
  };
  /** Not Graph's: how many like it this one stands for. */
  readonly occurrences: number;
};

const FACTS = [
  'grantType',
  'clientId',
  'userId',
  'servicePrincipalId',
  'userPrincipalName',
  'resource',
  'credential',
  'method',
  'outcome',
  'errorCode',
] as const;
type Facts = { readonly [name in (typeof FACTS)[number]]?: string };

/** `undefined` for what is no sign-in: pages that are only shown, discovery documents, polls. */
export function describeSignIn(
  outcome: AuditedRequest,
  directory: Directory,
  stamp: () => EventStamp,
): SignInEvent | undefined {
  if (outcome.plane !== 'login') return undefined;
  const facts = factsOf(outcome);
  const isToken = TOKEN_OPERATIONS.has(outcome.operation.name);
  const isSettled = facts.outcome === 'success' || facts.outcome === 'failure';
  const hasFailed = outcome.errorCode !== undefined || facts.errorCode !== undefined;
  const names = facts.clientId ?? facts.userPrincipalName ?? facts.userId;
  if (!isToken && !(names !== undefined && (isSettled || hasFailed))) return undefined;
  const errorCode = facts.errorCode ?? outcome.errorCode;
  if (errorCode !== undefined && PENDING.has(errorCode)) return undefined;
  const isFailure = facts.outcome === 'failure' || outcome.status >= 400 || hasFailed;
  const { id, timeMs } = stamp();
  return {
    id,
    createdDateTime: new Date(timeMs).toISOString(),
    correlationId: limit(outcome.request.headers['client-request-id'] || outcome.request.id),
    ...describeWho(facts, directory),
    ipAddress: outcome.request.clientAddress,
    clientAppUsed: isToken ? 'Mobile Apps and Desktop clients' : 'Browser',
    clientCredentialType: limited(facts.credential ?? facts.method),
    ...describeResource(facts, directory),
    isInteractive: !isToken || facts.grantType === 'password',
    status: {
      errorCode: isFailure ? numberOf(errorCode) : 0,
      failureReason: isFailure ? limit(outcome.message ?? errorCode ?? 'Other.') : 'Other.',
      additionalDetails: facts.grantType === undefined ? null : limit(facts.grantType),
    },
    occurrences: 1,
  };
}

/** Read by hand: it is done for every token that is given out. */
function factsOf({ details, reason }: AuditedRequest): Facts {
  const facts: { -readonly [name in keyof Facts]: string } = {};
  for (const name of FACTS) {
    const value = textOf(details, name) ?? textOf(reason, name);
    if (value !== undefined) facts[name] = value;
  }
  return facts;
}

function textOf(source: unknown, name: string): string | undefined {
  if (typeof source !== 'object' || source === null || !Object.hasOwn(source, name)) {
    return undefined;
  }
  const value: unknown = Reflect.get(source, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function describeWho(facts: Facts, directory: Directory) {
  const subject = facts.userId ?? facts.servicePrincipalId ?? '';
  const user =
    directory.user(subject) ??
    (facts.userPrincipalName === undefined
      ? undefined
      : directory.userByName(facts.userPrincipalName));
  const appId = facts.clientId;
  const isApp = user === undefined && facts.userPrincipalName === undefined;
  const principal =
    isApp && appId !== undefined
      ? (directory.servicePrincipal(subject) ?? directory.servicePrincipalByAppId(appId))
      : undefined;
  return {
    userId: user?.id ?? null,
    userDisplayName: user?.displayName ?? null,
    userPrincipalName: user?.userPrincipalName ?? limited(facts.userPrincipalName),
    appId: limited(appId),
    appDisplayName: appId === undefined ? null : (directory.client(appId)?.displayName ?? null),
    servicePrincipalId: principal?.id ?? null,
    servicePrincipalName: principal?.displayName ?? null,
  };
}

function describeResource({ resource }: Facts, directory: Directory) {
  const found = resource === undefined ? undefined : directory.applicationByResource(resource);
  return {
    resourceDisplayName: found?.displayName ?? limited(resource),
    resourceId: found?.appId ?? null,
  };
}

function numberOf(code: string | undefined): number {
  const number = Number(/^AADSTS(\d{1,12})$/.exec(code ?? '')?.[1]);
  // A failure that has no number of its own.
  return Number.isNaN(number) ? 90_000 : number;
}

function limited(value: string | undefined): string | null {
  return value === undefined ? null : limit(value);
}

function limit(value: string): string {
  return value.slice(0, TEXT_MAX);
}
