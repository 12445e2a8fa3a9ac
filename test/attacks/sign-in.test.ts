// The token endpoint under attack: stolen and forged credentials, guessing, enumeration, malformed
// requests. Each is refused, and each leaves a line in the audit log that names who was tried.
import assert from 'node:assert/strict';
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { before, beforeEach, describe, test } from 'node:test';
import {
  type Application,
  addPassword,
  createApplication,
  createServicePrincipal,
  createUser,
  type User,
  updateApplication,
  wellKnownAppIds,
} from '#directory';
import { newGuid, z } from '#kernel';
import { lastAuditLine } from '#test/kit/audit.ts';
import { makeClientCertificate } from '#test/kit/identities.ts';
import { openTenant, type Tenant, type TestAnswer } from '#test/kit/tenant.ts';

type Form = Readonly<Record<string, string>>;

const PASSWORD = 'Correct-Horse-7';
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

let tenant: Tenant;
let user: User;
let round = 0;

before(async () => {
  tenant = await openTenant();
});

beforeEach(async () => {
  round += 1;
  const userPrincipalName = `ann${round}@test.localhost`;
  const passwordProfile = { password: PASSWORD, forceChangePasswordNextSignIn: false };
  const input = { userPrincipalName, displayName: 'Ann', passwordProfile };
  user = await createUser(tenant.view, input, tenant.clock);
});

interface Sent {
  readonly path?: string;
  readonly address?: string;
  readonly headers?: Form;
}

function post(form: Form, { path, address, headers }: Sent = {}): Promise<TestAnswer> {
  return tenant.call({
    url: `${tenant.urls.login}${path ?? `/${tenant.tenantId}/oauth2/v2.0/token`}`,
    clientAddress: address ?? `10.1.0.${round}`,
    ...(headers && { headers }),
    form,
  });
}

const scope = () => `${tenant.urls.vaultResource}/.default openid offline_access`;
const cli = () => ({ client_id: wellKnownAppIds.azureCli, scope: scope() });

const signIn = (form: Form = {}, sent: Sent = {}) =>
  post(
    {
      ...cli(),
      grant_type: 'password',
      username: user.userPrincipalName,
      password: PASSWORD,
      ...form,
    },
    sent,
  );

const codeOf = ({ body }: TestAnswer) => z.array(z.int()).parse(body.error_codes)[0];

/** Refused with this code; the audit line says so, and says who was tried. */
function assertAudited(answer: TestAnswer, code: number, who: object = {}): void {
  assert.ok(answer.status === 400 || answer.status === 401, answer.text);
  assert.equal(codeOf(answer), code, answer.text);
  assert.equal(answer.body.access_token, undefined);
  const line = lastAuditLine(tenant.outcomes);
  assert.equal(line.properties.httpStatusCode, answer.status);
  assert.equal(line.resultDescription !== '', true);
  for (const [name, value] of Object.entries(who)) {
    assert.equal(line.properties.denialReason?.[name], value, name);
  }
}

describe('a client assertion', () => {
  let application: Application;
  let key: KeyObject;
  let thumbprint: string;

  async function register(displayName: string) {
    const made = await createApplication(tenant.view, { displayName }, tenant.clock);
    const input = { appId: made.appId, displayName };
    await createServicePrincipal(tenant.view, input, tenant.clock);
    const certificate = await makeClientCertificate(displayName);
    const keyCredentials = [
      {
        keyId: newGuid(),
        displayName: null,
        type: 'AsymmetricX509Cert' as const,
        usage: 'Verify' as const,
        certificate: certificate.der.toString('base64'),
        startDateTime: '2020-01-01T00:00:00Z',
        endDateTime: '2100-01-01T00:00:00Z',
      },
    ];
    await updateApplication(tenant.view, made.id, { keyCredentials });
    return { made, certificate };
  }

  before(async () => {
    const { made, certificate } = await register('victim');
    application = made;
    key = createPrivateKey(certificate.privateKeyPem);
    thumbprint = createHash('sha256').update(certificate.der).digest('base64url');
  });

  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

  function make(bent: { header?: object; claims?: object; by?: KeyObject } = {}): string {
    const nowS = tenant.clock.now() / 1000;
    const { appId } = application;
    const aud = `${tenant.urls.login}/${tenant.tenantId}/oauth2/v2.0/token`;
    const header = encode({ alg: 'RS256', typ: 'JWT', 'x5t#S256': thumbprint, ...bent.header });
    const claims = { iss: appId, sub: appId, aud, exp: nowS + 600, ...bent.claims };
    const content = `${header}.${encode(claims)}`;
    const signature = sign('sha256', Buffer.from(content), bent.by ?? key);
    return `${content}.${signature.toString('base64url')}`;
  }

  const present = (assertion: string, form: Form = {}) =>
    post({
      grant_type: 'client_credentials',
      client_id: application.appId,
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: assertion,
      scope: `${tenant.urls.vaultResource}/.default`,
      ...form,
    });

  const who = () => ({ clientId: application.appId, grantType: 'client_credentials' });

  test('is accepted as it should be', async () => {
    assert.equal((await present(make())).status, 200);
    const line = lastAuditLine(tenant.outcomes);
    assert.equal(line.properties.credential, 'certificate');
    assert.equal(line.properties.clientId, application.appId);
  });

  test('tampered with', async () => {
    const [header, , signature] = make().split('.');
    const [, other] = make({ claims: { sub: newGuid() } }).split('.');
    assertAudited(await present(`${header}.${other}.${signature}`), 700021, who());
    const later = make({ claims: { exp: tenant.clock.now() / 1000 + 6000 } }).split('.')[1];
    assertAudited(await present(`${header}.${later}.${signature}`), 700027, who());
  });

  test('signed with the certificate of another application', async () => {
    const { certificate } = await register('attacker');
    const by = createPrivateKey(certificate.privateKeyPem);
    const own = createHash('sha256').update(certificate.der).digest('base64url');
    const x5c = [certificate.der.toString('base64')];
    assertAudited(await present(make({ by })), 700027, who());
    assertAudited(await present(make({ by, header: { 'x5t#S256': own } })), 700027, who());
    const bringing = make({ by, header: { 'x5t#S256': own, x5c } });
    assertAudited(await present(bringing), 700027, who());
    assertAudited(await present(make({ by, header: { x5c } })), 700027, who());
  });

  test('with a key that it brings along or points at', async () => {
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = stranger.publicKey.export({ format: 'jwk' });
    const by = stranger.privateKey;
    for (const header of [
      { jwk },
      { jku: 'https://evil.example' },
      { x5u: 'https://evil.example' },
    ]) {
      assertAudited(await present(make({ by, header })), 700027, who());
    }
  });

  test('alg none and HS256', async () => {
    const [, claims] = make().split('.');
    for (const alg of ['none', 'HS256', 'RS1', '']) {
      const header = encode({ alg, 'x5t#S256': thumbprint });
      assertAudited(await present(`${header}.${claims}.AAAA`), 50027, who());
    }
  });

  test('for another tenant or service, expired, not yet valid, without end', async () => {
    const nowS = tenant.clock.now() / 1000;
    const aud = `${tenant.urls.login}/${newGuid()}/oauth2/v2.0/token`;
    assertAudited(await present(make({ claims: { aud } })), 700023, who());
    assertAudited(await present(make({ claims: { exp: nowS - 301 } })), 700024, who());
    assertAudited(await present(make({ claims: { nbf: nowS + 301 } })), 700024, who());
    assertAudited(await present(make({ claims: { exp: nowS + 90_000 } })), 700024, who());
  });

  test('together with a client id that is not its own', async () => {
    const { clientId } = tenant.made.automation;
    const answer = await present(make(), { client_id: clientId });
    assertAudited(answer, 700021, { clientId });
  });
});

describe('a stolen refresh token', () => {
  const refresh = (token: unknown, form: Form = {}) =>
    post({
      ...cli(),
      grant_type: 'refresh_token',
      refresh_token: z.string().parse(token),
      ...form,
    });

  test('used after its owner went on ends the family for thief and owner alike', async () => {
    const { body: first } = await signIn();
    const { body: second } = await refresh(first.refresh_token);
    tenant.clock.advance(61_000);
    assertAudited(await refresh(first.refresh_token), 50173, { code: 'RefreshTokenReused' });
    assertAudited(await refresh(second.refresh_token), 9002313, {
      clientId: wellKnownAppIds.azureCli,
    });
  });

  test('used before its owner is noticed when the owner comes', async () => {
    const { body: first } = await signIn();
    const { body: thief } = await refresh(first.refresh_token);
    tenant.clock.advance(61_000);
    assertAudited(await refresh(first.refresh_token), 50173, { code: 'RefreshTokenReused' });
    assertAudited(await refresh(thief.refresh_token), 9002313);
  });

  test('is of no use to another client', async () => {
    const { body } = await signIn();
    const input = { displayName: 'other', isFallbackPublicClient: true };
    const { appId } = await createApplication(tenant.view, input, tenant.clock);
    await createServicePrincipal(tenant.view, { appId, displayName: 'o' }, tenant.clock);
    assertAudited(await refresh(body.refresh_token, { client_id: appId }), 9002313);
    assert.equal((await refresh(body.refresh_token)).status, 200);
  });

  test('that nobody used for ninety days is dead (AADSTS700082)', async () => {
    const { body } = await signIn();
    tenant.clock.advance(90 * 24 * 3_600_000);
    assertAudited(await refresh(body.refresh_token), 700082);
  });
});

describe('who exists', () => {
  const firstLine = (answer: TestAnswer) =>
    z.string().parse(answer.body.error_description).split('\r\n')[0];

  test('is not told by the answer: unknown and wrong are the same to the byte', async () => {
    const wrong = await signIn({ password: 'Wrong-Horse-7' });
    const unknown = await signIn({ username: `ghost${round}@test.localhost` });
    assertAudited(unknown, 50126, { userPrincipalName: `ghost${round}@test.localhost` });
    assert.equal(firstLine(unknown), firstLine(wrong));
    assert.equal(unknown.status, wrong.status);
    assert.deepEqual(Object.keys(unknown.body), Object.keys(wrong.body));
    assert.deepEqual(Object.keys(unknown.headers), Object.keys(wrong.headers));
  });

  test('is not told by time: both cost one hash', async () => {
    const times: Record<'wrong' | 'unknown', number[]> = { wrong: [], unknown: [] };
    for (let each = 0; each < 9; each += 1) {
      for (const [kind, username] of [
        ['wrong', user.userPrincipalName],
        ['unknown', `ghost${round}-${each}@test.localhost`],
      ] as const) {
        const startedMs = performance.now();
        await signIn({ username, password: `Guess-${each}` }, { address: `10.9.${each}.${round}` });
        times[kind].push(performance.now() - startedMs);
      }
    }
    const median = (values: number[]) => values.sort((a, b) => a - b)[4] ?? 0;
    const ratio = median(times.wrong) / median(times.unknown);
    assert.ok(ratio > 0.5 && ratio < 2, `ratio ${ratio}`);
  });

  test('is not told by a realm look-up, which knows domains only', async () => {
    const realm = (name: string) =>
      tenant.call({ url: `${tenant.urls.login}/common/userrealm/${name}?api-version=1.0` });
    const known = await realm(user.userPrincipalName);
    const unknown = await realm('nobody@test.localhost');
    assert.deepEqual(known.body, unknown.body);
  });
});

describe('the lockout', () => {
  async function lock(): Promise<void> {
    for (let guess = 0; guess < 11; guess += 1) await signIn({ password: `Guess-${guess}` });
    assertAudited(await signIn({ password: 'Guess-x' }), 50053, {
      userPrincipalName: user.userPrincipalName,
    });
  }

  test('holds against the right password, too', async () => {
    await lock();
    assertAudited(await signIn(), 50053);
  });

  test('is not passed by another spelling, tenant name, endpoint, client or header', async () => {
    await lock();
    const upper = user.userPrincipalName.toUpperCase();
    assertAudited(await signIn({ username: upper }), 50053);
    for (const path of [
      '/organizations/oauth2/v2.0/token',
      '/adfs/oauth2/token',
      '/test.localhost/oauth2/token',
      '/common/oauth2/token',
    ]) {
      assertAudited(await signIn({}, { path }), 50053);
    }
    const client_id = wellKnownAppIds.azurePowerShell;
    assertAudited(await signIn({ client_id }), 50053);
    for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'x-client-ip']) {
      assertAudited(await signIn({}, { headers: { [name]: '192.0.2.1' } }), 50053);
    }
  });

  test('is not passed by many addresses: a hundred failures lock the user everywhere', async () => {
    const tries = Array.from({ length: 100 }, (_, at) =>
      signIn({ password: `Guess-${at}` }, { address: `10.2.${round}.${at}` }),
    );
    await Promise.all(tries);
    assertAudited(await signIn({}, { address: '10.3.3.3' }), 50053);
  });

  test('is not passed by sending all guesses at once', async () => {
    const tries = Array.from({ length: 40 }, (_, at) => signIn({ password: `Guess-${at}` }));
    const codes = (await Promise.all(tries)).map(codeOf);
    assert.ok(codes.filter((code) => code === 50126).length <= 10);
    assert.ok(codes.filter((code) => code === 50053).length >= 30);
  });
});

describe('malformed requests', () => {
  const good = () => ({
    grant_type: 'client_credentials',
    client_id: tenant.made.automation.clientId,
    client_secret: tenant.made.automation.clientSecret,
    scope: `${tenant.urls.vaultResource}/.default`,
  });

  /** Sends text as it is; `form` of the kit could not say it. */
  async function raw(body: string, type: string): Promise<TestAnswer> {
    return tenant.call({
      url: `${tenant.urls.login}/${tenant.tenantId}/oauth2/v2.0/token`,
      method: 'POST',
      headers: { 'content-type': type },
      text: body,
    });
  }

  const FORM = 'application/x-www-form-urlencoded';

  test('a parameter that stands twice, also if both agree', async () => {
    const text = new URLSearchParams(good()).toString();
    assert.equal((await raw(text, FORM)).status, 200);
    assert.equal((await raw(text, `${FORM}; charset=utf-8`)).status, 200);
    for (const more of [`&${text}`, '&scope=x', '&grant_type=password', '&%73cope=x']) {
      assertAudited(await raw(text + more, FORM), 9002313);
    }
  });

  test('a wrong content type', async () => {
    const text = new URLSearchParams(good()).toString();
    for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x', '']) {
      assertAudited(await raw(text, type), 900144);
      assertAudited(await raw(JSON.stringify(good()), type), 900144);
    }
  });

  test('oversize, broken and too many parameters', async () => {
    for (const form of [
      { ...good(), client_secret: 'x'.repeat(513) },
      { ...good(), scope: 'x'.repeat(20_000) },
      { ...good(), client_assertion: 'x'.repeat(20_000) },
    ]) {
      assertAudited(await post(form), 9002313);
    }
    assertAudited(await raw('grant_type=%E0%A4%A', FORM), 9002313);
    const many = Array.from({ length: 101 }, (_, at) => `p${at}=1`).join('&');
    assertAudited(await raw(`${new URLSearchParams(good())}&${many}`, FORM), 9002313);
  });

  test('another method, another kind of assertion', async () => {
    const url = `${tenant.urls.login}/${tenant.tenantId}/oauth2/v2.0/token`;
    const get = await tenant.call({ url: `${url}?${new URLSearchParams(good())}` });
    assert.equal(get.status, 405);
    assert.equal(codeOf(get), 900561);
    const saml = { client_assertion: 'x', client_assertion_type: 'urn:saml2-bearer' };
    assertAudited(await post({ ...good(), ...saml }), 900145);
  });

  test('a client that has no principal here, and a public one that pretends', async () => {
    const { view, clock } = tenant;
    const input = { displayName: 'no principal', isFallbackPublicClient: true };
    const { appId, id } = await createApplication(view, input, clock);
    const secret = { client_id: appId, client_secret: 'x' };
    assertAudited(await signIn(secret), 700025, { clientId: appId });
    const { secretText } = await addPassword(view, { id, password: {} }, clock);
    const proven = { client_id: appId, client_secret: secretText };
    assertAudited(await post({ ...good(), ...proven }), 7000229, { clientId: appId });
  });

  test('names that reach for prototypes', async () => {
    for (const grant_type of ['__proto__', 'constructor', 'toString']) {
      assertAudited(await post({ ...good(), grant_type }), 70003);
    }
    assertAudited(await post({ ...good(), client_id: '__proto__' }), 700016);
  });

  test('secrets never come back, and never get into the log', async () => {
    const client_secret = 'hunter2-hunter2-hunter2';
    const answer = await post({ ...good(), client_secret });
    assertAudited(answer, 7000215, { clientId: good().client_id });
    const mistyped = await signIn({ username: PASSWORD, password: client_secret });
    assertAudited(mistyped, 50126);
    const log = JSON.stringify(
      tenant.outcomes.slice(-2).map(({ reason, details }) => [reason, details]),
    );
    for (const secret of [client_secret, PASSWORD]) {
      assert.ok(!answer.text.includes(secret) && !mistyped.text.includes(secret));
      assert.ok(!log.includes(secret));
    }
  });
});
