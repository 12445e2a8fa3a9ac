// A person's change of his own password at `/security-info`, and who cannot do it instead of him.
import assert from 'node:assert/strict';
import { before, beforeEach, describe, test } from 'node:test';
import { saveAuthenticator, type User } from '#directory';
import { FormBrowser, redirected, tenantNetwork } from '#test/kit/form-browser.ts';
import { openTenant, type Tenant, type TestAnswer } from '#test/kit/tenant.ts';
import {
  authorizeAddress,
  isSignedIn,
  makeUser,
  newProofKey,
  PASSWORD,
  redeem,
  said,
  signIn,
} from '../authorize/authorize.fixture.ts';

const NEW_PASSWORD = 'Battery-Staple-9';
const CHANGE = '/security-info/password/change';

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
  browser = new FormBrowser(tenantNetwork(tenant, `10.11.0.${addresses}`));
});

async function openForm(): Promise<TestAnswer> {
  await browser.open('/security-info');
  await signIn(browser, user);
  return browser.submit('/security-info/password');
}

function change(password: string, newPassword: string, repeated = newPassword) {
  return browser.submit(CHANGE, { password, newPassword, repeated });
}

describe('one’s own password', () => {
  test('is changed with the old one; this browser stays signed in', async () => {
    const page = await openForm();
    assert.match(page.text, /Choose a new password/);
    assert.match(page.text, /you will have to sign in again/);
    const done = await change(PASSWORD, NEW_PASSWORD);
    assert.equal(done.status, 200);
    assert.match(done.text, /role="status">Your password is changed/);
    assert.ok(await isSignedIn(tenant, browser));
    const again = await browser.open('/security-info');
    assert.doesNotMatch(again.text, /Your password is changed/, 'said once');
    const other = new FormBrowser(tenantNetwork(tenant));
    await other.open(authorizeAddress(tenant));
    assert.deepEqual(said(await signIn(other, user)), [400, 'AADSTS50126']);
    const { userPrincipalName: userName } = user;
    const right = await other.submit('/sign-in/password', { userName, password: NEW_PASSWORD });
    assert.ok(redirected(right).searchParams.get('code'));
  });

  test('ends the sessions and refresh tokens of everywhere else', async () => {
    const { verifier, challenge } = newProofKey();
    const thief = new FormBrowser(tenantNetwork(tenant, '10.12.0.1'));
    await thief.open(authorizeAddress(tenant, { code_challenge: challenge }));
    const code = redirected(await signIn(thief, user)).searchParams.get('code') ?? '';
    const tokens = await redeem(tenant, { code, code_verifier: verifier });
    assert.equal(tokens.status, 200, tokens.text);
    tenant.clock.advance(2000);
    await openForm();
    await change(PASSWORD, NEW_PASSWORD);
    assert.equal(await isSignedIn(tenant, thief), false);
    const refresh = { grant_type: 'refresh_token', refresh_token: `${tokens.body.refresh_token}` };
    assert.equal((await redeem(tenant, refresh)).body.error, 'invalid_grant');
    const bearer = `Bearer ${tokens.body.access_token}`;
    assert.throws(() => tenant.authenticator.authenticate(bearer, tenant.audiences.vault));
  });

  test('has to be known: wrong tries count, and lock as those of any sign-in', async () => {
    await openForm();
    for (let guess = 0; guess < 10; guess += 1) {
      assert.deepEqual(said(await change('Wrong-Horse-1', NEW_PASSWORD)), [400, 'AADSTS50126']);
    }
    assert.deepEqual(said(await change(PASSWORD, NEW_PASSWORD)), [400, 'AADSTS50053']);
    await browser.open(authorizeAddress(tenant, { prompt: 'login' }));
    assert.deepEqual(said(await signIn(browser, user)), [400, 'AADSTS50053']);
  });

  for (const [name, given, code] of [
    ['that is weak', [PASSWORD, 'short'], 'AADSTS50178'],
    ['that holds the user name', [PASSWORD, 'x'], 'AADSTS50178'],
    ['that is the old one', [PASSWORD, PASSWORD], 'AADSTS50178'],
    ['typed in two ways', [PASSWORD, NEW_PASSWORD, 'Battery-Staple-8'], 'AADSTS50056'],
  ] as const) {
    test(`is not changed to one ${name}`, async () => {
      await openForm();
      const [old, next, repeated] = given;
      const wanted = name.includes('user name') ? `Aa1-${user.userPrincipalName}` : next;
      const answer = await change(old, wanted, repeated ?? wanted);
      assert.deepEqual(said(answer), [400, code]);
      assert.match(answer.text, /id="problem" role="alert"/);
      assert.deepEqual((await change(PASSWORD, NEW_PASSWORD)).status, 200);
    });
  }

  test('is changed by nobody who has not shown the second factor, if there is one', async () => {
    await openForm();
    const enrolled = { userId: user.id, secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', step: 0 };
    await saveAuthenticator(tenant.view, enrolled, tenant.clock);
    assert.deepEqual(said(await change(PASSWORD, NEW_PASSWORD)), [400, 'AADSTS50058']);
    assert.match((await browser.open('/security-info')).text, /Is it you\?/);
  });

  test('is changed by nobody in a flow to somewhere else, nor before signing in', async () => {
    const given = { password: PASSWORD, newPassword: NEW_PASSWORD, repeated: NEW_PASSWORD };
    for (const address of ['/security-info', '/devicelogin', authorizeAddress(tenant)]) {
      await browser.open(address);
      const { flow = '' } = browser.forms()[0]?.fields ?? {};
      for (const action of ['/security-info/password', CHANGE]) {
        const answer = await browser.post(action, { flow, ...given });
        assert.deepEqual(said(answer), [400, 'AADSTS50058'], `${address} ${action}`);
      }
    }
  });

  test('and what was tried is in no page, and in no address', async () => {
    await openForm();
    const answer = await change('Wrong-Horse-1', NEW_PASSWORD);
    for (const secret of ['Wrong-Horse-1', NEW_PASSWORD]) {
      assert.equal(answer.text.includes(secret), false);
    }
    assert.match(answer.text, /<form method="post" action="\/security-info\/password\/change"/);
  });
});
