import assert from 'node:assert/strict';
import { before, beforeEach, describe, test } from 'node:test';
import { Secret, TOTP } from 'otpauth';
import { removeAuthenticator, revokeSignInSessions, type User } from '#directory';
import { parseJson, z } from '#kernel';
import { FormBrowser, redirected, tenantNetwork } from '#test/kit/form-browser.ts';
import { openTenant, type Tenant, type TestAnswer } from '#test/kit/tenant.ts';
import {
  authorizeAddress,
  makeUser,
  newProofKey,
  PASSWORD,
  redeem,
  said,
  signIn,
} from '../authorize/authorize.fixture.ts';
import { timeCodeStep } from './time-code.ts';

const STEP_MS = 30_000;
const SESSION = '__Host-strongroom-session';

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
  browser = new FormBrowser(tenantNetwork(tenant, `10.4.0.${addresses}`));
});

function shownSecret(): string {
  return (/<code>([A-Z2-7 ]+)<\/code>/.exec(browser.page.text)?.[1] ?? '').replaceAll(' ', '');
}

/** As the app on the phone shows it. */
function codeOf(secret: string, offsetSteps = 0): string {
  const generator = new TOTP({ secret: Secret.fromBase32(secret) });
  return generator.generate({ timestamp: tenant.clock.now() + offsetSteps * STEP_MS });
}

/** Registers an app for `user`, in a browser of its own; the clock stands in a new step then. */
async function enrol(): Promise<string> {
  const own = browser;
  browser = new FormBrowser(tenantNetwork(tenant, '10.5.0.1'));
  await browser.open('/security-info');
  await signIn(browser, user);
  await browser.submit('/security-info/authenticator');
  const secret = shownSecret();
  const done = await browser.submit('/security-info/authenticator/confirm', {
    code: codeOf(secret),
  });
  assert.match(done.text, /Authenticator app\s*<small>since/);
  browser = own;
  tenant.clock.advance(STEP_MS * 2);
  return secret;
}

async function passwordStep(): Promise<TestAnswer> {
  await browser.open(authorizeAddress(tenant));
  return signIn(browser, user);
}

describe('codes of an authenticator app', () => {
  test('are those of RFC 6238, one step to either side', () => {
    // Appendix B, SHA-1, the last six digits.
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
    const vectors: readonly (readonly [number, string])[] = [
      [59, '287082'],
      [1_111_111_109, '081804'],
      [1_234_567_890, '005924'],
      [20_000_000_000, '353130'],
    ];
    for (const [seconds, code] of vectors) {
      const step = Math.floor(seconds / 30);
      const at = (offset: number) => timeCodeStep(secret, code, seconds * 1000 + offset * STEP_MS);
      assert.deepEqual([at(-1), at(0), at(1)], [step, step, step]);
      assert.deepEqual([at(-2), at(2)], [undefined, undefined]);
    }
    for (const wrong of ['', '28708', '2870820', '28708a', ' 87082']) {
      assert.equal(timeCodeStep(secret, wrong, 59_000), undefined);
    }
  });
});

describe('who has registered a second factor', () => {
  test('is asked for it, and nothing is given before', async () => {
    const secret = await enrol();
    const page = await passwordStep();
    assert.match(page.text, /Enter the code/);
    assert.equal(browser.cookies.has(SESSION), false);
    const silent = await browser.clone().open(authorizeAddress(tenant, { prompt: 'none' }));
    assert.equal(redirected(silent).searchParams.get('error'), 'login_required');
    const spaced = codeOf(secret).replace(/(...)/, '$1 ');
    const answer = await browser.submit('/sign-in/code', { code: spaced });
    assert.ok(redirected(answer).searchParams.get('code'));
  });

  test('may cancel instead: the application is told so, and nobody is signed in', async () => {
    await enrol();
    assert.match((await passwordStep()).text, /action="\/sign-in\/cancel"/);
    const { searchParams } = redirected(await browser.submit('/sign-in/cancel'));
    assert.equal(searchParams.get('error'), 'access_denied');
    // By this MSAL knows that it was the person.
    assert.equal(searchParams.get('error_subcode'), 'cancel');
    assert.equal(searchParams.get('state'), 'a state & more');
    assert.equal(browser.cookies.has(SESSION), false);
    await browser.open('/security-info');
    await signIn(browser, user);
    const page = await browser.submit('/sign-in/cancel');
    assert.match(page.text, /action="\/sign-in\/password"/);
    const { flow = '' } = browser.forms()[0]?.fields ?? {};
    const late = await browser.post('/sign-in/code', { flow, code: '000000' });
    assert.deepEqual(said(late), [400, 'AADSTS90014'], 'what was proved is forgotten');
  });

  test('has his password changed by nobody who has not shown it', async () => {
    await enrol();
    const newPassword = 'Other-Staple-9';
    await passwordStep();
    const given = { password: PASSWORD, newPassword, repeated: newPassword };
    const flow = browser.forms()[0]?.fields.flow ?? '';
    const early = await browser.post('/sign-in/new-password', { flow, ...given });
    assert.deepEqual(said(early), [400, 'AADSTS90014']);
    assert.match((await passwordStep()).text, /Enter the code/);
  });

  test('gets tokens that say so', async () => {
    const secret = await enrol();
    const { verifier, challenge } = newProofKey();
    await browser.open(authorizeAddress(tenant, { code_challenge: challenge }));
    await signIn(browser, user);
    const answer = await browser.submit('/sign-in/code', { code: codeOf(secret) });
    const code = redirected(answer).searchParams.get('code') ?? '';
    const tokens = await redeem(tenant, { code, code_verifier: verifier });
    const [, payload = ''] = z.string().parse(tokens.body.access_token).split('.');
    const claims = z
      .object({ amr: z.array(z.string()) })
      .parse(parseJson(Buffer.from(payload, 'base64url').toString()));
    assert.deepEqual(claims.amr, ['pwd', 'otp', 'mfa']);
  });

  test('cannot sign in by password alone at the token endpoint', async () => {
    await enrol();
    const answer = await tenant.call({
      url: `${tenant.urls.login}/organizations/oauth2/v2.0/token`,
      form: {
        grant_type: 'password',
        client_id: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
        scope: 'openid',
        username: user.userPrincipalName,
        password: PASSWORD,
      },
    });
    assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_grant']);
    assert.match(answer.text, /AADSTS50076/);
  });

  test('is asked in the sessions from before, too', async () => {
    await passwordStep();
    const secret = await enrol();
    const page = await browser.open(authorizeAddress(tenant));
    assert.match(page.text, /Enter the code/);
    const before = browser.cookies.get(SESSION);
    await browser.submit('/sign-in/code', { code: codeOf(secret) });
    assert.notEqual(browser.cookies.get(SESSION), before);
  });

  test('whose app an administrator took away signs in by password again', async () => {
    await enrol();
    const { authenticator } = tenant.directory.authenticationMethods(user.id);
    await removeAuthenticator(tenant.view, user.id, authenticator?.id ?? '');
    assert.ok(redirected(await passwordStep()).searchParams.get('code'));
  });
});

describe('a code', () => {
  test('replay: counts once, also in another browser', async () => {
    const secret = await enrol();
    const code = codeOf(secret);
    await passwordStep();
    const thief = browser.clone();
    assert.ok(redirected(await browser.submit('/sign-in/code', { code })));
    assert.deepEqual(said(await thief.submit('/sign-in/code', { code })), [400, 'AADSTS500121']);
    // Nor does the one before it, once a later one has been used.
    const earlier = await thief.submit('/sign-in/code', { code: codeOf(secret, -1) });
    assert.deepEqual(said(earlier), [400, 'AADSTS500121']);
    tenant.clock.advance(STEP_MS);
    assert.ok(redirected(await thief.submit('/sign-in/code', { code: codeOf(secret) })));
  });

  test('replay: of two at the same moment one is taken', async () => {
    const secret = await enrol();
    await passwordStep();
    const form = { ...browser.forms()[0]?.fields, code: codeOf(secret) };
    const answers = await Promise.all([
      browser.clone().post('/sign-in/code', form),
      browser.clone().post('/sign-in/code', form),
    ]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [302, 400]);
  });

  test('cannot be guessed: ten tries, whatever the browser and address', async () => {
    const secret = await enrol();
    await passwordStep();
    for (let guess = 0; guess < 10; guess += 1) {
      const answer = await browser.submit('/sign-in/code', { code: `00000${guess}` });
      assert.deepEqual(said(answer), [400, 'AADSTS500121']);
    }
    const right = await browser.submit('/sign-in/code', { code: codeOf(secret) });
    assert.deepEqual(said(right), [400, 'AADSTS50053']);
    browser = new FormBrowser(tenantNetwork(tenant, '10.6.0.1'));
    await passwordStep();
    const elsewhere = await browser.submit('/sign-in/code', { code: codeOf(secret) });
    assert.deepEqual(said(elsewhere), [400, 'AADSTS50053']);
  });

  test('of another person, or without the password before it, is worth nothing', async () => {
    const secret = await enrol();
    await browser.open(authorizeAddress(tenant));
    const { flow = '' } = browser.forms()[0]?.fields ?? {};
    const answer = await browser.post('/sign-in/code', { flow, code: codeOf(secret) });
    assert.deepEqual(said(answer), [400, 'AADSTS90014']);
  });
});

describe('a request that demands a second factor', () => {
  const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
  const demands: readonly Record<string, string>[] = [
    { claims },
    { claims: '{"id_token":{"amr":{"values":["mfa"]}}}' },
    { amr_values: 'ngcmfa' },
  ];
  for (const demand of demands) {
    test(`by ${JSON.stringify(demand)} has who has none register one`, async () => {
      await browser.open(authorizeAddress(tenant, demand));
      const page = await signIn(browser, user);
      assert.match(page.text, /Set up an authenticator app/);
      assert.match(page.text, /<svg role="img" aria-label="QR code for the app"/);
      const secret = shownSecret();
      const confirm = (code: string) =>
        browser.submit('/security-info/authenticator/confirm', { code });
      assert.deepEqual(said(await confirm('000000')), [400, 'AADSTS500121']);
      assert.equal(shownSecret(), secret);
      assert.equal(browser.cookies.has(SESSION), false);
      assert.ok(redirected(await confirm(codeOf(secret))).searchParams.get('code'));
      assert.ok(tenant.directory.hasSecondFactor(user.id));
    });
  }

  test('registers nothing for who proved himself before the sessions were revoked', async () => {
    await browser.open(authorizeAddress(tenant, { claims }));
    await signIn(browser, user);
    const code = codeOf(shownSecret());
    await revokeSignInSessions(tenant.view, user.id, tenant.clock);
    const late = await browser.submit('/security-info/authenticator/confirm', { code });
    assert.deepEqual(said(late), [400, 'AADSTS50058']);
    assert.equal(tenant.directory.hasSecondFactor(user.id), false);
  });

  test('steps a session up, under a new cookie, and shows nothing where it may not', async () => {
    await passwordStep();
    const before = browser.cookies.get(SESSION);
    const silent = await browser.open(authorizeAddress(tenant, { claims, prompt: 'none' }));
    assert.equal(redirected(silent).searchParams.get('error'), 'interaction_required');
    await browser.open(authorizeAddress(tenant, { claims }));
    const code = codeOf(shownSecret());
    await browser.submit('/security-info/authenticator/confirm', { code });
    assert.notEqual(browser.cookies.get(SESSION), before);
  });
});

describe('one’s own list of second factors', () => {
  test('needs a sign-in of the last quarter of an hour', async () => {
    await passwordStep();
    tenant.clock.advance(900_000);
    const page = await browser.open('/security-info');
    assert.match(page.text, /action="\/sign-in\/password"/);
  });

  test('cannot be changed by who has but the password', async () => {
    const secret = await enrol();
    await browser.open('/security-info');
    await signIn(browser, user);
    const { flow = '' } = browser.forms()[0]?.fields ?? {};
    const { authenticator } = tenant.directory.authenticationMethods(user.id);
    const id = authenticator?.id ?? '';
    for (const action of ['', '/confirm', '/remove'].map((end) => `authenticator${end}`)) {
      const answer = await browser.post(`/security-info/${action}`, { flow, id, code: '000000' });
      assert.deepEqual(said(answer), [400, 'AADSTS50058'], action);
    }
    await browser.post('/sign-in/code', { flow, code: codeOf(secret) });
    const removed = await browser.submit('/security-info/authenticator/remove');
    assert.match(removed.text, /None yet/);
    assert.equal(tenant.directory.hasSecondFactor(user.id), false);
  });

  test('takes no challenge of a passkey for the secret of an app', async () => {
    await browser.open('/security-info');
    await signIn(browser, user);
    const { flow = '' } = browser.forms()[0]?.fields ?? {};
    const answer = await browser.post('/security-info/authenticator/confirm', {
      flow,
      code: '000000',
    });
    assert.deepEqual(said(answer), [400, 'AADSTS90014']);
    assert.equal(tenant.directory.hasSecondFactor(user.id), false);
  });

  test('takes no passkey that did not answer our challenge', async () => {
    await browser.open('/security-info');
    await signIn(browser, user);
    const credential = JSON.stringify({
      id: 'AAAA',
      rawId: 'AAAA',
      type: 'public-key',
      response: { clientDataJSON: 'AAAA', attestationObject: 'AAAA' },
    });
    for (const wrong of ['', '{}', 'x', credential]) {
      const answer = await browser.submit('/security-info/passkey', { credential: wrong });
      assert.deepEqual(said(answer), [400, 'AADSTS500121']);
    }
    assert.equal(tenant.directory.hasSecondFactor(user.id), false);
  });
});
