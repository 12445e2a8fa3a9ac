// Provokes the errors of interactive sign-in: of its pages, and of the codes that come of it.
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Secret, TOTP } from 'otpauth';
import { z } from '#kernel';
import { FormBrowser, instanceNetwork, redirected } from '#test/kit/form-browser.ts';
import type { Instance } from '#test/kit/instance.ts';
import { Answer } from '#test/kit/wire.ts';

const AZURE_CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const LOOPBACK = 'http://localhost:5000';
const PASSWORD = 'A-long-enough-1-password';
const FORMS_MAX = 300;
const POLL_WINDOW_MS = 5000;
const DEVICE = z.object({ user_code: z.string(), device_code: z.string() });
const CREATED = z.object({ id: z.guid(), appId: z.guid() });

const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');

export async function provokeSignIn(instance: Instance): Promise<Answer[]> {
  return [
    ...(await provokeAddresses(instance)),
    ...(await provokePages(instance)),
    ...(await provokeCodes(instance)),
    ...(await provokeDevices(instance)),
    ...(await provokeRate(instance)),
  ];
}

function address(changes: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({
    client_id: AZURE_CLI,
    response_type: 'code',
    redirect_uri: LOOPBACK,
    scope: 'openid offline_access',
    code_challenge_method: 'S256',
    code_challenge: challenge,
    ...changes,
  });
  return `/organizations/oauth2/v2.0/authorize?${query}`;
}

/** A browser that notes what it was shown. */
function openBrowser(instance: Instance, from?: string) {
  const shown: Answer[] = [];
  const network = instanceNetwork(instance, from);
  const browser = new FormBrowser({
    login: network.login,
    send: async (request) => {
      const page = await network.send(request);
      const headers = { 'content-type': page.headers['Content-Type'] };
      shown.push(new Answer({ method: 'POST', status: page.status, headers, text: page.text }));
      return page;
    },
  });
  return { browser, shown };
}

async function createUser(instance: Instance, name: string, mustChange: boolean): Promise<string> {
  const domain = instance.administrator.userPrincipalName.split('@')[1];
  const userPrincipalName = `${name}@${domain}`;
  const passwordProfile = { password: PASSWORD, forceChangePasswordNextSignIn: mustChange };
  const answer = await instance.owner.graph({
    method: 'POST',
    path: '/users',
    json: {
      accountEnabled: true,
      displayName: name,
      mailNickname: name,
      userPrincipalName,
      passwordProfile,
    },
  });
  answer.expect(201);
  return userPrincipalName;
}

async function provokeAddresses(instance: Instance): Promise<Answer[]> {
  const { browser, shown } = openBrowser(instance);
  await browser.open(address({ redirect_uri: '' }));
  await browser.open(address({ redirect_uri: 'https://evil.example' }));
  await browser.post('/sign-out', {});
  await browser.post('/sign-out', {}, { 'sec-fetch-site': 'cross-site' });
  return shown;
}

async function provokePages(instance: Instance): Promise<Answer[]> {
  const { browser, shown } = openBrowser(instance);
  const userName = await createUser(instance, 'onetime', true);
  await browser.open(address());
  await browser.submit('/sign-in/passkey', { credential: '{}' });
  await browser.submit('/sign-in/password', { userName, password: PASSWORD });
  const { flow = '' } = browser.forms()[0]?.fields ?? {};
  await browser.post('/sign-in/account', { flow, account: 'absent' });
  const change = (newPassword: string, repeated: string) =>
    browser.post('/sign-in/new-password', { flow, password: PASSWORD, newPassword, repeated });
  await change('Another-1-password', 'Another-2-password');
  await change('weak', 'weak');
  return shown;
}

async function provokeCodes(instance: Instance): Promise<Answer[]> {
  const userName = await createUser(instance, 'coded', false);
  const { browser } = openBrowser(instance);
  await browser.open(address());
  await browser.submit('/sign-in/password', { userName, password: PASSWORD });
  const spa = await createSpa(instance);
  const codeFor = async (changes: Record<string, string> = {}) => {
    await browser.open(address(changes));
    if (browser.page.status === 200) await browser.submit('/sign-in/consent', { answer: 'yes' });
    return redirected(browser.page).searchParams.get('code') ?? '';
  };
  const redeem = (form: Record<string, string>, headers: Record<string, string> = {}) =>
    instance.wire.send({
      method: 'POST',
      url: `${instance.login}/organizations/oauth2/v2.0/token`,
      headers,
      form: {
        grant_type: 'authorization_code',
        client_id: AZURE_CLI,
        redirect_uri: LOOPBACK,
        code_verifier: verifier,
        ...form,
      },
    });
  const code = await codeFor();
  const ofPage = { client_id: spa, redirect_uri: LOOPBACK };
  const { clientId, clientSecret } = instance.owner.credentials;
  const other = { client_id: clientId, client_secret: clientSecret };
  return [
    await redeem({ code: await codeFor(), ...other }),
    await redeem({ code: await codeFor(), redirect_uri: 'http://localhost:1' }),
    await redeem({ code: await codeFor(), code_verifier: '' }),
    await redeem({ code: await codeFor() }, { origin: LOOPBACK }),
    await redeem({ code: await codeFor(ofPage), ...ofPage }),
    await redeem({ code }),
    await redeem({ code }),
    await provokeSecondFactor(instance, userName),
  ];
}

async function provokeDevices(instance: Instance): Promise<Answer[]> {
  const userName = await createUser(instance, 'device', false);
  const { browser, shown } = openBrowser(instance);
  const send = (path: string, form: Record<string, string>) =>
    instance.wire.send({
      method: 'POST',
      url: `${instance.login}/organizations/oauth2/v2.0/${path}`,
      form: { client_id: AZURE_CLI, ...form },
    });
  const answer = await send('devicecode', { scope: 'openid' });
  const { user_code: userCode, device_code } = answer.expect(200).read(DEVICE);
  const poll = (code: string) => send('token', { grant_type: 'device_code', device_code: code });
  const pending = [await poll(device_code), await poll(device_code)];
  const tooSoon = [await poll(device_code), await poll(device_code)];
  const unknown = await poll('x');
  await browser.open('/devicelogin');
  await browser.submit('/sign-in/device', { userCode: 'x' });
  await browser.submit('/sign-in/device', { userCode });
  await browser.submit('/sign-in/password', { userName, password: PASSWORD });
  await browser.submit('/sign-in/device/confirm', { answer: 'no' });
  await delay(POLL_WINDOW_MS);
  return [...shown, ...pending, ...tooSoon, unknown, await poll(device_code)];
}

/** Who has a second factor cannot sign in by password alone. */
async function provokeSecondFactor(instance: Instance, userName: string): Promise<Answer> {
  const { browser } = openBrowser(instance);
  await browser.open('/security-info');
  await browser.submit('/sign-in/password', { userName, password: PASSWORD });
  await browser.submit('/security-info/authenticator');
  const secret = /<code>([A-Z2-7 ]+)<\/code>/.exec(browser.page.text)?.[1] ?? '';

  const generator = new TOTP({ secret: Secret.fromBase32(secret.replaceAll(' ', '')) });
  await browser.submit('/security-info/authenticator/confirm', { code: generator.generate() });
  return instance.wire.send({
    method: 'POST',
    url: `${instance.login}/organizations/oauth2/v2.0/token`,
    form: {
      grant_type: 'password',
      client_id: AZURE_CLI,
      scope: 'openid',
      username: userName,
      password: PASSWORD,
    },
  });
}

async function createSpa({ owner }: Instance): Promise<string> {
  const json = { displayName: 'page', spa: { redirectUris: [LOOPBACK] } };
  const created = await owner.graph({ method: 'POST', path: '/applications', json });
  const { appId } = created.expect(201).read(CREATED);
  await owner.graph({ method: 'POST', path: '/servicePrincipals', json: { appId } });
  return appId;
}

/** From an address of its own, so that nobody else is kept out. */
async function provokeRate(instance: Instance): Promise<Answer[]> {
  const { browser, shown } = openBrowser(instance, '127.0.0.77');
  for (let count = 0; count <= FORMS_MAX; count += 1) await browser.post('/sign-out', {});
  return shown.slice(-1);
}
