// `az ad`: applications, service principals, users and groups through Microsoft Graph.
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { z } from '#kernel';
import type { ClientCase, Place } from '../suite.ts';
import type { Az } from './shell.ts';

const OBJECT = z.object({ id: z.guid(), displayName: z.string() });
const APPLICATION = z.object({ id: z.guid(), appId: z.guid(), displayName: z.string() });
const OBJECTS = z.array(OBJECT);
const CREDENTIAL = z.object({ appId: z.guid(), password: z.string(), tenant: z.guid() });

export function directoryCases(az: Az, place: Place): ClientCase[] {
  return [
    { name: 'ad app create, list, show, update, delete', run: () => applications(az) },
    { name: 'ad app credential, federated-credential', run: () => credentials(az, place) },
    { name: 'ad sp create, list, show, delete', run: () => servicePrincipals(az) },
    { name: 'ad user create, list, show, delete', run: () => users(az) },
    { name: 'ad group create, member, list, show, delete', run: () => groups(az, place) },
    { name: 'ad sp create-for-rbac', run: () => createForRbac(az, place) },
    { name: 'ad app owner, ad sp owner, credential', run: () => owners(az, place) },
    { name: 'ad app permission', run: () => permissions(az) },
    { name: 'rest: deleted items, roles, logs', run: () => byRest(az, place) },
  ];
}

async function displayNames(az: Az, ...words: readonly string[]): Promise<string[]> {
  const found = await az.read(OBJECTS, ...words);
  return found.map(({ displayName }) => displayName);
}

async function applications(az: Az): Promise<void> {
  const displayName = 'az app';
  const { id, appId } = await az.read(
    APPLICATION,
    ...['ad', 'app', 'create', '--display-name', displayName],
  );
  const list = ['ad', 'app', 'list', '--display-name', displayName];
  deepStrictEqual(await displayNames(az, ...list), [displayName]);
  strictEqual((await az.read(APPLICATION, 'ad', 'app', 'show', '--id', appId)).id, id);
  await az.do('ad', 'app', 'update', '--id', id, '--display-name', 'az app renamed');
  const shown = await az.read(APPLICATION, 'ad', 'app', 'show', '--id', id);
  strictEqual(shown.displayName, 'az app renamed');
  await az.do('ad', 'app', 'delete', '--id', appId);
  await az.refused(['ad', 'app', 'show', '--id', id], /does not exist|not found/i);
}

async function credentials(az: Az, { instance }: Place): Promise<void> {
  const made = await az.read(APPLICATION, 'ad', 'app', 'create', '--display-name', 'az keys');
  const reset = ['ad', 'app', 'credential', 'reset', '--id', made.id];
  const { appId, tenant } = await az.read(CREDENTIAL, ...reset);
  deepStrictEqual([appId, tenant], [made.appId, instance.tenantId]);
  const keys = z.array(z.object({ keyId: z.guid() }));
  const [key, ...more] = await az.read(keys, 'ad', 'app', 'credential', 'list', '--id', made.id);
  strictEqual(more.length, 0);
  const remove = ['ad', 'app', 'credential', 'delete', '--id', made.id];
  await az.do(...remove, '--key-id', key?.keyId ?? '');
  deepStrictEqual(await az.read(keys, 'ad', 'app', 'credential', 'list', '--id', made.id), []);

  const trust = ['ad', 'app', 'federated-credential'];
  const parameters = JSON.stringify({
    name: 'workload',
    issuer: 'https://issuer.example',
    subject: 'workload',
    audiences: ['api://AzureADTokenExchange'],
  });
  await az.do(...trust, 'create', '--id', made.id, '--parameters', parameters);
  deepStrictEqual(await az.names(...trust, 'list', '--id', made.id), ['workload']);
  const one = ['--id', made.id, '--federated-credential-id', 'workload'];
  await az.read(z.object({ subject: z.literal('workload') }), ...trust, 'show', ...one);
  const changes = JSON.stringify({ ...JSON.parse(parameters), subject: 'other' });
  await az.do(...trust, 'update', ...one, '--parameters', changes);
  await az.read(z.object({ subject: z.literal('other') }), ...trust, 'show', ...one);
  await az.do(...trust, 'delete', ...one);
  deepStrictEqual(await az.names(...trust, 'list', '--id', made.id), []);
  await az.do('ad', 'app', 'delete', '--id', made.id);
}

async function servicePrincipals(az: Az): Promise<void> {
  const made = await az.read(APPLICATION, 'ad', 'app', 'create', '--display-name', 'az sp');
  const principal = await az.read(APPLICATION, 'ad', 'sp', 'create', '--id', made.appId);
  strictEqual(principal.displayName, 'az sp');
  deepStrictEqual(await displayNames(az, 'ad', 'sp', 'list', '--display-name', 'az sp'), ['az sp']);
  const all = await displayNames(az, 'ad', 'sp', 'list', '--all');
  ok(all.includes('az sp'));
  const shown = await az.read(APPLICATION, 'ad', 'sp', 'show', '--id', made.appId);
  strictEqual(shown.id, principal.id);
  await az.do('ad', 'sp', 'delete', '--id', principal.id);
  deepStrictEqual(await displayNames(az, 'ad', 'sp', 'list', '--display-name', 'az sp'), []);
  await az.do('ad', 'app', 'delete', '--id', made.id);
}

/** Of the tenant's first domain, which the administrator's name ends in. */
function newUser(name: string, domain: string): string[] {
  const words = ['ad', 'user', 'create', '--display-name', name];
  const login = ['--user-principal-name', `${name}@${domain}`];
  return [...words, ...login, '--password', 'Correct-Horse-7-Battery'];
}

async function users(az: Az): Promise<void> {
  const domain = await tenantDomain(az);
  const made = await az.read(OBJECT, ...newUser('azuser', domain));
  const login = `azuser@${domain}`;
  strictEqual((await az.read(OBJECT, 'ad', 'user', 'show', '--id', login)).id, made.id);
  const above = ['ad', 'user', 'get-member-groups', '--id', login];
  deepStrictEqual(await displayNames(az, ...above), []);
  const list = ['ad', 'user', 'list', '--display-name', 'azuser'];
  deepStrictEqual(await displayNames(az, ...list), ['azuser']);
  deepStrictEqual(await displayNames(az, 'ad', 'user', 'list', '--upn', login), ['azuser']);
  await az.do('ad', 'user', 'update', '--id', made.id, '--display-name', 'az user renamed');
  const shown = await az.read(OBJECT, 'ad', 'user', 'show', '--id', made.id);
  strictEqual(shown.displayName, 'az user renamed');
  await az.do('ad', 'user', 'delete', '--id', login);
  await az.refused(['ad', 'user', 'show', '--id', made.id], /does not exist/);
}

async function tenantDomain(az: Az): Promise<string> {
  const shape = z.array(z.object({ userPrincipalName: z.string() }));
  const [first] = await az.read(shape, 'ad', 'user', 'list');
  return first?.userPrincipalName.split('@')[1] ?? '';
}

async function groups(az: Az, { instance }: Place): Promise<void> {
  const nick = ['--mail-nickname', 'azgroup'];
  const words = ['ad', 'group', 'create', '--display-name', 'az group'];
  const { id } = await az.read(OBJECT, ...words, ...nick);
  const list = ['ad', 'group', 'list', '--display-name', 'az group'];
  deepStrictEqual(await displayNames(az, ...list), ['az group']);
  strictEqual((await az.read(OBJECT, 'ad', 'group', 'show', '-g', 'az group')).id, id);

  const member = ['-g', id, '--member-id', instance.administrator.objectId];
  const check = z.object({ value: z.boolean() });
  await az.do('ad', 'group', 'member', 'add', ...member);
  strictEqual((await az.read(check, 'ad', 'group', 'member', 'check', ...member)).value, true);
  await az.do('ad', 'group', 'owner', 'add', '-g', id, '--owner-object-id', member[3] ?? '');
  const owners = await az.read(OBJECTS, 'ad', 'group', 'owner', 'list', '-g', id);
  ok(owners.some((one) => one.id === member[3]));
  const members = await az.read(OBJECTS, 'ad', 'group', 'member', 'list', '-g', id);
  deepStrictEqual(
    members.map((one) => one.id),
    [instance.administrator.objectId],
  );
  await az.do('ad', 'group', 'member', 'remove', ...member);
  strictEqual((await az.read(check, 'ad', 'group', 'member', 'check', ...member)).value, false);

  await az.do('ad', 'group', 'delete', '-g', 'az group');
  deepStrictEqual(await displayNames(az, ...list), []);
}

async function createForRbac(az: Az, { instance }: Place): Promise<void> {
  const scope = `/subscriptions/${instance.subscriptionId}`;
  const words = ['ad', 'sp', 'create-for-rbac', '-n', 'az for rbac', '--role', 'Reader'];
  const made = await az.read(CREDENTIAL, ...words, '--scopes', scope);
  const assignments = z.array(z.object({ roleDefinitionName: z.string(), scope: z.string() }));
  const list = ['role', 'assignment', 'list', '--assignee', made.appId, '--scope', scope];
  const [assigned] = await az.read(assignments, ...list);
  deepStrictEqual([assigned?.roleDefinitionName, assigned?.scope], ['Reader', scope]);
}

async function owners(az: Az, { instance }: Place): Promise<void> {
  const { id, appId } = await az.read(
    APPLICATION,
    ...['ad', 'app', 'create', '--display-name', 'az owned'],
  );
  await az.do('ad', 'sp', 'create', '--id', appId);
  const { objectId } = instance.administrator;
  const owner = ['--owner-object-id', objectId];
  await az.do('ad', 'app', 'owner', 'add', '--id', id, ...owner);
  const listed = await az.read(OBJECTS, 'ad', 'app', 'owner', 'list', '--id', id);
  ok(listed.some((one) => one.id === objectId));
  await az.do('ad', 'app', 'owner', 'remove', '--id', id, ...owner);
  deepStrictEqual(await az.read(OBJECTS, 'ad', 'app', 'owner', 'list', '--id', id), []);
  deepStrictEqual(await az.read(OBJECTS, 'ad', 'sp', 'owner', 'list', '--id', appId), []);
  const made = await az.read(CREDENTIAL, 'ad', 'sp', 'credential', 'reset', '--id', appId);
  strictEqual(made.appId, appId);
  const keys = z.array(z.object({ keyId: z.guid() }));
  const [key] = await az.read(keys, 'ad', 'sp', 'credential', 'list', '--id', appId);
  const remove = ['ad', 'sp', 'credential', 'delete', '--id', appId];
  await az.do(...remove, '--key-id', key?.keyId ?? '');
  await az.do('ad', 'app', 'delete', '--id', id);
}

async function permissions(az: Az): Promise<void> {
  const graph = '00000003-0000-0000-c000-000000000000';
  const read = 'e1fe6dd8-ba31-4d61-89e7-88639da4683d';
  const { id, appId } = await az.read(
    APPLICATION,
    ...['ad', 'app', 'create', '--display-name', 'az permission'],
  );
  await az.do('ad', 'sp', 'create', '--id', appId);
  const api = ['--id', appId, '--api', graph];
  await az.do('ad', 'app', 'permission', 'add', ...api, '--api-permissions', `${read}=Scope`);
  const wanted = z.array(z.object({ resourceAppId: z.literal(graph) }));
  const [one] = await az.read(wanted, 'ad', 'app', 'permission', 'list', '--id', appId);
  ok(one);
  await az.do('ad', 'app', 'permission', 'grant', ...api, '--scope', 'User.Read');
  const granted = z.array(z.object({ scope: z.literal('User.Read') }));
  const list = ['ad', 'app', 'permission', 'list-grants', '--id', appId];
  strictEqual((await az.read(granted, ...list)).length, 1);
  await az.do('ad', 'app', 'permission', 'delete', ...api);
  await az.do('ad', 'app', 'delete', '--id', id);
}

/** What has no command of its own. */
async function byRest(az: Az, { instance }: Place): Promise<void> {
  const graph = `${instance.graph}/v1.0`;
  const values = z.object({ value: z.array(z.looseObject({ id: z.string() })) });
  const rest = (method: string, path: string) => ['rest', '-m', method, '-u', `${graph}${path}`];
  const { id } = await az.read(
    APPLICATION,
    ...['ad', 'app', 'create', '--display-name', 'az deleted'],
  );
  await az.do('ad', 'app', 'delete', '--id', id);
  const deleted = '/directory/deletedItems';
  const listed = await az.read(values, ...rest('get', `${deleted}/microsoft.graph.application`));
  ok(listed.value.some((one) => one.id === id));
  await az.do(...rest('post', `${deleted}/${id}/restore`));
  strictEqual((await az.read(APPLICATION, 'ad', 'app', 'show', '--id', id)).id, id);
  await az.do('ad', 'app', 'delete', '--id', id);
  await az.do(...rest('delete', `${deleted}/${id}`));
  const roles = await az.read(values, ...rest('get', '/directoryRoles'));
  ok(roles.value.length > 0);
  const signIns = await az.read(values, ...rest('get', '/auditLogs/signIns?$top=1'));
  strictEqual(signIns.value.length, 1);
  const audits = await az.read(values, ...rest('get', '/auditLogs/directoryAudits?$top=5'));
  ok(audits.value.length > 0);
}
