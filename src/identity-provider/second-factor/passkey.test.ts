import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { before, beforeEach, describe, test } from 'node:test';
import { addPasskey, type User, updateUser } from '#directory';
import { parseJson, z } from '#kernel';
import { FormBrowser, redirected, tenantNetwork } from '#test/kit/form-browser.ts';
import { openTenant, type Tenant, type TestAnswer } from '#test/kit/tenant.ts';
import { authorizeAddress, makeUser, said, signIn } from '../authorize/authorize.fixture.ts';
import { type Answering, SoftAuthenticator } from './authenticator.fixture.ts';

const OPTIONS = z.object({
  challenge: z.string(),
  rpId: z.string(),
  userVerification: z.literal('required'),
  allowCredentials: z.array(z.object({ id: z.string() })).default([]),
});

let tenant: Tenant;
let user: User;
let browser: FormBrowser<TestAnswer>;
let authenticator: SoftAuthenticator;
let addresses = 0;
before(async () => {
  tenant = await openTenant();
});
beforeEach(async () => {
  user = await makeUser(tenant);
  addresses += 1;
  browser = new FormBrowser(tenantNetwork(tenant, `10.11.0.${addresses}`));
  authenticator = new SoftAuthenticator(user.id);
  const passkey = authenticator.passkey(5);
  await addPasskey(tenant.view, { userId: user.id, passkey }, tenant.clock);
});

const WRONG = [400, 'AADSTS500121'];

function shownOptions(): z.infer<typeof OPTIONS> {
  const text = /data-options="([^"]*)"/.exec(browser.page.text)?.[1] ?? '';
  return OPTIONS.parse(parseJson(text.replaceAll('&quot;', '"')));
}

function answerOf(changes: Partial<Answering> = {}): string {
  const { challenge } = shownOptions();
  return authenticator.answer({ challenge, origin: tenant.urls.login, counter: 6, ...changes });
}

const send = (credential: string) => browser.submit('/sign-in/passkey', { credential });

describe('a passkey', () => {
  test('signs its owner in without a password, with the user verified', async () => {
    await browser.open(authorizeAddress(tenant));
    const { rpId, allowCredentials } = shownOptions();
    assert.deepEqual([rpId, allowCredentials], ['login.localhost', []]);
    assert.ok(redirected(await send(answerOf())).searchParams.get('code'));
    const [kept] = tenant.directory.authenticationMethods(user.id).passkeys;
    assert.equal(kept?.counter, 6);
  });

  test('is asked for behind the password where there is no other second factor', async () => {
    await browser.open(authorizeAddress(tenant));
    const page = await signIn(browser, user);
    assert.match(page.text, /Use your passkey/);
    assert.deepEqual(shownOptions().allowCredentials, [{ id: authenticator.credentialId }]);
    assert.ok(redirected(await send(answerOf())).searchParams.get('code'));
  });

  const wrong: readonly (readonly [string, () => Partial<Answering>])[] = [
    [
      'for another site’s origin',
      () => ({ origin: 'https://evil.example', rpId: 'login.localhost' }),
    ],
    ['for another relying party', () => ({ rpId: 'evil.example' })],
    ['to a challenge that is not this page’s', () => ({ challenge: 'A'.repeat(43) })],
    ['of a registration', () => ({ type: 'webauthn.create' })],
    ['without the user verified', () => ({ isUserVerified: false })],
    ['whose counter stands still, as a copy’s would', () => ({ counter: 5 })],
    ['whose counter goes back', () => ({ counter: 4 })],
    ['by another key', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['in another person’s name', () => ({ userHandle: '00000000-0000-0000-0000-000000000001' })],
  ];
  for (const [name, changes] of wrong) {
    test(`attack: an answer ${name} is refused`, async () => {
      await browser.open(authorizeAddress(tenant));
      const refused = await send(answerOf(changes()));
      assert.deepEqual(said(refused), WRONG);
      assert.match(refused.text, /That passkey did not work here/);
      assert.equal(tenant.outcomes.at(-1)?.errorCode, 'AADSTS500121');
      assert.ok(redirected(await send(answerOf())).searchParams.get('code'));
    });
  }

  test('attack: an answer counts once, in one browser', async () => {
    await browser.open(authorizeAddress(tenant));
    const [form] = browser.forms().filter(({ action }) => action === '/sign-in/passkey');
    const credential = answerOf();
    const thief = new FormBrowser(tenantNetwork(tenant, '10.12.0.1'));
    await thief.open(authorizeAddress(tenant));
    const elsewhere = await thief.submit('/sign-in/passkey', { credential });
    assert.deepEqual(said(elsewhere), WRONG);
    const again = browser.clone();
    assert.ok(redirected(await send(credential)));
    const replayed = await again.post('/sign-in/passkey', { ...form?.fields, credential });
    assert.deepEqual(said(replayed), WRONG);
  });

  test('attack: another person’s passkey is no second factor for this password', async () => {
    const other = await makeUser(tenant);
    const foreign = new SoftAuthenticator(other.id);
    const passkey = foreign.passkey();
    await addPasskey(tenant.view, { userId: other.id, passkey }, tenant.clock);
    await browser.open(authorizeAddress(tenant));
    await signIn(browser, user);
    const { challenge } = shownOptions();
    const answer = foreign.answer({ challenge, origin: tenant.urls.login, counter: 1 });
    assert.deepEqual(said(await send(answer)), WRONG);
  });

  test('attack: wrong answers in somebody’s name do not lock that person out', async () => {
    await browser.open(authorizeAddress(tenant));
    for (let count = 0; count < 10; count += 1) {
      assert.deepEqual(said(await send(answerOf({ counter: 0 }))), WRONG);
    }
    assert.deepEqual(said(await send(answerOf())), [400, 'AADSTS50053']);
    browser = new FormBrowser(tenantNetwork(tenant, '10.12.0.2'));
    await browser.open(authorizeAddress(tenant));
    assert.ok(redirected(await send(answerOf())));
  });

  test('of a disabled account opens nothing', async () => {
    const changes = { accountEnabled: false };
    await updateUser(tenant.view, { id: user.id, changes }, tenant.clock);
    await browser.open(authorizeAddress(tenant));
    assert.deepEqual(said(await send(answerOf())), [400, 'AADSTS50057']);
  });
});
