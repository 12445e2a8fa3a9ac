import assert from 'node:assert/strict';
import { before, beforeEach, describe, test } from 'node:test';
import { revokeSignInSessions, type User, updateUser } from '#directory';
import { parseJson, z } from '#kernel';
import { FormBrowser, redirected, tenantNetwork } from '#test/kit/form-browser.ts';
import { openTenant, type Tenant, type TestAnswer } from '#test/kit/tenant.ts';
import {
  authorizeAddress,
  LOOPBACK,
  makeApplication,
  makeUser,
  newProofKey,
  obtainCode,
  redeem,
  signIn,
} from './authorize.fixture.ts';

let tenant: Tenant;
let user: User;
let browser: FormBrowser<TestAnswer>;
before(async () => {
  tenant = await openTenant();
});
beforeEach(async () => {
  user = await makeUser(tenant);
  browser = new FormBrowser(tenantNetwork(tenant));
});

const codes = ({ status, body }: TestAnswer) => [
  status,
  body.error,
  z.array(z.int()).parse(body.error_codes)[0],
];
const problem = ({ text }: TestAnswer) => /name="problem" content="(AADSTS\d+)/.exec(text)?.[1];
const refusal = (answer: TestAnswer) => {
  const { searchParams } = redirected(answer);
  const number = /^AADSTS\d+/.exec(searchParams.get('error_description') ?? '')?.[0];
  return [searchParams.get('error'), number, searchParams.get('state')];
};
function claimsOf(token: unknown): Record<string, unknown> {
  const payload = Buffer.from(z.string().parse(token).split('.')[1] ?? '', 'base64url').toString();
  return z.record(z.string(), z.unknown()).parse(parseJson(payload));
}

describe('a person signs in in a browser', () => {
  test('and the client redeems the code for all that MSAL needs', async () => {
    const { verifier, challenge } = newProofKey();
    const address = authorizeAddress(tenant, { code_challenge: challenge, nonce: 'n-1' });
    const page = await browser.open(address);
    assert.equal(page.status, 200, page.text);
    assert.match(page.text, /Microsoft Azure CLI/);
    const { origin, searchParams } = redirected(await signIn(browser, user));
    assert.equal(origin, LOOPBACK);
    assert.equal(searchParams.get('state'), 'a state & more');
    assert.ok(searchParams.get('session_state'));
    const answer = await redeem(tenant, {
      code: searchParams.get('code') ?? '',
      code_verifier: verifier,
    });
    assert.equal(answer.status, 200, answer.text);
    const id = claimsOf(answer.body.id_token);
    assert.equal(id.nonce, 'n-1');
    assert.equal(id.preferred_username, user.userPrincipalName);
    assert.deepEqual(claimsOf(answer.body.access_token).amr, ['pwd']);
    const header = `Bearer ${answer.body.access_token}`;
    const principal = tenant.authenticator.authenticate(header, tenant.audiences.vault);
    assert.equal(principal.objectId, user.id);
    assert.ok(answer.body.refresh_token);
  });

  test('by form_post the code is posted by a form that also has a button', async () => {
    await browser.open(authorizeAddress(tenant, { response_mode: 'form_post' }));
    const page = await signIn(browser, user);
    assert.equal(page.status, 200);
    const [form] = browser.forms();
    assert.equal(form?.action, LOOPBACK);
    assert.match(form?.fields.code ?? '', /^1\./);
    assert.equal(form?.fields.state, 'a state & more');
    assert.match(
      page.headers['Content-Security-Policy'] ?? '',
      /form-action 'self' http:\/\/localhost:5173;/,
    );
    assert.match(page.text, /<button class="primary" type="submit">/);
    assert.doesNotMatch(page.text, /<script>/);
  });

  test('in a fragment where the client asks for it', async () => {
    await browser.open(authorizeAddress(tenant, { response_mode: 'fragment' }));
    const { hash, search } = redirected(await signIn(browser, user));
    assert.match(hash, /^#code=1\..*&state=a\+state/);
    assert.equal(search, '');
  });

  for (const path of ['/organizations/oauth2/authorize', '/adfs/oauth2/authorize']) {
    test(`at ${path} with a resource instead of a scope`, async () => {
      const { verifier, challenge } = newProofKey();
      const given = {
        scope: 'openid',
        resource: tenant.urls.management,
        code_challenge: challenge,
      };
      await browser.open(authorizeAddress(tenant, given, path));
      const code = redirected(await signIn(browser, user)).searchParams.get('code') ?? '';
      const answer = await redeem(tenant, { code, code_verifier: verifier });
      assert.equal(claimsOf(answer.body.access_token).aud, tenant.urls.management);
      assert.ok(answer.body.refresh_token);
    });
  }

  test('once: the next client of the same browser needs no password', async () => {
    await browser.open(authorizeAddress(tenant));
    await signIn(browser, user);
    const again = redirected(await browser.open(authorizeAddress(tenant)));
    assert.ok(again.searchParams.get('code'));
    const silent = redirected(await browser.open(authorizeAddress(tenant, { prompt: 'none' })));
    assert.ok(silent.searchParams.get('code'));
  });

  test('a posted request goes on as a link', async () => {
    const [path = '', query = ''] = authorizeAddress(tenant).split('?');
    const answer = await browser.post(path, Object.fromEntries(new URLSearchParams(query)));
    assert.equal(answer.status, 303);
    assert.equal((await browser.open(answer.headers.Location ?? '')).status, 200);
  });
});

describe('what the client asks for', () => {
  test('prompt=none shows nothing and says login_required', async () => {
    const answer = await browser.open(authorizeAddress(tenant, { prompt: 'none' }));
    assert.deepEqual(refusal(answer), ['login_required', 'AADSTS50058', 'a state & more']);
  });

  test('prompt=login asks for the password of who is signed in', async () => {
    await browser.open(authorizeAddress(tenant));
    await signIn(browser, user);
    const page = await browser.open(authorizeAddress(tenant, { prompt: 'login' }));
    assert.match(page.text, /action="\/sign-in\/password"/);
    assert.ok(redirected(await signIn(browser, user)).searchParams.get('code'));
  });

  test('prompt=login: choosing an account that is signed in is no way round it', async () => {
    await browser.open(authorizeAddress(tenant));
    await signIn(browser, user);
    await browser.open(authorizeAddress(tenant, { prompt: 'login' }));
    const { flow = '' } = browser.forms()[0]?.fields ?? {};
    const page = await browser.post('/sign-in/account', { flow, account: user.id });
    assert.match(page.text, /action="\/sign-in\/password"/);
  });

  test('prompt=select_account lets one choose, and use another account', async () => {
    await browser.open(authorizeAddress(tenant));
    await signIn(browser, user);
    const address = authorizeAddress(tenant, { prompt: 'select_account' });
    const page = await browser.open(address);
    assert.match(page.text, new RegExp(user.userPrincipalName));
    const chosen = await browser.submit('/sign-in/account', { account: user.id });
    assert.ok(redirected(chosen).searchParams.get('code'));
    await browser.open(address);
    await browser.submit('/sign-in/account', { account: '' });
    const other = await makeUser(tenant);
    assert.ok(redirected(await signIn(browser, other)).searchParams.get('code'));
    const two = await browser.open(authorizeAddress(tenant));
    assert.match(two.text, new RegExp(user.userPrincipalName));
    assert.match(two.text, new RegExp(other.userPrincipalName));
    const hinted = authorizeAddress(tenant, { login_hint: other.userPrincipalName.toUpperCase() });
    assert.ok(redirected(await browser.open(hinted)).searchParams.get('code'));
  });

  test('login_hint fills in the user name', async () => {
    const page = await browser.open(authorizeAddress(tenant, { login_hint: 'ann@"x' }));
    assert.match(page.text, /value="ann@&quot;x"/);
  });

  test('max_age asks again for the password of an older sign-in', async () => {
    await browser.open(authorizeAddress(tenant));
    await signIn(browser, user);
    tenant.clock.advance(60_000);
    const fresh = await browser.open(authorizeAddress(tenant, { max_age: '61' }));
    assert.ok(redirected(fresh).searchParams.get('code'));
    const page = await browser.open(authorizeAddress(tenant, { max_age: '60' }));
    assert.match(page.text, /action="\/sign-in\/password"/);
    assert.ok(redirected(await signIn(browser, user)).searchParams.get('code'));
  });

  const refused: readonly (readonly [Record<string, string | undefined>, string, string])[] = [
    [{ response_type: 'token' }, 'unsupported_response_type', 'AADSTS700054'],
    [{ response_type: 'code id_token' }, 'unsupported_response_type', 'AADSTS700054'],
    [{ response_type: 'nonsense' }, 'unsupported_response_type', 'AADSTS70005'],
    [{ response_type: undefined }, 'invalid_request', 'AADSTS900144'],
    [{ response_mode: 'nonsense' }, 'invalid_request', 'AADSTS90023'],
    [{ max_age: '-1' }, 'invalid_request', 'AADSTS90023'],
    [{ prompt: 'create' }, 'invalid_request', 'AADSTS90023'],
    [{ claims: '{' }, 'invalid_request', 'AADSTS50029'],
    [{ scope: 'https://absent.example/.default' }, 'invalid_resource', 'AADSTS500011'],
    [
      { code_challenge: undefined, code_challenge_method: undefined },
      'invalid_request',
      'AADSTS9002325',
    ],
    [{ code_challenge: '' }, 'invalid_request', 'AADSTS9002325'],
    [{ code_challenge: 'short' }, 'invalid_request', 'AADSTS50147'],
    [{ code_challenge_method: 'plain' }, 'invalid_request', 'AADSTS90023'],
    [{ code_challenge_method: undefined }, 'invalid_request', 'AADSTS90023'],
  ];
  for (const [changes, error, number] of refused) {
    test(`${JSON.stringify(changes)} is refused to the client with ${number}`, async () => {
      const answer = await browser.open(authorizeAddress(tenant, changes));
      assert.deepEqual(refusal(answer), [error, number, 'a state & more']);
      assert.equal(tenant.outcomes.at(-1)?.errorCode, number);
    });
  }
});

describe('open redirect', () => {
  const tricks = [
    'https://evil.example/',
    'http://localhost.evil.example/',
    'http://localhost@evil.example/',
    'http://localhost:80@evil.example/',
    'http://localhost%2eevil.example/',
    'http://localhost\\.evil.example/',
    'http://localhost:5173/elsewhere',
    'http://user@localhost:5173/',
    'http://127.0.0.1.evil.example/',
    'http://127.0.0.1:5173',
    'https://localhost:5173/',
    'http://localhost:5173/#fragment',
    'http://LOCALHOST.evil.example',
    'http://[::1]/',
    '//localhost/',
    'javascript:alert(1)//http://localhost',
    'data:text/html,hello',
    'http://localhost:5173\n.evil.example',
    '',
  ];
  for (const redirectUri of tricks) {
    test(`${JSON.stringify(redirectUri)} shows an error and leads nowhere`, async () => {
      const answer = await browser.open(authorizeAddress(tenant, { redirect_uri: redirectUri }));
      assert.equal(answer.status, 400);
      assert.equal(answer.headers.Location, undefined);
      assert.match(problem(answer) ?? '', /^AADSTS(50011|900971)$/);
      assert.doesNotMatch(answer.headers['Content-Security-Policy'] ?? '', /evil/);
    });
  }

  test('a registered URI counts letter by letter: no prefix, other path or case', async () => {
    const { application } = await makeApplication(tenant, {
      webRedirectUris: ['https://app.example/done'],
      publicClientRedirectUris: ['my-app://done', 'http://localhost:1234/done'],
    });
    const open = (redirect_uri: string) =>
      browser.open(authorizeAddress(tenant, { client_id: application.appId, redirect_uri }));
    for (const right of [
      'https://app.example/done',
      'my-app://done',
      'http://localhost:9/done',
      'http://localhost/done',
    ]) {
      assert.equal((await open(right)).status, 200, right);
    }
    for (const wrong of [
      'https://app.example/done/',
      'https://app.example/done/../x',
      'https://app.example/done?x=1',
      'https://app.example/Done',
      'https://app.example:444/done',
      'https://app.example.evil.example/done',
      'http://app.example/done',
      'my-app://done/more',
      'my-app2://done',
      'http://localhost:9/done/',
      'http://localhost:9/done?x',
      'http://localhost:9/x/../done',
    ]) {
      assert.equal(problem(await open(wrong)), 'AADSTS50011', wrong);
    }
  });

  test('an unknown client, tenant or disabled client is told to the person only', async () => {
    const unknown = await browser.open(
      authorizeAddress(tenant, { client_id: '00000000-0000-0000-0000-000000000001' }),
    );
    assert.deepEqual([unknown.status, problem(unknown)], [400, 'AADSTS700016']);
    const foreign = await browser.open(
      authorizeAddress(tenant, {}, '/evil.example/oauth2/v2.0/authorize'),
    );
    assert.deepEqual([foreign.status, problem(foreign)], [400, 'AADSTS90002']);
  });
});

describe('a code', () => {
  test('is good once; a replay ends what the first one got', async () => {
    const { verifier, challenge } = newProofKey();
    const code = await obtainCode(tenant, user, { code_challenge: challenge });
    const form = { code, code_verifier: verifier };
    const first = await redeem(tenant, form);
    assert.equal(first.status, 200, first.text);
    assert.deepEqual(codes(await redeem(tenant, form)), [400, 'invalid_grant', 54005]);
    const refresh = { grant_type: 'refresh_token', refresh_token: `${first.body.refresh_token}` };
    const scope = `${tenant.urls.vaultResource}/.default`;
    assert.equal((await redeem(tenant, { ...refresh, scope })).status, 400);
    assert.match(JSON.stringify(tenant.outcomes.at(-2)?.reason), /"CodeReplayed"/);
  });

  test('that two redeem at once serves one of them', async () => {
    const { verifier, challenge } = newProofKey();
    const code = await obtainCode(tenant, user, { code_challenge: challenge });
    const form = { code, code_verifier: verifier };
    const answers = await Promise.all([redeem(tenant, form), redeem(tenant, form)]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400]);
  });

  test('is good for ten minutes', async () => {
    const { verifier, challenge } = newProofKey();
    const code = await obtainCode(tenant, user, { code_challenge: challenge });
    tenant.clock.advance(600_000);
    const answer = await redeem(tenant, { code, code_verifier: verifier });
    assert.deepEqual(codes(answer), [400, 'invalid_grant', 70008]);
  });

  for (const [name, verifier] of [
    ['without a verifier', ''],
    ['with another verifier', newProofKey().verifier],
    ['with a verifier that is too short', 'a'.repeat(42)],
  ] as const) {
    test(`${name} is refused, and spent`, async () => {
      const { verifier: right, challenge } = newProofKey();
      const code = await obtainCode(tenant, user, { code_challenge: challenge });
      const form = verifier === '' ? {} : { code_verifier: verifier };
      const answer = await redeem(tenant, { code, ...form });
      assert.deepEqual(codes(answer), [400, 'invalid_grant', 501481]);
      const late = await redeem(tenant, { code, code_verifier: right });
      assert.deepEqual(codes(late), [400, 'invalid_grant', 54005]);
    });
  }

  test('the challenge itself is no verifier (downgrade to plain)', async () => {
    const { challenge } = newProofKey();
    const code = await obtainCode(tenant, user, { code_challenge: challenge });
    const answer = await redeem(tenant, { code, code_verifier: challenge });
    assert.deepEqual(codes(answer), [400, 'invalid_grant', 501481]);
  });

  test('for another redirect URI is refused', async () => {
    const { verifier, challenge } = newProofKey();
    const code = await obtainCode(tenant, user, { code_challenge: challenge });
    const form = { code, code_verifier: verifier, redirect_uri: 'http://localhost:9' };
    assert.deepEqual(codes(await redeem(tenant, form)), [400, 'invalid_grant', 500112]);
  });

  test('is of no use to another client, which cannot spoil it either', async () => {
    const { verifier, challenge } = newProofKey();
    const code = await obtainCode(tenant, user, { code_challenge: challenge });
    const { application, clientSecret } = await makeApplication(tenant, {});
    const thief = { client_id: application.appId, client_secret: clientSecret };
    const form = { code, code_verifier: verifier };
    assert.deepEqual(codes(await redeem(tenant, { ...form, ...thief })), [
      400,
      'invalid_grant',
      70000,
    ]);
    assert.equal((await redeem(tenant, form)).status, 200);
  });

  test('of a web application needs its secret', async () => {
    const { application, clientSecret } = await makeApplication(tenant, {
      webRedirectUris: ['https://app.example/done'],
    });
    const asked = {
      client_id: application.appId,
      redirect_uri: 'https://app.example/done',
      scope: 'openid offline_access',
      code_challenge: undefined,
      code_challenge_method: undefined,
    };
    await browser.open(authorizeAddress(tenant, asked));
    await signIn(browser, user);
    const consented = await browser.submit('/sign-in/consent', { answer: 'yes' });
    const code = redirected(consented).searchParams.get('code') ?? '';
    const { client_id, redirect_uri } = asked;
    const form = { code, client_id, redirect_uri };
    assert.deepEqual(codes(await redeem(tenant, form)), [401, 'invalid_client', 7000218]);
    const wrong = await redeem(tenant, { ...form, client_secret: 'wrong' });
    assert.deepEqual(codes(wrong), [401, 'invalid_client', 7000215]);
    const injected = await redeem(tenant, {
      ...form,
      client_secret: clientSecret,
      code_verifier: newProofKey().verifier,
    });
    assert.deepEqual(codes(injected), [400, 'invalid_grant', 501481]);
  });

  test('is nothing that one could make up', async () => {
    for (const code of ['', 'x', '1.x', `1.${'A'.repeat(43)}`, `2.${'A'.repeat(43)}`]) {
      const answer = await redeem(tenant, { code, code_verifier: newProofKey().verifier });
      assert.equal(answer.status, 400, code);
    }
  });

  test('is worth nothing once the sessions are revoked or the user is disabled', async () => {
    const keys = [newProofKey(), newProofKey()];
    const [one = '', other = ''] = await Promise.all(
      keys.map(({ challenge }) => obtainCode(tenant, user, { code_challenge: challenge })),
    );
    tenant.clock.advance(2000);
    await revokeSignInSessions(tenant.view, user.id, tenant.clock);
    const revoked = await redeem(tenant, { code: one, code_verifier: keys[0]?.verifier ?? '' });
    assert.deepEqual(codes(revoked), [400, 'invalid_grant', 50173]);
    const changes = { accountEnabled: false };
    await updateUser(tenant.view, { id: user.id, changes }, tenant.clock);
    const disabled = await redeem(tenant, { code: other, code_verifier: keys[1]?.verifier ?? '' });
    assert.deepEqual(codes(disabled), [400, 'invalid_grant', 50057]);
  });
});

describe('a single-page application', () => {
  const origin = 'http://localhost:4000';
  const spa = async () => {
    const { application } = await makeApplication(tenant, { spaRedirectUris: [`${origin}/app`] });
    const { verifier, challenge } = newProofKey();
    const asked = { client_id: application.appId, redirect_uri: `${origin}/app` };
    await browser.open(authorizeAddress(tenant, { ...asked, code_challenge: challenge }));
    await signIn(browser, user);
    const consented = await browser.submit('/sign-in/consent', { answer: 'yes' });
    const code = redirected(consented).searchParams.get('code') ?? '';
    return { ...asked, code, code_verifier: verifier };
  };

  test('redeems and renews from its own origin, without a secret, for a day', async () => {
    const form = await spa();
    const answer = await redeem(tenant, form, { origin });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers['Access-Control-Allow-Origin'], origin);
    const renew = (refresh_token: unknown, headers: Record<string, string>) =>
      redeem(
        tenant,
        {
          grant_type: 'refresh_token',
          client_id: form.client_id,
          refresh_token: `${refresh_token}`,
          scope: `${tenant.urls.vaultResource}/.default`,
        },
        headers,
      );
    const elsewhere = await renew(answer.body.refresh_token, {});
    assert.deepEqual(codes(elsewhere), [400, 'invalid_request', 9002327]);
    const renewed = await renew(answer.body.refresh_token, { origin });
    assert.equal(renewed.status, 200, renewed.text);
    tenant.clock.advance(24 * 3_600_000);
    const late = await renew(renewed.body.refresh_token, { origin });
    assert.deepEqual(codes(late), [400, 'invalid_grant', 700082]);
  });

  test('its code is of no use without an origin, or from a foreign one', async () => {
    const form = await spa();
    assert.deepEqual(codes(await redeem(tenant, form)), [400, 'invalid_request', 9002327]);
    const foreign = await redeem(tenant, form, { origin: 'https://evil.example' });
    assert.deepEqual(codes(foreign), [400, 'invalid_request', 9002326]);
    assert.equal(foreign.headers['Access-Control-Allow-Origin'], undefined);
    assert.equal((await redeem(tenant, form, { origin })).status, 200);
  });

  test('a page cannot redeem the code of an installed client', async () => {
    const { verifier, challenge } = newProofKey();
    const code = await obtainCode(tenant, user, { code_challenge: challenge });
    const answer = await redeem(tenant, { code, code_verifier: verifier }, { origin: LOOPBACK });
    assert.deepEqual(codes(answer), [400, 'invalid_request', 9002326]);
  });
});
