// The whole surface of @azure/keyvault-certificates against a served instance, and what its
// certificates are for: TLS servers and clients, and signing an application in.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import { ClientCertificateCredential } from '@azure/identity';
import { CertificateClient } from '@azure/keyvault-certificates';
import { type SecretClient, SecretClient as Secrets } from '@azure/keyvault-secrets';
import {
  exportPkcs8,
  generateKey,
  issueCertificate,
  parseCertificateRequest,
  selfSignCertificate,
  writePem,
} from '#cryptography';
import { z } from '#kernel';
import type { Caller } from '#test/kit/caller.ts';
import { admitToSecrets, createApplication, createVault } from '#test/kit/estate.ts';
import type { Instance } from '#test/kit/instance.ts';
import { collect, credential, secretClient, startTrustedInstance } from './clients.ts';
import { assertRefused } from './refusals.ts';

const POLLING = { intervalInMs: 50 };
const DAY_MS = 86_400_000;
const POLICY = { issuerName: 'Self', subject: 'CN=web' };

const APPLICATIONS = z.object({ value: z.array(z.object({ id: z.string() })) });

let instance: Instance;
let application: Caller;
let vault: string;
let client: CertificateClient;
let secrets: SecretClient;

before(async () => {
  instance = await startTrustedInstance();
  application = await createApplication(instance.owner, 'certificates');
  vault = await createVault(instance.owner, {
    model: 'rbac',
    properties: { softDeleteRetentionInDays: 7 },
  });
  await admitToSecrets(instance.owner, application, { name: vault, model: 'rbac' });
  client = new CertificateClient(instance.vaultUrl(vault), credential(instance, application), {
    retryOptions: { maxRetries: 0 },
  });
  secrets = secretClient(instance, application, vault);
});

after(() => instance?.stop());

async function create(name: string, policy: object = {}) {
  const poller = await client.beginCreateCertificate(name, { ...POLICY, ...policy }, POLLING);
  return await poller.pollUntilDone();
}

/** Key and certificates as PEM, as a server reads them. */
async function pemOf(name: string): Promise<string> {
  const { value = '' } = await secrets.getSecret(name);
  return value;
}

describe('@azure/keyvault-certificates', () => {
  test('its poller creates a certificate, and gets, updates and lists it', async () => {
    const created = await create('web', { certificateTransparency: false });
    assert.equal(created.name, 'web');
    assert.ok(created.cer && new X509Certificate(created.cer).checkIssued);
    const version = created.properties.version ?? '';
    assert.match(version, /^[0-9a-f]{32}$/);
    assert.equal(created.policy?.keyType, 'RSA');
    const updated = await client.updateCertificateProperties('web', version, {
      tags: { a: 'b' },
      enabled: false,
    });
    assert.equal(updated.properties.enabled, false);
    assert.deepEqual(updated.properties.tags, { a: 'b' });
    await assert.rejects(secrets.getSecret('web'), /disabled secret/);
    await client.updateCertificateProperties('web', version, { enabled: true });
    await create('web');
    const versions = await collect(client.listPropertiesOfCertificateVersions('web'));
    assert.equal(versions.length, 2);
    const names = (await collect(client.listPropertiesOfCertificates())).map(({ name }) => name);
    assert.ok(names.includes('web'));
    await client.updateCertificatePolicy('web', {
      ...POLICY,
      validityInMonths: 24,
      lifetimeActions: [{ action: 'AutoRenew', daysBeforeExpiry: 30 }],
    });
    const policy = await client.getCertificatePolicy('web');
    assert.equal(policy.validityInMonths, 24);
    assert.deepEqual(
      policy.lifetimeActions?.map(({ daysBeforeExpiry }) => daysBeforeExpiry),
      [30],
    );
  });

  test('its pollers delete and recover, and backups come back', async () => {
    await create('life');
    const backup = await client.backupCertificate('life');
    await (await client.beginDeleteCertificate('life', POLLING)).pollUntilDone();
    assert.equal((await client.getDeletedCertificate('life')).name, 'life');
    await (await client.beginRecoverDeletedCertificate('life', POLLING)).pollUntilDone();
    await (await client.beginDeleteCertificate('life', POLLING)).pollUntilDone();
    await client.purgeDeletedCertificate('life');
    await assertRefused(client.getDeletedCertificate('life'), {
      status: 404,
      code: 'CertificateNotFound',
    });
    const restored = await client.restoreCertificateBackup(backup ?? new Uint8Array());
    assert.equal(restored.name, 'life');
    assert.match((await secrets.getSecret('life')).value ?? '', /^MII/);
  });

  test('a request is cancelled, looked at and forgotten', async () => {
    const poller = await client.beginCreateCertificate('cancelled', {
      issuerName: 'Unknown',
      subject: 'CN=a',
    });
    const operation = await client.getCertificateOperation('cancelled');
    const begun = operation.getOperationState().certificateOperation;
    assert.equal(begun?.status, 'inProgress');
    await poller.cancelOperation();
    await client.deleteCertificateOperation('cancelled');
    await assertRefused(client.getCertificateOperation('cancelled'), {
      status: 404,
      code: 'PendingCertificateNotFound',
    });
  });

  test('a request that somebody else signs is merged, the chain in any order', async () => {
    await client.beginCreateCertificate('merged', { issuerName: 'Unknown', subject: 'CN=leaf' });
    const poller = await client.getCertificateOperation('merged');
    const { csr = new Uint8Array() } = poller.getOperationState().certificateOperation ?? {};
    const { spki } = await parseCertificateRequest(csr);
    const notBeforeMs = Math.floor(Date.now() / 1000) * 1000 - DAY_MS;
    const times = { notBeforeMs, notAfterMs: notBeforeMs + 30 * DAY_MS };
    const key = await generateKey({ kty: 'EC', crv: 'P-384' });
    const root = await selfSignCertificate({
      profile: {
        subject: 'CN=root',
        basicConstraints: { isAuthority: true },
        keyUsages: ['keyCertSign'],
      },
      key,
      ...times,
    });
    const leaf = await issueCertificate({
      profile: { subject: 'CN=leaf' },
      spki,
      authority: { certificate: root, key },
      ...times,
    });
    const merged = await client.mergeCertificate('merged', [root, leaf]);
    assert.deepEqual(Buffer.from(merged.cer ?? []), leaf);
  });

  test('contacts and issuers are kept; a password is never shown again', async () => {
    const contacts = [{ email: 'a@contoso.com', name: 'A', phone: '1' }];
    await client.setContacts(contacts);
    assert.deepEqual(await client.getContacts(), contacts);
    await client.deleteContacts();
    await client.createIssuer('digicert', 'DigiCert', { accountId: 'me', password: 'sesame' });
    const issuer = await client.getIssuer('digicert');
    assert.equal(issuer.accountId, 'me');
    assert.ok(!JSON.stringify(issuer).includes('sesame'));
    await assert.rejects(create('rejected', { issuerName: 'digicert' }), /no adapter .*DigiCert/);
    const pending = { path: '/certificates/rejected/pending' };
    assert.match((await application.vault(vault, pending)).text, /"status":"failed"/);
    await client.deleteIssuer('digicert');
  });
});

describe('a certificate made in the vault', () => {
  const PEM = { contentType: 'application/x-pem-file' } as const;

  test('serves TLS, and a strict client connects with a certificate of the vault', async () => {
    const names = { dnsNames: ['localhost'] };
    await create('server', { ...PEM, subjectAlternativeNames: names });
    await create('client', { ...PEM, keyType: 'EC', keyCurveName: 'P-256' });
    const [server, user] = [await pemOf('server'), await pemOf('client')];
    const listening = tls.createServer(
      { key: server, cert: server, ca: user, requestCert: true, rejectUnauthorized: true },
      (socket) => socket.end(String(socket.getPeerCertificate().subject.CN)),
    );
    const { promise, resolve } = Promise.withResolvers<void>();
    listening.listen(0, '127.0.0.1', resolve);
    await promise;
    const address = listening.address();
    assert.ok(address !== null && typeof address === 'object');
    const connect = { port: address.port, host: '127.0.0.1', servername: 'localhost', ca: server };
    const socket = tls.connect({ ...connect, key: user, cert: user });
    let said = '';
    for await (const chunk of socket) said += String(chunk);
    assert.equal(said, 'web');
    const uninvited = tls.connect(connect);
    await assert.rejects(async () => {
      for await (const chunk of uninvited) void chunk;
    });
    listening.close();
  });

  test('signs an application in, which then reads the vault: the circle closes', async () => {
    await create('identity', PEM);
    const { cer = new Uint8Array() } = await client.getCertificate('identity');
    const registered = await createApplication(instance.owner, 'with a certificate');
    const { clientId } = registered.credentials;
    const filter = encodeURIComponent(`appId eq '${clientId}'`);
    const found = await instance.owner.graph({ path: `/applications?$filter=${filter}` });
    const [{ id } = { id: '' }] = found.expect(200).read(APPLICATIONS).value;
    const patched = await instance.owner.graph({
      method: 'PATCH',
      path: `/applications/${id}`,
      json: {
        keyCredentials: [
          {
            type: 'AsymmetricX509Cert',
            usage: 'Verify',
            key: Buffer.from(cer).toString('base64'),
          },
        ],
      },
    });
    patched.expect(204);
    await admitToSecrets(instance.owner, registered, { name: vault, model: 'rbac' });
    const signedIn = new ClientCertificateCredential(
      instance.tenantId,
      clientId,
      { certificate: await pemOf('identity') },
      { authorityHost: instance.login, disableInstanceDiscovery: true },
    );
    const reader = new Secrets(instance.vaultUrl(vault), signedIn);
    assert.match((await reader.getSecret('identity')).value ?? '', /BEGIN PRIVATE KEY/);
  });

  test('that is not exportable gives its certificate away and not its key', async () => {
    await create('kept', { ...PEM, exportable: false });
    const text = await pemOf('kept');
    assert.match(text, /BEGIN CERTIFICATE/);
    assert.ok(!text.includes('PRIVATE'));
  });

  test('is imported as PEM and as PFX and comes back as what was asked for', async () => {
    const key = await generateKey({ kty: 'RSA', sizeBits: 2048 });
    const notBeforeMs = Math.floor(Date.now() / 1000) * 1000 - DAY_MS;
    const certificate = await selfSignCertificate({
      profile: { subject: 'CN=imported' },
      ...{ key, notBeforeMs, notAfterMs: notBeforeMs + 30 * DAY_MS },
    });
    const pem = writePem({ privateKey: exportPkcs8(key), certificates: [certificate] });
    const imported = await client.importCertificate('imported', Buffer.from(pem), {
      policy: { ...POLICY, ...PEM },
    });
    assert.deepEqual(Buffer.from(imported.cer ?? []), certificate);
    assert.equal(await pemOf('imported'), pem);
  });
});
