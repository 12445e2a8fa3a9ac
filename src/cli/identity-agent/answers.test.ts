import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { FakeProvider, IDENTITY, localRequest } from './agent.fixture.ts';
import { hashSecret, type Workload } from './agent-files.ts';
import { type AnswerOptions, answerLocal } from './answers.ts';
import { ArcChallenges } from './arc-challenges.ts';
import type { LocalAnswer, LocalRequest } from './local-request.ts';

const SECRET = 'the-secret-of-web';
const directory = mkdtempSync(join(tmpdir(), 'strongroom-agent-test-'));
after(() => rmSync(directory, { recursive: true }));

let provider: FakeProvider;
let workloads: Workload[];
beforeEach(() => {
  provider = new FakeProvider();
  workloads = [
    { name: 'web', secretHash: hashSecret(SECRET), identities: [] },
    { name: 'job', secretHash: hashSecret('another'), identities: [IDENTITY.clientId] },
  ];
});

function answer(request: LocalRequest, options: Partial<AnswerOptions> = {}): Promise<LocalAnswer> {
  const { tokens, clock, log } = provider;
  const known = { tokens, clock, workloads: () => workloads, imds: true };
  return answerLocal(request, { ...known, log: (line) => log.push(line), ...options });
}

function appService(changes: Partial<LocalRequest> = {}): LocalRequest {
  return localRequest({
    path: '/msi/token',
    query: { 'api-version': '2019-08-01', resource: 'https://vault.example', ...changes.query },
    headers: { 'x-identity-header': SECRET, ...changes.headers },
  });
}

const words = (made: LocalAnswer) => JSON.stringify(made.body);

describe('a token', () => {
  test('is answered with both of its times, as text', async () => {
    const made = await answer(localRequest());
    assert.equal(made.status, 200);
    assert.deepEqual(made.body, {
      ...provider.token(),
      access_token: 'token-1',
      expires_in: '3599',
      ext_expires_in: '3599',
    });
  });

  test('from the agent’s memory says how long it still lives', async () => {
    await answer(localRequest());
    provider.clock.advance(100_000);
    assert.match(words(await answer(localRequest())), /"expires_in":"3499"/);
  });

  test('is for the identity that the program names, in whichever dialect', async () => {
    for (const [name, value, wanted] of [
      ['client_id', 'a', { clientId: 'a' }],
      ['clientid', 'b', { clientId: 'b' }],
      ['object_id', 'c', { objectId: 'c' }],
      ['principal_id', 'd', { objectId: 'd' }],
      ['msi_res_id', 'e', { resourceId: 'e' }],
      ['mi_res_id', 'f', { resourceId: 'f' }],
    ] as const) {
      const { query } = localRequest();
      await answer(localRequest({ query: { ...query, [name]: value } }));
      const { clientId, objectId, resourceId } = provider.asked.at(-1) ?? {};
      const asked = { clientId, objectId, resourceId };
      const none = { clientId: undefined, objectId: undefined, resourceId: undefined };
      assert.deepEqual(asked, { ...none, ...wanted }, name);
    }
  });

  test('needs a resource; a refused one is refused in the identity provider’s words', async () => {
    const { query } = localRequest();
    for (const resource of ['', undefined]) {
      const { resource: _, ...rest } = query;
      const asked = resource === undefined ? rest : { ...rest, resource };
      const made = await answer(localRequest({ query: asked }));
      assert.equal(made.status, 400);
      assert.match(words(made), /'resource' is missing/);
    }
    const body = { error: 'invalid_resource', error_description: 'AADSTS500011: no' };
    provider.answer = { kind: 'refused', status: 401, body };
    const made = await answer(localRequest());
    assert.deepEqual(made, { status: 400, body });
    assert.match(provider.log.join(), /AADSTS500011/);
  });

  test('that cannot be had for now is 503, the only answer that is worth repeating', async () => {
    provider.answer = { kind: 'unreachable', cause: 'down' };
    const made = await answer(localRequest());
    assert.equal(made.status, 503);
    assert.doesNotMatch(words(made), /down/);
  });

  test('carries the capabilities that the program has', async () => {
    await answer(localRequest({ query: { ...localRequest().query, xms_cc: 'cp1' } }));
    assert.equal(provider.asked[0]?.capabilities, 'cp1');
  });
});

describe('in IMDS’s form', () => {
  test('the header `Metadata: true` is required: a fetched address does not bring it', async () => {
    for (const metadata of ['', 'false', '1', 'true, true']) {
      const made = await answer(localRequest({ headers: { metadata } }));
      assert.equal(made.status, 400, metadata);
      assert.match(words(made), /Required metadata header not specified/);
    }
    assert.equal((await answer(localRequest({ headers: { metadata: 'True' } }))).status, 200);
    assert.equal(provider.asked.length, 1);
  });

  test('an api-version is required', async () => {
    const made = await answer(localRequest({ query: { resource: 'x' } }));
    assert.match(words(made), /'api-version' is missing/);
  });

  test('nothing is answered unless the agent was told to', async () => {
    const made = await answer(localRequest(), { imds: false });
    assert.equal(made.status, 400);
    assert.equal(provider.asked.length, 0);
  });

  test('no other address is answered, and none with 404', async () => {
    for (const path of ['/', '/metadata/instance', '/metadata/identity', '/msi']) {
      assert.equal((await answer(localRequest({ path }))).status, 400, path);
    }
  });
});

describe('in App Service’s form', () => {
  test('the workload’s secret is required', async () => {
    assert.equal((await answer(appService())).status, 200);
    for (const header of ['', 'x', `${SECRET}x`, SECRET.slice(1), SECRET.toUpperCase()]) {
      const made = await answer(appService({ headers: { 'x-identity-header': header } }));
      assert.equal(made.status, 401, header);
      assert.equal(made.headers?.['WWW-Authenticate'], undefined);
    }
    assert.equal(provider.asked.length, 1);
  });

  test('no secret at all is no workload’s, not even one with an empty hash', async () => {
    workloads.push({ name: 'odd', secretHash: hashSecret(''), identities: [] });
    workloads.push({ name: 'odder', secretHash: '', identities: [] });
    const { 'x-identity-header': _, ...headers } = appService().headers;
    assert.equal((await answer({ ...appService(), headers })).status, 401);
    assert.equal(
      (await answer({ ...appService(), headers: { ...headers, secret: '' } })).status,
      401,
    );
  });

  test('clients of 2017-09-01 bring it as `Secret`', async () => {
    const { 'x-identity-header': _, ...headers } = appService().headers;
    const request = { ...appService(), headers: { ...headers, secret: SECRET } };
    assert.equal((await answer(request)).status, 200);
  });

  test('a workload that was removed is refused at once', async () => {
    await answer(appService());
    workloads = [];
    assert.equal((await answer(appService())).status, 401);
  });

  test('a workload gets only the identities it is allowed', async () => {
    const headers = { 'x-identity-header': 'another' };
    assert.equal((await answer(appService({ headers }))).status, 200);
    assert.equal(provider.asked.at(-1)?.clientId, IDENTITY.clientId);
    const other = '99999999-9999-4999-8999-999999999999';
    const names = { client_id: other, object_id: other, msi_res_id: `${IDENTITY.resourceId}-2` };
    provider.answer = { kind: 'token', token: provider.token(names) };
    for (const query of [{ client_id: other }, { object_id: other }, { mi_res_id: 'x' }]) {
      const made = await answer(appService({ headers, query }));
      assert.deepEqual([made.status, words(made).includes('Identity not found')], [400, true]);
    }
  });

  test('a workload’s identity may be named by its resource id as well', async () => {
    workloads = [{ name: 'w', secretHash: hashSecret('w'), identities: [IDENTITY.resourceId] }];
    const headers = { 'x-identity-header': 'w' };
    assert.equal((await answer(appService({ headers }))).status, 200);
    assert.equal(provider.asked.at(-1)?.resourceId, IDENTITY.resourceId);
  });
});

describe('in Azure Arc’s form', () => {
  const query = { 'api-version': '2020-06-01', resource: 'https://vault.example' };
  const fileOf = (made: LocalAnswer) =>
    made.headers?.['WWW-Authenticate']?.split('realm=')[1] ?? '';
  const open = () => new ArcChallenges(directory, provider.clock);
  const show = (arc: ArcChallenges, secret: string) =>
    answer(localRequest({ query, headers: { authorization: `Basic ${secret}` } }), { arc });

  test('a file of this user’s holds what to bring, and is gone after its use', async () => {
    const arc = open();
    const asked = await answer(localRequest({ query }), { arc });
    assert.equal(asked.status, 401);
    const file = fileOf(asked);
    assert.ok(file.startsWith(directory) && file.endsWith('.key'));
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const secret = readFileSync(file, 'utf8');
    assert.equal((await show(arc, secret)).status, 200);
    assert.deepEqual(readdirSync(directory), []);
    assert.equal((await show(arc, secret)).status, 401, 'a second use is refused');
    arc.close();
    assert.deepEqual(readdirSync(directory), []);
  });

  test('a wrong or late secret is refused', async () => {
    const arc = open();
    const file = fileOf(await answer(localRequest({ query }), { arc }));
    const secret = readFileSync(file, 'utf8');
    for (const wrong of ['x', `${secret}x`, secret.slice(1), file]) {
      assert.equal((await show(arc, wrong)).status, 401, wrong);
    }
    provider.clock.advance(60_000);
    assert.equal((await show(arc, secret)).status, 401);
    assert.equal(provider.asked.length, 0);
    arc.close();
  });

  test('`Metadata: true` is required here too', async () => {
    const arc = open();
    const made = await answer(localRequest({ query, headers: { metadata: '' } }), { arc });
    assert.equal(made.status, 400);
    assert.deepEqual(readdirSync(directory), []);
  });

  test('is asked for IMDS’s requests too, if those are not answered', async () => {
    const arc = open();
    assert.equal((await answer(localRequest(), { arc, imds: false })).status, 401);
    assert.equal((await answer(localRequest(), { arc, imds: true })).status, 200);
    arc.close();
  });

  test('no more than 64 files wait, and those of a killed agent are removed', async () => {
    const arc = open();
    for (let n = 0; n < 70; n += 1) arc.create();
    assert.equal(readdirSync(directory).length, 64);
    writeFileSync(join(directory, 'foreign.key'), 'x');
    open();
    assert.deepEqual(readdirSync(directory), ['foreign.key']);
    rmSync(join(directory, 'foreign.key'));
  });
});
