// Provokes the errors of the identity provider, as far as no certificate is needed for it.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from '#kernel';
import type { Caller } from '#test/kit/caller.ts';
import { createApplication } from '#test/kit/estate.ts';
import type { Instance } from '#test/kit/instance.ts';
import type { Answer } from '#test/kit/wire.ts';
import type { Estate } from '../call-row.ts';
import { provokeResources } from './login-resources.ts';

import { provokeMachineSignIn } from './machine-sign-in.ts';

import { provokeSignIn } from './sign-in.ts';

const GUESSES = 12;
const AZURE_CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const OBJECTS = z.object({ value: z.array(z.object({ id: z.guid() })) });

export async function provokeLogin({ instance }: Estate): Promise<Answer[]> {
  const { wire, login, owner } = instance;
  const application = await createApplication(owner, 'login');
  const { clientId, clientSecret } = application.credentials;
  const scope = `${instance.management}/.default`;
  const client = { grant_type: 'client_credentials', client_id: clientId, scope };
  const known = { ...client, client_secret: clientSecret };
  const person = {
    grant_type: 'password',
    client_id: AZURE_CLI,
    scope,
    username: 'x',
    password: 'x',
  };
  const token = (form: Record<string, string>, tenant = instance.tenantId) =>
    wire.send({ method: 'POST', url: `${login}/${tenant}/oauth2/v2.0/token`, form });
  const answers = [
    await wire.send({ url: `${login}/${randomUUID()}/v2.0/.well-known/openid-configuration` }),
    await wire.send({ url: `${login}/.well-known/webfinger` }),
    await token(known, randomUUID()),
    await token(known, 'common'),
    await token({ ...known, grant_type: 'nonsense' }),
    await token({ client_id: clientId }),
    await token({ ...known, client_id: randomUUID() }),
    await token({ ...client, client_secret: 'wrong' }),
    await token(client),
    await token({ ...known, scope: `${instance.management}/read` }),
    await token({ ...known, scope: 'https://absent.example/.default' }),
    await token({ ...known, scope: `${scope} ${instance.graph}/.default` }),
    await token({ ...known, scope: ' ' }),
    await token({ ...known, claims: '{' }),
    await token({ ...client, client_assertion_type: 'nonsense', client_assertion: 'x' }),
    await token({ ...client, client_assertion_type: ASSERTION, client_assertion: 'x.y.z' }),
    await token({ ...known, client_id: AZURE_CLI }),
    await token({ grant_type: 'refresh_token', client_id: AZURE_CLI, refresh_token: 'x', scope }),
    await token({ ...person, client_secret: 'x' }),
    await token({ ...person, scope: 'no such scope' }),
    await token({ ...person, scope: `${scope} ${instance.graph}/.default` }),
  ];
  return [
    ...answers,
    ...(await provokeUsers(instance, token)),
    ...(await provokeSignIn(instance)),
    ...(await provokeFederation(instance, { clientId, known: client, token })),
    await provokeExpiry(instance, { clientId, known: client, token }),
    ...(await provokeMachineSignIn(instance)),
    ...(await provokePrincipals(instance, { clientId, known, token })),
    ...(await provokeResources(instance)),
  ];
}

type Token = (form: Record<string, string>) => Promise<Answer>;

async function provokeUsers(instance: Instance, token: Token): Promise<Answer[]> {
  const { owner, administrator, management } = instance;
  const domain = administrator.userPrincipalName.split('@')[1];
  const password = 'A-long-enough-1-password';
  const create = async (name: string, changes: object) => {
    const json = {
      accountEnabled: true,
      displayName: name,
      mailNickname: name,
      userPrincipalName: `${name}@${domain}`,
      passwordProfile: { password, forceChangePasswordNextSignIn: false },
      ...changes,
    };
    (await owner.graph({ method: 'POST', path: '/users', json })).expect(201);
    return `${name}@${domain}`;
  };
  const signIn = (username: string, given: string) =>
    token({
      grant_type: 'password',
      client_id: AZURE_CLI,
      scope: `${management}/.default openid offline_access`,
      username,
      password: given,
    });
  const disabled = await create('disabled', { accountEnabled: false });
  const profile = { password, forceChangePasswordNextSignIn: true };
  const expired = await create('expired', { passwordProfile: profile });
  const guessed = await create('guessed', {});
  const revoked = await create('revoked', {});
  const answers = [await signIn(disabled, password), await signIn(expired, password)];
  for (let guess = 0; guess < GUESSES; guess += 1) answers.push(await signIn(guessed, 'wrong'));
  const tokens = (await signIn(revoked, password)).expect(200);
  const { refresh_token: refreshToken } = tokens.read(z.object({ refresh_token: z.string() }));
  const path = `/users/${revoked}/revokeSignInSessions`;
  await owner.graph({ method: 'POST', path });
  const scope = `${management}/.default`;
  const grant = { grant_type: 'refresh_token', client_id: AZURE_CLI, scope };
  answers.push(await token({ ...grant, refresh_token: refreshToken }));
  return answers;
}

interface Application {
  readonly clientId: string;
  readonly known: Record<string, string>;
  readonly token: Token;
}

/** Assertions of an outside issuer that are not the ones the application trusts. */
async function provokeFederation(
  { owner }: Instance,
  { clientId, known, token }: Application,
): Promise<Answer[]> {
  const trusted = {
    issuer: 'https://issuer.example',
    subject: 'workload',
    audiences: ['api://AzureADTokenExchange'],
  };
  await owner.graph({
    method: 'POST',
    path: `/applications/${await applicationId(owner, clientId)}/federatedIdentityCredentials`,
    json: { name: 'workload', ...trusted },
  });
  const claims = { iss: trusted.issuer, sub: trusted.subject, aud: trusted.audiences[0] };
  const deviating = [{ iss: 'https://other.example' }, { sub: 'other' }, { aud: 'other' }];
  // And two of its own, as if it had a certificate: in its own name, and in another's.
  const { login, tenantId } = owner.endpoints;
  const endpoint = `${login}/${tenantId}/oauth2/v2.0/token`;
  const own = [
    { iss: clientId, sub: clientId, aud: endpoint },
    { iss: clientId, sub: clientId, aud: 'elsewhere' },
    { iss: randomUUID(), sub: randomUUID(), aud: endpoint },
    { iss: randomUUID(), sub: clientId, aud: endpoint },
    { iss: clientId, sub: randomUUID(), aud: endpoint },
  ];
  const answers: Answer[] = [];
  for (const other of [...deviating, ...own]) {
    const assertion = renderUnsigned({ ...claims, ...other });
    const form = { client_assertion_type: ASSERTION, client_assertion: assertion };
    answers.push(await token({ ...known, ...form }));
  }
  return answers;
}

function renderUnsigned(claims: object): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const exp = Math.floor(Date.now() / 1_000) + 600;
  return `${encode({ alg: 'RS256', x5t: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA' })}.${encode({ exp, ...claims })}.AAAA`;
}

async function applicationId(owner: Caller, clientId: string): Promise<string> {
  const filter = encodeURIComponent(`appId eq '${clientId}'`);
  const found = await owner.graph({ path: `/applications?$filter=${filter}` });
  return found.expect(200).read(OBJECTS).value[0]?.id ?? '';
}

/** A secret that lives for one second. */
async function provokeExpiry(
  { owner }: Instance,
  { clientId, known, token }: Application,
): Promise<Answer> {
  const endDateTime = new Date(Date.now() + 1_000).toISOString();
  const added = await owner.graph({
    method: 'POST',
    path: `/applications/${await applicationId(owner, clientId)}/addPassword`,
    json: { passwordCredential: { endDateTime } },
  });
  const { secretText } = added.expect(200).read(z.object({ secretText: z.string() }));
  await delay(1_100);
  return token({ ...known, client_secret: secretText });
}

/** The service principal is disabled, then deleted. */
async function provokePrincipals(
  { owner }: Instance,
  { clientId, known, token }: Application,
): Promise<Answer[]> {
  const filter = encodeURIComponent(`appId eq '${clientId}'`);
  const found = await owner.graph({ path: `/servicePrincipals?$filter=${filter}` });
  const path = `/servicePrincipals/${found.read(OBJECTS).value[0]?.id}`;
  await owner.graph({ method: 'PATCH', path, json: { accountEnabled: false } });
  const answers = [await token(known)];
  await owner.graph({ method: 'DELETE', path });
  answers.push(await token(known));
  return answers;
}
