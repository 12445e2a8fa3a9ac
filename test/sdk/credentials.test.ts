// Every credential class of @azure/identity that needs no browser, on a served instance, TLS and
// challenge verification on: each gets a secret from a vault, and is refused when it should be.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  type TokenCredential,
  UsernamePasswordCredential,
  WorkloadIdentityCredential,
} from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';
import type { Caller } from '#test/kit/caller.ts';
import { run } from '#test/kit/children.ts';
import {
  admitToSecrets,
  assignRole,
  createApplication,
  createVault,
  ROLES,
  vaultScope,
} from '#test/kit/estate.ts';
import {
  type ClientCertificate,
  createPerson,
  makeClientCertificate,
  type OutsideIssuer,
  patchApplication,
  registerCertificates,
  trustOutsideIssuer,
} from '#test/kit/identities.ts';
import { type Instance, plainEnvironment } from '#test/kit/instance.ts';
import { credential, startTrustedInstance } from './clients.ts';

const PROGRAM = fileURLToPath(new URL('get-secret-by-default.ts', import.meta.url));
const NAMES = fileURLToPath(new URL('../kit/resolve-names.ts', import.meta.url));
const AZURE_CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const VALUE = 'hello from the vault';

let instance: Instance;
let caller: Caller;
let vault: string;
let certificate: ClientCertificate;
let issuer: OutsideIssuer;

before(async () => {
  instance = await startTrustedInstance();
  const { owner } = instance;
  caller = await createApplication(owner, 'credentials');
  vault = await createVault(owner, { model: 'rbac' });
  await admitToSecrets(owner, caller, { name: vault, model: 'rbac' });
  const json = { value: VALUE };
  (await caller.vault(vault, { method: 'PUT', path: '/secrets/message', json })).expect(200);
  certificate = await makeClientCertificate();
  await registerCertificates(owner, caller, [certificate]);
  issuer = await trustOutsideIssuer(owner, caller);
});

after(() => instance?.stop());

const options = () => ({
  authorityHost: instance.login,
  disableInstanceDiscovery: true,
  retryOptions: { maxRetries: 0 },
});

async function getSecret(by: TokenCredential): Promise<string | undefined> {
  const client = new SecretClient(instance.vaultUrl(vault), by, {
    retryOptions: { maxRetries: 0 },
  });
  return (await client.getSecret('message')).value;
}

test('ClientSecretCredential', async () => {
  assert.equal(await getSecret(credential(instance, caller)), VALUE);
});

describe('ClientCertificateCredential', () => {
  const byCertificate = (pem: string, sendCertificateChain: boolean, tenant = instance.tenantId) =>
    new ClientCertificateCredential(
      tenant,
      caller.credentials.clientId,
      { certificate: pem },
      { ...options(), sendCertificateChain },
    );

  test('without chain: PS256, found by x5t#S256', async () => {
    const pem = certificate.privateKeyPem + certificate.certificatePem;
    assert.equal(await getSecret(byCertificate(pem, false)), VALUE);
  });

  test('with chain: x5c beside it is a hint and no proof', async () => {
    const pem = certificate.privateKeyPem + certificate.chainPem;
    assert.equal(await getSecret(byCertificate(pem, true)), VALUE);
    const other = await makeClientCertificate();
    const forged = other.privateKeyPem + other.chainPem;
    await assert.rejects(getSecret(byCertificate(forged, true)), /AADSTS700027/);
  });

  test('through the tenant `adfs`', async () => {
    const pem = certificate.privateKeyPem + certificate.certificatePem;
    const token = await byCertificate(pem, false, 'adfs').getToken(scope());
    assert.ok(token.token);
  });

  test('the same assertion and jti is sent for every resource until it expires', async () => {
    const pem = certificate.privateKeyPem + certificate.certificatePem;
    const by = byCertificate(pem, false);
    for (const resource of [instance.management, instance.graph, scope().slice(0, -9)]) {
      assert.ok((await by.getToken(`${resource}/.default`)).token);
    }
  });
});

const scope = () => `https://${instance.vaultSuffix.slice(1)}/.default`;

test('ClientAssertionCredential with a token of an outside issuer', async () => {
  const { clientId } = caller.credentials;
  const asserting = (token: () => string) =>
    new ClientAssertionCredential(instance.tenantId, clientId, async () => token(), options());
  assert.equal(await getSecret(asserting(() => issuer.issue())), VALUE);
  const stranger = await trustOutsideIssuer(
    instance.owner,
    await createApplication(instance.owner, 'stranger'),
  );
  await assert.rejects(getSecret(asserting(() => stranger.issue())), /AADSTS700211/);
});

test('WorkloadIdentityCredential: the file may end in a line break', async () => {
  const tokenFilePath = join(instance.dataDirectory, 'workload-token');
  writeFileSync(tokenFilePath, `${issuer.issue()}\n`);
  const by = new WorkloadIdentityCredential({
    ...options(),
    tenantId: instance.tenantId,
    clientId: caller.credentials.clientId,
    tokenFilePath,
  });
  assert.equal(await getSecret(by), VALUE);
});

test('UsernamePasswordCredential', async () => {
  const person = await createPerson(instance.owner);
  const to = { objectId: person.objectId, type: 'User' } as const;
  const scope = vaultScope(instance.owner, vault);
  await assignRole(instance.owner, { to, role: ROLES.secretsUser, scope });
  const by = (password: string) =>
    new UsernamePasswordCredential(
      instance.tenantId,
      AZURE_CLI,
      person.userName,
      password,
      options(),
    );
  assert.equal(await getSecret(by(person.password)), VALUE);
  await assert.rejects(getSecret(by('wrong')), /AADSTS50126/);
});

describe('DefaultAzureCredential and EnvironmentCredential, from environment alone', () => {
  const runProgram = (environment: Readonly<Record<string, string>>) =>
    run(process.execPath, ['--import', NAMES, PROGRAM], {
      env: {
        ...plainEnvironment(),
        NODE_EXTRA_CA_CERTS: instance.caFile,
        STRONGROOM_TEST_DOMAIN: instance.domain,
        AZURE_AUTHORITY_HOST: instance.login,
        AZURE_CLIENT_ID: caller.credentials.clientId,
        VAULT_URL: instance.vaultUrl(vault),
        SECRET_NAME: 'message',
        ...environment,
      },
      limitMs: 60_000,
    });

  async function gets(environment: Readonly<Record<string, string>>): Promise<void> {
    const outcome = await runProgram(environment);
    assert.equal(outcome.stdout, VALUE, outcome.stderr);
  }

  test('tenant `adfs` and a client secret', async () => {
    const AZURE_CLIENT_SECRET = caller.credentials.clientSecret;
    for (const CREDENTIAL of ['default', 'environment']) {
      await gets({ AZURE_TENANT_ID: 'adfs', AZURE_CLIENT_SECRET, CREDENTIAL });
    }
  });

  test('tenant `adfs` and a certificate: PS256 there too', async () => {
    const file = join(instance.dataDirectory, 'client.pem');
    writeFileSync(file, certificate.privateKeyPem + certificate.certificatePem, { mode: 0o600 });
    await gets({ AZURE_TENANT_ID: 'adfs', AZURE_CLIENT_CERTIFICATE_PATH: file });
  });

  test('a federated token file, with the tenant’s own id and nothing else set', async () => {
    const file = join(instance.dataDirectory, 'federated-token');
    writeFileSync(file, issuer.issue());
    const AZURE_TENANT_ID = instance.tenantId;
    await gets({ AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE: file, CREDENTIAL: 'default' });
  });
});

test('a client of several tenants’ names: by GUID, by domain, by `adfs`', async () => {
  const domain = instance.administrator.userPrincipalName.split('@')[1] ?? '';
  for (const tenant of [instance.tenantId, domain, 'adfs']) {
    const token = await credential(instance, caller, { tenant }).getToken(scope());
    assert.ok(token.token, tenant);
  }
});

test('an own application is a resource for @azure/identity as any other', async () => {
  const service = await createApplication(instance.owner, 'service');
  const uri = `api://${service.credentials.clientId}`;
  await assert.rejects(credential(instance, caller).getToken(`${uri}/.default`), /AADSTS500011/);
  await patchApplication(instance.owner, service, { identifierUris: [uri] });
  const token = await credential(instance, caller).getToken(`${uri}/.default`);
  assert.ok(token.token);
});
