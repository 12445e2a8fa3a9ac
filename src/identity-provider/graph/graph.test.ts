import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { addRoleMember, directoryRoleIds, updateServicePrincipal } from '#directory';
import { newGuid, z } from '#kernel';
import { automationHeader, openTenant, type Tenant, type TestAnswer } from '#test/kit/tenant.ts';

let tenant: Tenant;
let admin: string;
before(async () => {
  tenant = await openTenant();
  admin = await automationHeader(tenant, tenant.urls.graph);
});

interface Asked {
  readonly method?: string;
  readonly json?: unknown;
  readonly as?: string;
}

function graph(path: string, { method, json, as }: Asked = {}): Promise<TestAnswer> {
  return tenant.call({
    url: path.startsWith('https:') ? path : `${tenant.urls.graph}/v1.0${path}`,
    headers: { authorization: as ?? admin },
    ...(method === undefined ? {} : { method }),
    ...(json === undefined ? {} : { json }),
  });
}

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const code = ({ status, body }: TestAnswer) => [status, errorSchema.parse(body).error.code];
const text = (value: unknown) => z.string().parse(value);
const list = ({ body }: TestAnswer) => z.array(z.looseObject({ id: z.string() })).parse(body.value);

async function register(displayName: string) {
  const application = await graph('/applications', { json: { displayName } });
  assert.equal(application.status, 201, application.text);
  const appId = text(application.body.appId);
  const principal = await graph('/servicePrincipals', { json: { appId } });
  assert.equal(principal.status, 201, principal.text);
  const id = text(application.body.id);
  const added = await graph(`/applications/${id}/addPassword`, {
    json: { passwordCredential: { displayName: 'ci' } },
  });
  const clientSecret = text(added.body.secretText);
  const made = {
    ...tenant.made,
    automation: { objectId: text(principal.body.id), clientId: appId, clientSecret },
  };
  const signIn = () => automationHeader({ ...tenant, made }, tenant.urls.graph);
  return { id, appId, principalId: text(principal.body.id), added, signIn };
}

const newUser = (name: string) => ({
  accountEnabled: true,
  displayName: name,
  mailNickname: name,
  userPrincipalName: `${name}@test.localhost`,
  passwordProfile: { password: 'Correct-Horse-7', forceChangePasswordNextSignIn: false },
});

describe('step one: a principal from start to finish', () => {
  test('an application signs in with its secret until it is deleted', async () => {
    const app = await register('worker');
    const header = await app.signIn();
    assert.equal((await graph('/me', { as: header })).status, 400);
    const shown = await graph(`/applications/${app.id}`);
    assert.ok(!shown.text.includes(text(app.added.body.secretText)));
    assert.ok(!shown.text.includes('secretHash'));
    assert.equal((await graph(`/applications/${app.id}`, { method: 'DELETE' })).status, 204);
    assert.deepEqual(code(await graph('/me', { as: header })), [401, 'InvalidAuthenticationToken']);
    await assert.rejects(app.signIn());
    assert.deepEqual(code(await graph(`/applications/${app.id}`)), [
      404,
      'Request_ResourceNotFound',
    ]);
    assert.equal((await graph(`/servicePrincipals/${app.principalId}`)).status, 404);
  });

  test('a removed secret no longer signs in', async () => {
    const app = await register('rotated');
    const keyId = text(app.added.body.keyId);
    const path = `/applications/${app.id}/removePassword`;
    assert.equal((await graph(path, { json: { keyId } })).status, 204);
    assert.deepEqual(code(await graph(path, { json: { keyId } })), [400, 'Request_BadRequest']);
    await assert.rejects(app.signIn());
  });

  test('a user is created, found by name, changed and deleted', async () => {
    const created = await graph('/users', { json: newUser('ann') });
    assert.equal(created.status, 201, created.text);
    assert.ok(!created.text.includes('password'));
    const twice = await graph('/users', { json: newUser('ann') });
    assert.deepEqual(code(twice), [400, 'Request_MultipleObjectsWithSameKeyValue']);
    const byName = await graph('/users/ANN@test.localhost');
    assert.equal(byName.body.id, created.body.id);
    const change = { method: 'PATCH', json: { displayName: 'Ann', accountEnabled: false } };
    assert.equal((await graph(`/users/${byName.body.id}`, change)).status, 204);
    const changed = await graph(`/users/${byName.body.id}?$select=displayName,accountEnabled`);
    assert.deepEqual([changed.body.displayName, changed.body.accountEnabled], ['Ann', false]);
    assert.equal(changed.body.id, undefined);
    assert.equal((await graph(`/users/${byName.body.id}`, { method: 'DELETE' })).status, 204);
    assert.equal((await graph(`/users/${byName.body.id}`)).status, 404);
  });

  test('weak passwords, foreign domains and broken names are refused', async () => {
    const user = newUser('bad');
    const weak = { ...user, passwordProfile: { password: 'password' } };
    const foreign = { ...user, userPrincipalName: 'bad@elsewhere.test' };
    const broken = { ...user, userPrincipalName: 'bad' };
    for (const json of [weak, foreign, broken, {}, [], null]) {
      const answer = await graph('/users', { json });
      assert.deepEqual(code(answer), [400, 'Request_BadRequest'], JSON.stringify(json));
      assert.ok(!answer.text.includes('"password"'));
    }
  });
});

describe('lists', () => {
  test('az finds a service principal by its client id', async () => {
    const { clientId, objectId } = tenant.made.automation;
    const filter = encodeURIComponent(`servicePrincipalNames/any(c:c eq '${clientId}')`);
    const found = list(await graph(`/servicePrincipals?$filter=${filter}`));
    assert.deepEqual(
      found.map(({ id }) => id),
      [objectId],
    );
  });

  test('getByIds says of what kind each object is, and leaves out what is not there', async () => {
    const { automation, administrator } = tenant.made;
    const ids = [automation.objectId, administrator.objectId, newGuid()];
    const answer = await graph('/directoryObjects/getByIds', { json: { ids } });
    assert.deepEqual(
      list(answer).map((item) => item['@odata.type']),
      ['#microsoft.graph.servicePrincipal', '#microsoft.graph.user'],
    );
    const users = await graph('/directoryObjects/getByIds', { json: { ids, types: ['user'] } });
    assert.equal(list(users).length, 1);
  });
});

describe('groups', () => {
  test('take members by reference, nest, and show both directions', async () => {
    const make = async (name: string) => {
      const json = {
        displayName: name,
        mailNickname: name,
        mailEnabled: false,
        securityEnabled: true,
      };
      return text((await graph('/groups', { json })).body.id);
    };
    const [inner, outer] = [await make('inner'), await make('outer')];
    const reference = (id: string) => ({
      json: { '@odata.id': `${tenant.urls.graph}/v1.0/directoryObjects/${id}` },
    });
    const { objectId } = tenant.made.administrator;
    const add = (group: string, id: string) =>
      graph(`/groups/${group}/members/$ref`, reference(id));
    assert.equal((await add(inner, objectId)).status, 204);
    assert.equal((await add(outer, inner)).status, 204);
    assert.deepEqual(code(await add(inner, objectId)), [400, 'Request_BadRequest']);
    assert.equal((await add(inner, newGuid())).status, 404);
    const up = await graph(`/users/${objectId}/getMemberGroups`, { json: {} });
    assert.deepEqual(new Set(z.array(z.string()).parse(up.body.value)), new Set([inner, outer]));
    const { userPrincipalName } = (await graph(`/users/${objectId}`)).body;
    const byName = await graph(`/users/${userPrincipalName}/getMemberGroups`, { json: {} });
    assert.deepEqual(byName.body.value, up.body.value);
    assert.equal((await graph(`/users/${userPrincipalName}/memberOf`)).status, 200);
    for (const kind of ['users', 'directoryObjects']) {
      const asked = { groupIds: [outer, newGuid(), inner.toUpperCase()] };
      const check = await graph(`/${kind}/${objectId}/checkMemberGroups`, { json: asked });
      assert.deepEqual(check.body.value, [outer, inner.toUpperCase()]);
    }
    // The administrator is a Global Administrator: his directory role is among them, as in Graph.
    const direct = list(await graph(`/users/${objectId}/memberOf`));
    assert.deepEqual(
      new Set(direct.map((one) => `${one['@odata.type']} ${one.displayName}`)),
      new Set([
        '#microsoft.graph.directoryRole Global Administrator',
        '#microsoft.graph.group inner',
      ]),
    );
    const above = `/users/${objectId}/transitiveMemberOf/microsoft.graph.group`;
    assert.equal(list(await graph(above)).length, 2);
    assert.equal((await graph(`/users/${objectId}/memberOf/nonsense`)).status, 400);
    assert.equal(list(await graph(`/groups/${outer}/transitiveMembers`)).length, 2);
    const path = `/groups/${inner}/members/${objectId}/$ref`;
    assert.equal((await graph(path, { method: 'DELETE' })).status, 204);
    assert.equal((await graph(path, { method: 'DELETE' })).status, 404);
  });
});

describe('who may do what', () => {
  test('no token, a token for another plane, and a broken one open nothing', async () => {
    const bare = await tenant.call({ url: `${tenant.urls.graph}/v1.0/users` });
    assert.deepEqual(code(bare), [401, 'InvalidAuthenticationToken']);
    assert.match(bare.headers['WWW-Authenticate'] ?? '', /^Bearer realm="", authorization_uri=/);
    const vault = await automationHeader(tenant, tenant.urls.vaultResource);
    assert.equal((await graph('/users', { as: vault })).status, 401);
    assert.equal((await graph('/users', { as: `${admin.slice(0, -4)}AAAA` })).status, 401);
  });

  test('an application without a directory role reads and writes nothing', async () => {
    const app = await register('nobody');
    const as = await app.signIn();
    for (const path of [
      '/users',
      '/groups',
      '/applications',
      '/servicePrincipals',
      '/organization',
    ]) {
      assert.deepEqual(code(await graph(path, { as })), [403, 'Authorization_RequestDenied'], path);
    }
    const json = { displayName: 'x' };
    assert.equal((await graph('/applications', { as, json })).status, 403);
    const own = await graph(`/applications/${app.id}/addPassword`, { as, json: {} });
    assert.equal(own.status, 403);
  });

  test('an Application Administrator cannot make himself Global Administrator', async () => {
    const app = await register('lesser');
    await addRoleMember(tenant.view, directoryRoleIds.applicationAdministrator, app.principalId);
    const as = await app.signIn();
    assert.equal((await graph('/applications', { as, json: { displayName: 'mine' } })).status, 201);
    const { clientId, objectId } = tenant.made.automation;
    const target = tenant.directory.applicationByAppId(clientId)?.id ?? '';
    const attempts = [
      graph(`/applications/${target}/addPassword`, { as, json: {} }),
      graph(`/applications/${target}`, { as, method: 'DELETE' }),
      graph(`/applications/${target}`, { as, method: 'PATCH', json: { keyCredentials: [] } }),
      graph(`/servicePrincipals/${objectId}`, { as, method: 'DELETE' }),
      graph('/users', { as, json: newUser('eve') }),
    ];
    for (const attempt of await Promise.all(attempts)) {
      assert.deepEqual(code(attempt), [403, 'Authorization_RequestDenied']);
    }
  });

  test('a User Administrator cannot reset an administrator, nor join one’s group', async () => {
    const app = await register('user admin');
    await addRoleMember(tenant.view, directoryRoleIds.userAdministrator, app.principalId);
    const as = await app.signIn();
    const { objectId } = tenant.made.administrator;
    const { passwordProfile } = newUser('x');
    const reset = { as, method: 'PATCH', json: { passwordProfile } };
    assert.equal((await graph(`/users/${objectId}`, reset)).status, 403);
    const named = { displayName: 'admins', mailNickname: 'a', mailEnabled: false };
    const json = { ...named, securityEnabled: true };
    const group = text((await graph('/groups', { json })).body.id);
    await addRoleMember(tenant.view, directoryRoleIds.globalAdministrator, group);
    const reference = { '@odata.id': `https://x/v1.0/directoryObjects/${app.principalId}` };
    const join = await graph(`/groups/${group}/members/$ref`, { as, json: reference });
    assert.equal(join.status, 403);
    const bound = { 'members@odata.bind': [reference['@odata.id']] };
    const patched = await graph(`/groups/${group}`, { as, method: 'PATCH', json: bound });
    assert.equal(patched.status, 403);
  });

  test('an application cannot take the name of one of our resources', async () => {
    for (const uri of [tenant.urls.vaultResource, 'https://VAULT.azure.net', 'not a uri']) {
      const json = { displayName: 'thief', identifierUris: [uri] };
      assert.equal((await graph('/applications', { json })).status, 400, uri);
    }
  });

  test('a disabled caller is cut off at once', async () => {
    const app = await register('cut off');
    const as = await app.signIn();
    assert.equal((await graph('/me', { as })).status, 400);
    await updateServicePrincipal(tenant.view, app.principalId, { accountEnabled: false });
    assert.equal((await graph('/me', { as })).status, 401);
  });
});

test('unknown paths, methods and bodies are refused in Graph’s shape', async () => {
  assert.deepEqual(code(await graph('/nothing')), [400, 'BadRequest']);
  assert.deepEqual(code(await graph('/users', { method: 'PUT' })), [405, 'Request_BadRequest']);
  assert.equal((await graph('/users', { method: 'HEAD' })).status, 405, 'as Graph answers it');
  const unknown = await graph('/applications', { json: { displayName: 'x', surprise: 1 } });
  assert.deepEqual(code(unknown), [400, 'Request_BadRequest']);
});
