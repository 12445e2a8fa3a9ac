// Programs with Azure's own clients and no secret: on a registered machine through its agent, in
// each of the forms that clients know, and with a token of an outside issuer. Certificates are
// verified, and nothing is configured but the environment.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { SignJWT } from 'jose';
import { z } from '#kernel';
import { type Agent, createIdentity, type Identity, startAgent } from '#test/kit/agent.ts';
import { run } from '#test/kit/children.ts';
import { createVault, RESOURCE_GROUP, ROLES, vaultScope } from '#test/kit/estate.ts';
import {
  type Instance,
  plainEnvironment,
  runCommand,
  temporaryDirectory,
} from '#test/kit/instance.ts';
import { collect, credential, startTrustedInstance } from './clients.ts';

const PROGRAM = fileURLToPath(new URL('get-secret-by-identity.ts', import.meta.url));
const NAMES = fileURLToPath(new URL('../kit/resolve-names.ts', import.meta.url));
/** The only place where clients of Azure Arc look for its files on Linux. */
const ARC_DIRECTORY = '/var/opt/azcmagent/tokens';
const TOKEN = z.object({ access_token: z.string() });
const VALUE = 'no secret was needed';

let instance: Instance;
let agent: Agent;
let worker: Identity;
let vault: string;
let directory: string;
let arc: readonly string[];
/** The outermost directory that was made for Azure Arc's files. */
let madeForArc: string | undefined;

before(async () => {
  instance = await startTrustedInstance();
  directory = temporaryDirectory();
  vault = await createVault(instance.owner, { model: 'rbac' });
  const owner = { objectId: instance.owner.objectId };
  await grant(owner.objectId, ROLES.secretsOfficer);
  const put = { method: 'PUT', path: '/secrets/greeting', json: { value: VALUE } };
  (await instance.owner.vault(vault, put)).expect(200);
  worker = await createIdentity(instance, 'worker');
  arc = mayWriteArc() ? ['--arc'] : [];
  agent = await startAgent(instance, {
    directory: join(directory, 'agent'),
    machine: 'web-1',
    identities: [worker],
    flags: ['--imds', ...arc],
  });
});

after(async () => {
  await agent?.stop();
  await instance?.stop();
  for (const made of [directory, madeForArc]) {
    if (made !== undefined) rmSync(made, { recursive: true, force: true });
  }
});

function mayWriteArc(): boolean {
  try {
    madeForArc = mkdirSync(ARC_DIRECTORY, { recursive: true });
    const probe = join(ARC_DIRECTORY, `${randomUUID()}.probe`);
    writeFileSync(probe, '');
    rmSync(probe);
    return process.platform === 'linux';
  } catch {
    return false;
  }
}

/** Gives the role at the vault; takes it away again when called. */
async function grant(objectId: string, role: string): Promise<() => Promise<void>> {
  const { owner } = instance;
  const scope = vaultScope(owner, vault);
  const path = `${scope}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
  const properties = {
    principalId: objectId,
    principalType: 'ServicePrincipal',
    roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${role}`,
  };
  const apiVersion = '2022-04-01';
  (await owner.arm({ method: 'PUT', path, json: { properties }, apiVersion })).expect(201);
  return async () => {
    (await owner.arm({ method: 'DELETE', path, apiVersion })).expect(200);
  };
}

function runProgram(kind: string, environment: Readonly<Record<string, string>>) {
  return run(process.execPath, ['--import', NAMES, PROGRAM, kind], {
    env: {
      ...plainEnvironment(),
      NODE_EXTRA_CA_CERTS: instance.caFile,
      STRONGROOM_TEST_DOMAIN: instance.domain,
      VAULT_URL: instance.vaultUrl(vault),
      SECRET_NAME: 'greeting',
      ...environment,
    },
  });
}

async function getsSecret(kind: string, environment: Readonly<Record<string, string>>) {
  const { stdout, stderr } = await runProgram(kind, environment);
  assert.equal(stdout, VALUE, stderr);
}

describe('a program on a registered machine', () => {
  const imds = () => ({ AZURE_POD_IDENTITY_AUTHORITY_HOST: agent.origin });
  const named = () => ({ IDENTITY_CLIENT_ID: worker.clientId });

  test('is refused by the vault until its identity has a role, and again without', async () => {
    const workload = await agent.workload('first');
    const refused = await runProgram('managed', workload);
    assert.match(refused.stderr, /ForbiddenByRbac/);
    const take = await grant(agent.objectId, ROLES.secretsUser);
    await getsSecret('managed', workload);
    await take();
    assert.match((await runProgram('managed', workload)).stderr, /ForbiddenByRbac/);
  });

  test('App Service: ManagedIdentityCredential and DefaultAzureCredential', async () => {
    await grant(worker.objectId, ROLES.secretsUser);
    const workload = await agent.workload('app');
    await getsSecret('managed', { ...workload, ...named() });
    const only = await agent.workload('only', worker.clientId);
    await getsSecret('managed', only);
    await getsSecret('default', { ...only, AZURE_CLIENT_ID: worker.clientId });
  });

  test('MSI_ENDPOINT and MSI_SECRET, as older clients read them', async () => {
    const { MSI_ENDPOINT = '', MSI_SECRET = '' } = await agent.workload('old', worker.clientId);
    await getsSecret('managed', { MSI_ENDPOINT, MSI_SECRET });
  });

  test('IMDS: ManagedIdentityCredential and DefaultAzureCredential', async () => {
    await getsSecret('managed', { ...imds(), ...named() });
    await getsSecret('default', { ...imds(), AZURE_CLIENT_ID: worker.clientId });
  });

  test('Azure Arc: ManagedIdentityCredential reads the file it is told of', async (context) => {
    if (arc.length === 0) return context.skip(`${ARC_DIRECTORY} cannot be written here`);
    await getsSecret('managed', {
      IDENTITY_ENDPOINT: `${agent.origin}/metadata/identity/oauth2/token`,
      IMDS_ENDPOINT: agent.origin,
      ...named(),
    });
  });

  test('gets nothing with a secret that is no workload’s', async () => {
    const workload = await agent.workload('other');
    const wrong = { ...workload, IDENTITY_HEADER: 'wrong', MSI_SECRET: 'wrong' };
    const { stdout, stderr } = await runProgram('managed', { ...wrong, ...named() });
    assert.equal(stdout, '');
    assert.match(stderr, /X-IDENTITY-HEADER is not that of a workload/);
  });

  test('gets nothing of an identity that the machine does not have', async () => {
    const foreign = await createIdentity(instance, 'foreign');
    const { stdout, stderr } = await runProgram('managed', {
      ...imds(),
      IDENTITY_CLIENT_ID: foreign.clientId,
    });
    assert.equal(stdout, '');
    assert.match(stderr, /Identity not found/);
  });
});

describe('an agent whose machine nobody registered', () => {
  test('does not start, and says what somebody has to type who may', async () => {
    const place = ['--agent-dir', join(directory, 'stranger')];
    const machine = agent.machine.replace('web-1', 'unregistered');
    const where = ['--login', instance.login, '--tenant', instance.tenantId];
    const trust = ['--ca-file', instance.caFile];
    // Where the agent's directory is named, before or behind the helper, does not matter.
    const noted = await runCommand([
      ...['identity-agent', ...place, 'register', '--machine', machine],
      ...[...where, ...trust],
    ]);
    assert.equal(noted.code, 0, noted.stderr);
    assert.ok(noted.stdout.includes(`strongroom identity-agent ${place.join(' ')}\n`));
    const key = /"clientPublicKey":"([^"]+)"/.exec(noted.stdout)?.[1] ?? 'none';
    const started = await runCommand(['identity-agent', ...place, '--listen', '127.0.0.1:0']);
    assert.equal(started.code, 1);
    assert.match(started.stderr, /does not know .*unregistered with this key/);
    assert.ok(started.stderr.includes('az rest --method put') && started.stderr.includes(key));
  });
});

describe('a program with a token of an outside issuer', () => {
  const issuer = 'https://kubernetes.example';
  const subject = 'system:serviceaccount:shop:worker';
  const audience = 'api://AzureADTokenExchange';

  async function workloadIdentity(): Promise<Record<string, string>> {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', use: 'sig' }] };
    const path = `${worker.id}/federatedIdentityCredentials/kubernetes`;
    const json = { properties: { issuer, subject, audiences: [audience], jwks } };
    const put = { method: 'PUT', path, json, apiVersion: '2023-01-31' };
    (await instance.owner.arm(put)).expect(200, 201);
    const token = await new SignJWT()
      .setProtectedHeader({ alg: 'RS256', kid: 'k' })
      .setIssuer(issuer)
      .setSubject(subject)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey);
    const file = join(directory, 'federated-token');
    writeFileSync(file, `${token}\n`);
    return {
      AZURE_AUTHORITY_HOST: instance.login,
      AZURE_TENANT_ID: instance.tenantId,
      AZURE_CLIENT_ID: worker.clientId,
      AZURE_FEDERATED_TOKEN_FILE: file,
    };
  }

  test('is its user-assigned identity: Workload, Default, ManagedIdentity credential', async () => {
    const environment = await workloadIdentity();
    await getsSecret('workload', environment);
    await getsSecret('default', environment);
    await getsSecret('managed', { ...environment, IDENTITY_CLIENT_ID: worker.clientId });
  });
});

describe('@azure/arm-msi', () => {
  test('makes, reads, changes, lists and deletes identities and their credentials', async () => {
    const client = new ManagedServiceIdentityClient(
      credential(instance, instance.owner),
      instance.subscriptionId,
      { endpoint: instance.management, credentialScopes: `${instance.management}/.default` },
    );
    const { userAssignedIdentities: identities, federatedIdentityCredentials } = client;
    const made = await identities.createOrUpdate(RESOURCE_GROUP, 'sdk', { location: 'westeurope' });
    assert.equal(made.tenantId, instance.tenantId);
    assert.deepEqual((await identities.get(RESOURCE_GROUP, 'sdk')).principalId, made.principalId);
    const tags = { by: 'sdk' };
    assert.deepEqual((await identities.update(RESOURCE_GROUP, 'sdk', { tags })).tags, tags);
    const inGroup = await collect(identities.listByResourceGroup(RESOURCE_GROUP));
    const all = await collect(identities.listBySubscription());
    for (const list of [inGroup, all]) assert.ok(list.some(({ name }) => name === 'sdk'));
    const trust = { issuer: 'https://issuer.example', subject: 's', audiences: ['a'] };
    const place = [RESOURCE_GROUP, 'sdk', 'trust'] as const;
    await federatedIdentityCredentials.createOrUpdate(...place, trust);
    assert.equal((await federatedIdentityCredentials.get(...place)).subject, 's');
    const trusts = await collect(federatedIdentityCredentials.list(RESOURCE_GROUP, 'sdk'));
    assert.equal(trusts.length, 1);
    await federatedIdentityCredentials.delete(...place);
    const scope = agent.machine.slice(1);
    const own = await client.systemAssignedIdentities.getByScope(scope);
    assert.equal(own.principalId, agent.objectId);
    await identities.delete(RESOURCE_GROUP, 'sdk');
    await assert.rejects(identities.get(RESOURCE_GROUP, 'sdk'), /was not found/);
  });
});

describe('when the machine is deleted', () => {
  test('its agent gets no token any more, and the tokens that it got are refused', async () => {
    const { owner, wire } = instance;
    const url = `${agent.origin}/metadata/identity/oauth2/token`;
    const resource = `https://${instance.vaultSuffix.slice(1)}`;
    const ask = () =>
      fetch(`${url}?api-version=2018-02-01&resource=${encodeURIComponent(resource)}`, {
        headers: { Metadata: 'true' },
      });
    const issued = TOKEN.parse(await (await ask()).json());
    await grant(agent.objectId, ROLES.secretsUser);
    const secret = `${instance.vaultUrl(vault)}/secrets/greeting?api-version=7.6`;
    const open = () => wire.send({ method: 'GET', url: secret, token: issued.access_token });
    (await open()).expect(200);
    const machine = { method: 'DELETE', path: agent.machine, apiVersion: '2024-07-10' };
    (await owner.arm(machine)).expect(200);
    (await open()).expect(401);
  });
});
