// Where a browser is going and what it has proved on the way. A flow is kept nowhere: it travels in
// the forms, sealed, and opens only in the browser that it was made for. So a form is its own
// anti-forgery token: no other site can make one, and one made for another browser does not open.
import { decodeBase64Url, encodeBase64Url, parseSealed } from '#kernel';
import type { Storage } from '#storage';
import type { AuthorizeRequest } from '../authorize/authorize-request.ts';

/** For a page that lies open. */
const FLOW_LIFETIME_MS = 3_600_000;
/** For what was proved: a password whose second factor never comes is soon forgotten. */
const PROOF_LIFETIME_MS = 600_000;

export type Destination =
  | { readonly kind: 'application'; readonly request: AuthorizeRequest }
  /** `id`: where the device that the person lets in is recorded. */
  | { readonly kind: 'device'; readonly id: string; readonly request: AskedScope }
  /** Before it is known which device. */
  | { readonly kind: 'enter-code' }
  | { readonly kind: 'own-account' }
  | { readonly kind: 'sign-out'; readonly returnTo: string | undefined };

/** What a device's client asks for. */
export interface AskedScope {
  readonly clientId: string;
  readonly isV1: boolean;
  readonly scope: string;
  readonly resource: string | undefined;
}

export interface Proof {
  readonly userId: string;
  readonly methods: readonly string[];
  readonly atMs: number;
}

/**
 * What the next form answers, and which form that is: a challenge that stands open in a page is
 * never taken for the secret of an app.
 */
export interface Pending {
  readonly purpose: 'passkey' | 'new-passkey' | 'authenticator';
  readonly value: string;
}

export interface Flow {
  readonly destination: Destination;
  readonly startedMs: number;
  /** Proved in this flow, but not enough yet for a session. */
  readonly proof?: Proof | undefined;
  /** Chosen among those signed in, or signed in on the way. */
  readonly account?: { readonly userId: string; readonly isFresh: boolean } | undefined;
  readonly pending?: Pending | undefined;
  readonly consented?: boolean | undefined;
  /** For the person's own page to say, once. */
  readonly notice?: 'password-changed' | undefined;
}

type Seal = Pick<Storage, 'sealBlob' | 'openBlob'>;

export function newFlow(destination: Destination, nowMs: number): Flow {
  return { destination, startedMs: nowMs };
}

/** `undefined` if the flow's last page asked for something else. */
export function pendingFor({ pending }: Flow, purpose: Pending['purpose']): string | undefined {
  return pending?.purpose === purpose ? pending.value : undefined;
}

export function sealFlow(storage: Seal, flow: Flow, browserId: string): string {
  const text = Buffer.from(JSON.stringify(flow), 'utf8');
  return encodeBase64Url(storage.sealBlob(contextOf(browserId), text));
}

/** `undefined` if it is not ours, not this browser's, or too old. */
export function openFlow(
  storage: Seal,
  text: string,
  input: { readonly browserId: string; readonly nowMs: number },
): Flow | undefined {
  const blob = decodeBase64Url(text);
  const opened = blob && storage.openBlob(contextOf(input.browserId), blob);
  if (!opened) return undefined;
  const flow = parseSealed<Flow>(Buffer.from(opened).toString('utf8'));
  if (input.nowMs - flow.startedMs >= FLOW_LIFETIME_MS) return undefined;
  const { proof } = flow;
  if (proof === undefined || input.nowMs - proof.atMs < PROOF_LIFETIME_MS) return flow;
  return { ...flow, proof: undefined, pending: undefined };
}

function contextOf(browserId: string): string {
  return `sign-in flow of browser ${browserId}`;
}
