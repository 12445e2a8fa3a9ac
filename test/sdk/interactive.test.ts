// People sign in to real clients in a real Chromium: @azure/identity and MSAL, TLS and verification
// on, with a password, an authenticator app and a passkey.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DeviceCodeCredential, InteractiveBrowserCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';
import {
  ConfidentialClientApplication,
  CryptoProvider,
  PublicClientApplication,
} from '@azure/msal-node';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { parseJson, z } from '#kernel';
import { launchChromium } from '#test/kit/chromium.ts';
import { changePolicy, createApplication, createVault } from '#test/kit/estate.ts';
import { FormBrowser, instanceNetwork, redirected } from '#test/kit/form-browser.ts';
import type { Instance } from '#test/kit/instance.ts';
import { expectBrowser } from '#test/kit/opened-address.ts';
import { Person } from '#test/kit/person.ts';
import { SinglePageApp } from '#test/kit/single-page-app.ts';
import { startTrustedInstance } from './clients.ts';

const AZURE_CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const CLAIMS = z.object({ amr: z.array(z.string()), upn: z.string() });
const SAID = z.object({ userName: z.string(), token: z.string() });
const LISTED = z.object({ value: z.array(z.object({ id: z.guid() })) });
const CREATED = z.object({ appId: z.guid() });

let instance: Instance;
let browser: Browser;
let vault: string;
before(async () => {
  instance = await startTrustedInstance();
  browser = await launchChromium(instance);
  vault = await createVault(instance.owner, { model: 'policy' });
});
after(async () => {
  await browser?.close();
  await instance?.stop();
});

const options = () => ({
  authorityHost: instance.login,
  tenantId: instance.tenantId,
  clientId: AZURE_CLI,
  disableInstanceDiscovery: true,
});
const vaultScope = () => `https://${instance.vaultSuffix.slice(1)}/.default`;

function claimsOf(token: string): z.infer<typeof CLAIMS> {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return CLAIMS.parse(parseJson(payload));
}

async function newPerson(name: string): Promise<Person> {
  const person = await Person.create(instance, name);
  const { owner } = instance;
  const to = Object.assign(Object.create(owner), {
    credentials: { ...owner.credentials, objectId: person.objectId },
  });
  await changePolicy(owner, 'add', { to, vault, secrets: ['get', 'set'] });
  return person;
}

interface Opened {
  readonly context: BrowserContext;
  readonly page: Page;
}

async function openPage(javaScriptEnabled = true): Promise<Opened> {
  const context = await browser.newContext({ javaScriptEnabled });
  return { context, page: await context.newPage() };
}

describe('@azure/identity', () => {
  test('InteractiveBrowserCredential: a person signs in in Chromium and uses a vault', async () => {
    const person = await newPerson('ann');
    const opened = expectBrowser();
    const credential = new InteractiveBrowserCredential(options());
    const client = new SecretClient(instance.vaultUrl(vault), credential);
    const written = client.setSecret('from-a-person', 'hello');
    const { context, page } = await openPage();
    await page.goto(await opened.address);
    await person.signIn(page);
    assert.equal((await written).value, 'hello');
    assert.equal((await client.getSecret('from-a-person')).value, 'hello');
    await context.close();
  });

  test('InteractiveBrowserCredential: with an authenticator app, without JavaScript', async () => {
    const person = await newPerson('bea');
    const { context, page } = await openPage(false);
    await page.goto(`${instance.login}/security-info`);
    await person.signIn(page);
    await person.enrol(page);
    await page.getByText('since').waitFor();
    await context.clearCookies();
    const opened = expectBrowser();
    const credential = new InteractiveBrowserCredential(options());
    const token = credential.getToken(vaultScope());
    await page.goto(await opened.address);
    await person.signIn(page);
    await person.enterCode(page);
    await page.getByRole('button', { name: 'Continue' }).click();
    assert.deepEqual(claimsOf((await token).token).amr, ['pwd', 'otp', 'mfa']);
    await context.close();
  });

  test('DeviceCodeCredential: the code is entered in Chromium', async () => {
    const person = await newPerson('cem');
    const shown = Promise.withResolvers<{ userCode: string; verificationUri: string }>();
    const credential = new DeviceCodeCredential({
      ...options(),
      userPromptCallback: (info) => shown.resolve(info),
    });
    const token = credential.getToken(vaultScope());
    const { userCode, verificationUri } = await shown.promise;
    const { context, page } = await openPage();
    await page.goto(verificationUri);
    await page.getByLabel('Code').fill(userCode.toLowerCase());
    await page.getByRole('button', { name: 'Next' }).click();
    await person.signIn(page);
    await page.getByRole('button', { name: 'Continue' }).click();
    assert.equal(claimsOf((await token).token).upn, person.userName);
    await context.close();
  });

  test('a passkey: registered, then instead of the password, then beside it', async () => {
    const person = await newPerson('dov');
    const { context, page } = await openPage();
    const session = await context.newCDPSession(page);
    await session.send('WebAuthn.enable');
    await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await page.goto(`${instance.login}/security-info`);
    await person.signIn(page);
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByText('Passkey 1').waitFor();
    const signIn = async (work: () => Promise<void>) => {
      await context.clearCookies();
      const opened = expectBrowser();
      const token = new InteractiveBrowserCredential(options()).getToken(vaultScope());
      await page.goto(await opened.address);
      await work();
      return claimsOf((await token).token).amr;
    };
    const alone = await signIn(async () => {
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    });
    assert.deepEqual(alone, ['fido', 'mfa']);
    const beside = await signIn(async () => {
      await person.signIn(page);
      await page.getByRole('button', { name: 'Use a passkey' }).click();
    });
    assert.deepEqual(beside, ['pwd', 'fido', 'mfa']);
    await context.close();
  });
});

describe('@azure/msal-node', () => {
  test('signs a person in by code and proof key, renews and answers silently', async () => {
    const person = await newPerson('eva');
    const client = new PublicClientApplication({
      auth: {
        clientId: AZURE_CLI,
        authority: `${instance.login}/${instance.tenantId}`,
        knownAuthorities: [new URL(instance.login).host],
      },
    });
    const { context, page } = await openPage();
    const first = await client.acquireTokenInteractive({
      scopes: [vaultScope()],
      prompt: 'select_account',
      openBrowser: async (address) => {
        await page.goto(address);
        await person.signIn(page);
      },
    });
    assert.equal(first.account?.username, person.userName);
    const { account } = first;
    assert.ok(account);
    const silent = await client.acquireTokenSilent({ account, scopes: [vaultScope()] });
    assert.equal(silent.accessToken, first.accessToken);
    const renewed = await client.acquireTokenSilent({
      account,
      scopes: [`${instance.management}/.default`],
      forceRefresh: true,
    });
    assert.equal(claimsOf(renewed.accessToken).upn, person.userName);
    await context.close();
  });
});

describe('a web application with @azure/msal-node', () => {
  test('signs a person in by code, with its secret and a proof key', async () => {
    const person = await newPerson('gil');
    const { owner } = instance;
    const redirectUri = 'https://login.localhost/not-served';
    const made = await createApplication(owner, 'web');
    const { clientId, clientSecret } = made.credentials;
    const listed = await owner.graph({ path: `/applications?$filter=appId%20eq%20'${clientId}'` });
    const { value } = listed.expect(200).read(LISTED);
    const json = { web: { redirectUris: [redirectUri] } };
    await owner.graph({ method: 'PATCH', path: `/applications/${value[0]?.id}`, json });
    const client = new ConfidentialClientApplication({
      auth: {
        clientId,
        clientSecret,
        authority: `${instance.login}/${instance.tenantId}`,
        knownAuthorities: [new URL(instance.login).host],
      },
    });
    const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
    const scopes = [vaultScope()];
    const address = await client.getAuthCodeUrl({
      scopes,
      redirectUri,
      responseMode: 'query',
      codeChallenge: challenge,
      codeChallengeMethod: 'S256',
    });
    const network = new FormBrowser(instanceNetwork(instance));
    await network.open(address);
    const { userName, password } = person;
    await network.submit('/sign-in/password', { userName, password });
    const code = redirected(
      await network.submit('/sign-in/consent', { answer: 'yes' }),
    ).searchParams.get('code');
    const request = { scopes, redirectUri, code: code ?? '', codeVerifier: verifier };
    const answer = await client.acquireTokenByCode(request);
    assert.equal(claimsOf(answer.accessToken).upn, userName);
    await assert.rejects(client.acquireTokenByCode(request), /AADSTS54005/);
  });
});

describe('@azure/msal-browser', () => {
  let app: SinglePageApp;
  before(async () => {
    app = await SinglePageApp.open();
  });
  after(() => app?.close());

  test('in a page on loopback signs in by redirect and renews across origins', async () => {
    const person = await newPerson('fay');
    const { owner } = instance;
    const json = { displayName: 'Page', spa: { redirectUris: [app.address] } };
    const created = await owner.graph({ method: 'POST', path: '/applications', json });
    const { appId } = created.expect(201).read(CREATED);
    await owner.graph({ method: 'POST', path: '/servicePrincipals', json: { appId } });
    const authority = `${instance.login}/${instance.tenantId}`;
    app.serve({ clientId: appId, authority, scope: vaultScope() });
    const { context, page } = await openPage();
    await page.goto(app.address);
    await person.signIn(page);
    await page.getByRole('button', { name: 'Accept' }).click();
    await page.locator('body[data-said]').waitFor({ state: 'attached' });
    const said = (await page.locator('body').getAttribute('data-said')) ?? '';
    const { userName, token } = SAID.parse(parseJson(said));
    assert.equal(userName, person.userName);
    assert.equal(claimsOf(token).upn, person.userName);
    await context.close();
  });
});
