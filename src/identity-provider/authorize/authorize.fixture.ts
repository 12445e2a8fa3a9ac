// What tests of interactive sign-in start from: people, applications of each kind, the addresses
// and forms of a whole sign-in.
import { createHash, randomBytes } from 'node:crypto';
import {
  type Application,
  addPassword,
  createApplication,
  createServicePrincipal,
  createUser,
  type User,
  wellKnownAppIds,
} from '#directory';
import { FormBrowser, redirected, tenantNetwork } from '#test/kit/form-browser.ts';
import type { Tenant, TestAnswer } from '#test/kit/tenant.ts';

export const PASSWORD = 'Correct-Horse-7';
export const LOOPBACK = 'http://localhost:5173';

let made = 0;

export async function makeUser(
  tenant: Tenant,
  input: { readonly mustChange?: boolean } = {},
): Promise<User> {
  made += 1;
  const forceChangePasswordNextSignIn = input.mustChange === true;
  return createUser(
    tenant.view,
    {
      userPrincipalName: `person${made}@test.localhost`,
      displayName: 'Ann Example',
      passwordProfile: { password: PASSWORD, forceChangePasswordNextSignIn },
    },
    tenant.clock,
  );
}

type Uris = Partial<
  Pick<Application, 'webRedirectUris' | 'spaRedirectUris' | 'publicClientRedirectUris'>
>;

export interface MadeApplication {
  readonly application: Application;
  readonly clientSecret: string;
}

export async function makeApplication(tenant: Tenant, uris: Uris): Promise<MadeApplication> {
  const { view, clock } = tenant;
  const application = await createApplication(view, { displayName: 'Tool', ...uris }, clock);
  const { appId, displayName, id } = application;
  await createServicePrincipal(view, { appId, displayName }, clock);
  const { secretText } = await addPassword(view, { id, password: {} }, clock);
  return { application, clientSecret: secretText };
}

/** What the page in front of a person says is wrong, and with which status. */
export function said({ status, text }: TestAnswer): readonly [number, string | undefined] {
  return [status, /name="problem" content="(AADSTS\d+)/.exec(text)?.[1]];
}

/** Without asking anybody: whether this browser would get a code. */
export async function isSignedIn(
  tenant: Tenant,
  browser: FormBrowser<TestAnswer>,
): Promise<boolean> {
  const answer = await browser.open(authorizeAddress(tenant, { prompt: 'none' }));
  return redirected(answer).searchParams.get('code') !== null;
}

export interface ProofKey {
  readonly verifier: string;
  readonly challenge: string;
}

export function newProofKey(): ProofKey {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** The address that az opens; each value can be replaced, `undefined` takes it out. */
export function authorizeAddress(
  tenant: Tenant,
  changes: Readonly<Record<string, string | undefined>> = {},
  path = '/organizations/oauth2/v2.0/authorize',
): string {
  const all: Readonly<Record<string, string | undefined>> = {
    client_id: wellKnownAppIds.azureCli,
    response_type: 'code',
    redirect_uri: LOOPBACK,
    scope: `${tenant.urls.vaultResource}/.default openid profile offline_access`,
    state: 'a state & more',
    code_challenge_method: 'S256',
    code_challenge: newProofKey().challenge,
    ...changes,
  };
  const present = Object.entries(all).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return `${path}?${new URLSearchParams(present)}`;
}

export async function signIn(browser: FormBrowser<TestAnswer>, user: User): Promise<TestAnswer> {
  return browser.submit('/sign-in/password', {
    userName: user.userPrincipalName,
    password: PASSWORD,
  });
}

/** A whole sign-in: the code that comes of it. */
export async function obtainCode(
  tenant: Tenant,
  user: User,
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<string> {
  const browser = new FormBrowser(tenantNetwork(tenant));
  await browser.open(authorizeAddress(tenant, changes));
  return redirected(await signIn(browser, user)).searchParams.get('code') ?? '';
}

export function redeem(
  tenant: Tenant,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<TestAnswer> {
  return tenant.call({
    url: `${tenant.urls.login}/organizations/oauth2/v2.0/token`,
    headers,
    form: {
      grant_type: 'authorization_code',
      client_id: wellKnownAppIds.azureCli,
      redirect_uri: LOOPBACK,
      client_info: '1',
      ...form,
    },
  });
}
