// The agent's way to the identity provider: it signs a short-lived assertion with the machine's own
// key for each question, and believes only the authorities it was given.
import { createPublicKey, type KeyObject, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { type Clock, parseJson, unixSeconds, z } from '#kernel';
import { type Route, sendRequest } from '../https-request.ts';
import type { Registration } from './agent-files.ts';

const ASSERTION_LIFETIME_S = 120;
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const PATH = 'oauth2/managed-identity/token';

/** What a program asks for. Two equal questions have the same answer for a while. */
export interface TokenQuestion {
  readonly resource: string;
  readonly clientId?: string | undefined;
  readonly objectId?: string | undefined;
  readonly resourceId?: string | undefined;
  /** Capabilities of the program, for example `cp1`. */
  readonly capabilities?: string | undefined;
}

const tokenSchema = z.object({
  access_token: z.string(),
  expires_on: z.string().regex(/^\d{1,12}$/),
  not_before: z.string(),
  resource: z.string(),
  token_type: z.string(),
  client_id: z.string(),
  object_id: z.string(),
  msi_res_id: z.string(),
});

export type IssuedToken = z.infer<typeof tokenSchema>;

export type UpstreamAnswer =
  | { readonly kind: 'token'; readonly token: IssuedToken }
  | { readonly kind: 'refused'; readonly status: number; readonly body: OAuthError }
  /** It does not answer, or with something else than an answer; may be over in a moment. */
  | { readonly kind: 'unreachable'; readonly cause: string };

const errorSchema = z.object({ error: z.string(), error_description: z.string().default('') });
export type OAuthError = z.infer<typeof errorSchema>;

export type AskUpstream = (question: TokenQuestion) => Promise<UpstreamAnswer>;

export interface UpstreamOptions {
  readonly registration: Registration;
  readonly key: KeyObject;
  readonly authorities: readonly string[];
  readonly clock: Clock;
}

export function upstream(options: UpstreamOptions): AskUpstream {
  const { login, tenantId } = options.registration;
  const url = `${login.replace(/\/+$/, '')}/${tenantId}/${PATH}`;
  const route: Route = { address: addressOf(login), authorities: options.authorities };
  return async (question) => {
    const assertion = await signAssertion(options, url);
    try {
      const form = renderForm(question, assertion);
      return readAnswer(await sendRequest({ url, form }, route));
    } catch (error) {
      return { kind: 'unreachable', cause: error instanceof Error ? error.message : '' };
    }
  };
}

/** `*.localhost` is this machine, also where the system does not know it (RFC 6761, 6.3). */
export function addressOf(url: string): string {
  const { hostname } = new URL(url);
  return /(^|\.)localhost$/.test(hostname) ? '127.0.0.1' : hostname;
}

/** As the machine is registered with it: SPKI DER, base64. */
export function renderPublicKey(key: KeyObject): string {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64');
}

function signAssertion(
  { registration, key, clock }: UpstreamOptions,
  audience: string,
): Promise<string> {
  const nowS = unixSeconds(clock);
  return new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT' })
    .setIssuer(registration.machine)
    .setSubject(registration.machine)
    .setAudience(audience)
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + ASSERTION_LIFETIME_S)
    .sign(key);
}

function renderForm(question: TokenQuestion, assertion: string): string {
  const { capabilities } = question;
  const claims = { access_token: { xms_cc: { values: capabilities?.split(',') } } };
  const fields = {
    client_assertion_type: JWT_BEARER,
    client_assertion: assertion,
    resource: question.resource,
    client_id: question.clientId,
    object_id: question.objectId,
    msi_res_id: question.resourceId,
    claims: capabilities === undefined ? undefined : JSON.stringify(claims),
  };
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) form.set(name, value);
  }
  return form.toString();
}

function readAnswer({ status, text }: { readonly status: number; readonly text: string }) {
  const body = parseJson(text);
  if (status === 200) return { kind: 'token', token: tokenSchema.parse(body) } as const;
  if (status >= 500 || status === 429) {
    return { kind: 'unreachable', cause: `it answered ${status}` } as const;
  }
  return { kind: 'refused', status, body: errorSchema.parse(body) } as const;
}
