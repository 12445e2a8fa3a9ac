import assert from 'node:assert/strict';
import { before, beforeEach, describe, test } from 'node:test';
import {
  revokeSignInSessions,
  saveAuthenticator,
  type User,
  updateApplication,
  wellKnownAppIds,
} from '#directory';
import { z } from '#kernel';
import { FormBrowser, redirected, tenantNetwork } from '#test/kit/form-browser.ts';
import { openTenant, type Tenant, type TestAnswer } from '#test/kit/tenant.ts';
import {
  authorizeAddress,
  makeApplication,
  makeUser,
  said,
  signIn,
} from '../authorize/authorize.fixture.ts';
import { newDeviceCodes, parseUserCode } from './device-code.ts';

const URN = 'urn:ietf:params:oauth:grant-type:device_code';

let tenant: Tenant;
let user: User;
let browser: FormBrowser<TestAnswer>;
let addresses = 0;
before(async () => {
  tenant = await openTenant();
});
beforeEach(async () => {
  user = await makeUser(tenant);
  addresses += 1;
  browser = new FormBrowser(tenantNetwork(tenant, `10.7.0.${addresses}`));
});

const answered = ({ status, body }: TestAnswer) => [
  status,
  body.error,
  z.array(z.int()).parse(body.error_codes)[0],
];

function send(path: string, form: Readonly<Record<string, string>>): Promise<TestAnswer> {
  return tenant.call({
    url: tenant.urls.login + path,
    clientAddress: `10.8.0.${addresses}`,
    form: { client_id: wellKnownAppIds.azureCli, ...form },
  });
}

interface Codes {
  readonly userCode: string;
  readonly deviceCode: string;
}

async function ask(changes: Readonly<Record<string, string>> = {}): Promise<Codes> {
  const scope = `${tenant.urls.vaultResource}/.default openid profile offline_access`;
  const answer = await send('/organizations/oauth2/v2.0/devicecode', { scope, ...changes });
  assert.equal(answer.status, 200, answer.text);
  const { user_code: userCode, device_code: deviceCode } = z
    .object({ user_code: z.string(), device_code: z.string() })
    .parse(answer.body);
  return { userCode, deviceCode };
}

/** Nobody asks twice within the interval. */
function poll({ deviceCode }: Codes, form: Readonly<Record<string, string>> = {}) {
  tenant.clock.advance(5000);
  return send('/organizations/oauth2/v2.0/token', {
    grant_type: URN,
    device_code: deviceCode,
    client_info: '1',
    ...form,
  });
}

async function enter({ userCode }: Codes): Promise<TestAnswer> {
  await browser.open('/devicelogin');
  return browser.submit('/sign-in/device', { userCode });
}

async function letIn(codes: Codes): Promise<void> {
  await enter(codes);
  const page = await signIn(browser, user);
  assert.match(page.text, /Let it sign in\?/);
  assert.match(
    (await browser.submit('/sign-in/device/confirm', { answer: 'yes' })).text,
    /Signed in/,
  );
}

describe('a program without a browser', () => {
  for (const [name, form] of [
    ['by the standard’s name of the grant', {}],
    ['by the grant’s short name', { grant_type: 'device_code' }],
  ] as const) {
    test(`gets tokens once a person has let it in, ${name}`, async () => {
      const codes = await ask();
      assert.deepEqual(answered(await poll(codes, form)), [400, 'authorization_pending', 70016]);
      await letIn(codes);
      const answer = await poll(codes, form);
      assert.equal(answer.status, 200, answer.text);
      const header = `Bearer ${answer.body.access_token}`;
      const principal = tenant.authenticator.authenticate(header, tenant.audiences.vault);
      assert.equal(principal.objectId, user.id);
      assert.ok(answer.body.refresh_token);
      assert.ok(answer.body.id_token);
      assert.deepEqual(answered(await poll(codes, form)), [400, 'bad_verification_code', 70018]);
    });
  }

  test('may name its code `code`, as MSAL for Python does beside it', async () => {
    const codes = await ask();
    await letIn(codes);
    tenant.clock.advance(5000);
    const form = { grant_type: URN, code: codes.deviceCode };
    assert.equal((await send('/organizations/oauth2/v2.0/token', form)).status, 200);
  });

  test('v1 and adfs have forms of their own', async () => {
    const resource = tenant.urls.management;
    const v1 = await send('/common/oauth2/devicecode', { resource });
    assert.equal(v1.body.verification_url, `${tenant.urls.login}/devicelogin`);
    assert.equal(v1.body.expires_in, '900');
    const adfs = await send('/adfs/oauth2/devicecode', { scope: `${resource}/.default` });
    assert.equal(adfs.body.verification_uri, `${tenant.urls.login}/devicelogin`);
    assert.equal(adfs.body.expires_in, 900);
    assert.match(`${adfs.body.message}`, new RegExp(`${adfs.body.user_code}`));
  });

  test('is told that the person declined', async () => {
    const codes = await ask();
    await enter(codes);
    await signIn(browser, user);
    const page = await browser.submit('/sign-in/device/confirm', { answer: 'no' });
    assert.match(page.text, /Nothing was signed in/);
    assert.deepEqual(answered(await poll(codes)), [400, 'authorization_declined', 65004]);
  });

  test('is told that the person cancelled the second step', async () => {
    const enrolled = { userId: user.id, secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', step: 0 };
    await saveAuthenticator(tenant.view, enrolled, tenant.clock);
    const codes = await ask();
    await enter(codes);
    assert.match((await signIn(browser, user)).text, /Is it you\?/);
    assert.match((await browser.submit('/sign-in/cancel')).text, /Nothing was signed in/);
    assert.deepEqual(answered(await poll(codes)), [400, 'authorization_declined', 65004]);
  });

  test('is told that its code expired, and the person likewise', async () => {
    const codes = await ask();
    await enter(codes);
    await signIn(browser, user);
    tenant.clock.advance(900_000);
    assert.deepEqual(answered(await poll(codes)), [400, 'expired_token', 70020]);
    const late = await browser.submit('/sign-in/device/confirm', { answer: 'yes' });
    assert.deepEqual(said(late), [400, 'AADSTS70020']);
    assert.deepEqual(said(await enter(codes)), [400, 'AADSTS70018']);
  });

  test('is slowed down when it asks all the time', async () => {
    const codes = await ask();
    await poll(codes);
    const form = { grant_type: URN, device_code: codes.deviceCode };
    const answers: unknown[] = [];
    for (let count = 0; count < 3; count += 1) {
      answers.push(answered(await send('/organizations/oauth2/v2.0/token', form))[1]);
    }
    assert.deepEqual(answers, ['authorization_pending', 'authorization_pending', 'slow_down']);
    assert.deepEqual(answered(await poll(codes)), [400, 'authorization_pending', 70016]);
  });

  test('whose code another client sends gets nothing for it', async () => {
    const codes = await ask();
    await letIn(codes);
    const other = { client_id: wellKnownAppIds.azurePowerShell };
    assert.deepEqual(answered(await poll(codes, other)), [400, 'bad_verification_code', 70018]);
    assert.equal((await poll(codes)).status, 200);
  });

  test('is let in no more once the person’s sessions are revoked', async () => {
    const codes = await ask();
    await letIn(codes);
    tenant.clock.advance(2000);
    await revokeSignInSessions(tenant.view, user.id, tenant.clock);
    assert.deepEqual(answered(await poll(codes)), [400, 'invalid_grant', 50173]);
  });

  test('of the tenant’s own needs consent, and has to be a public client', async () => {
    const { application } = await makeApplication(tenant, {});
    const { appId, id } = application;
    const form = { client_id: appId, scope: 'openid' };
    const refused = await send('/organizations/oauth2/v2.0/devicecode', form);
    assert.deepEqual(answered(refused), [401, 'invalid_client', 7000218]);
    await updateApplication(tenant.view, id, { isFallbackPublicClient: true });
    const codes = await ask({ client_id: appId });
    await enter(codes);
    assert.match((await signIn(browser, user)).text, /Permissions requested/);
    const declined = await browser.submit('/sign-in/consent', { answer: 'no' });
    assert.match(declined.text, /Nothing was signed in/);
    const own = { client_id: appId };
    assert.deepEqual(answered(await poll(codes, own)), [400, 'authorization_declined', 65004]);
  });
});

describe('the short code', () => {
  test('is of 22 letters and digits, nine long, and not twice the same', () => {
    const seen = new Set(Array.from({ length: 500 }, () => newDeviceCodes().userCode));
    assert.equal(seen.size, 500);
    for (const code of seen) assert.match(code, /^[BCDFGHJKLMNPQRSTVWXZ34]{9}$/);
  });

  test('may be typed in small letters, with spaces and hyphens', () => {
    assert.equal(parseUserCode(' bcd-fgh jkl '), 'BCDFGHJKL');
    for (const wrong of ['', 'BCDFGHJK', 'BCDFGHJKLM', 'BCDFGHJKA', 'BCDFGHJKÄ']) {
      assert.equal(parseUserCode(wrong), undefined, wrong);
    }
  });

  test('cannot be guessed: ten wrong ones lock the address for a while', async () => {
    const codes = await ask();
    for (let guess = 0; guess < 10; guess += 1) {
      const answer = await enter({ userCode: newDeviceCodes().userCode, deviceCode: '' });
      assert.deepEqual(said(answer), [400, 'AADSTS70018']);
    }
    assert.deepEqual(said(await enter(codes)), [400, 'AADSTS50053']);
    browser = new FormBrowser(tenantNetwork(tenant, `10.9.0.${addresses}`));
    assert.match((await enter(codes)).text, /action="\/sign-in\/password"/);
  });

  test('cannot be guessed between right ones of one’s own', async () => {
    for (let guess = 0; guess < 9; guess += 1) {
      const wrong = await enter({ userCode: newDeviceCodes().userCode, deviceCode: '' });
      assert.deepEqual(said(wrong), [400, 'AADSTS70018']);
      assert.equal((await enter(await ask())).status, 200);
    }
    await enter({ userCode: newDeviceCodes().userCode, deviceCode: '' });
    assert.deepEqual(said(await enter(await ask())), [400, 'AADSTS50053']);
  });

  test('phishing: who is signed in still chooses, and confirms where it came from', async () => {
    await browser.open(authorizeAddress(tenant));
    redirected(await signIn(browser, user));
    const codes = await ask();
    const page = await enter(codes);
    assert.match(page.text, /Choose an account/);
    const chosen = await browser.submit('/sign-in/account', { account: user.id });
    assert.match(chosen.text, /Let it sign in\?/);
    assert.match(chosen.text, new RegExp(`10\\.8\\.0\\.${addresses}`));
    assert.deepEqual(answered(await poll(codes)), [400, 'authorization_pending', 70016]);
  });

  test('CSRF: a form for another browser, or for nobody yet, confirms nothing', async () => {
    const codes = await ask();
    await enter(codes);
    const { flow = '' } = browser.forms()[0]?.fields ?? {};
    const early = await browser.post('/sign-in/device/confirm', { flow, answer: 'yes' });
    assert.deepEqual(said(early), [400, 'AADSTS50058']);
    await enter(codes);
    await signIn(browser, user);
    const { flow: right = '' } = browser.forms()[0]?.fields ?? {};
    const victim = new FormBrowser(tenantNetwork(tenant));
    await victim.open('/devicelogin');
    const foreign = await victim.post('/sign-in/device/confirm', { flow: right, answer: 'yes' });
    assert.deepEqual(said(foreign), [400, 'AADSTS90014']);
    assert.deepEqual(answered(await poll(codes)), [400, 'authorization_pending', 70016]);
  });
});
