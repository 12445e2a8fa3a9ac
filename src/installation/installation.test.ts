import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { AuditDamaged } from '#audit';
import { systemGrant } from '#authorization';
import { createAuthority, issueServerCertificate } from '#cryptography';
import { Directory } from '#directory';
import { ManualClock } from '#kernel';
import { Resources } from '#resources';
import {
  openMemoryStorage,
  openStorage,
  type Storage,
  StorageError,
  sqlitePhysical,
  tenantPartition,
} from '#storage';
import { keepWritten, readSecretLine, writeWhole } from './files.ts';
import { type Administrator, type InstallationInput, openInstallation } from './installation.ts';
import { openAuditLog, readAuditKey } from './installation-audit.ts';
import { readOwnCertificate } from './own-certificate.ts';
import { chooseSeal } from './seal.ts';
import { openServerCertificate, serverNames } from './server-certificate.ts';
import { describeStartFailure, StartFailure } from './start-failure.ts';

const directory = mkdtempSync(join(tmpdir(), 'strongroom-installation-'));
after(() => rmSync(directory, { recursive: true }));
const DAY_MS = 86_400_000;

interface Made {
  readonly input: InstallationInput;
  readonly handed: Administrator[];
  readonly storage: Storage;
}

async function make(): Promise<Made> {
  const storage = await openMemoryStorage();
  const handed: Administrator[] = [];
  const input: InstallationInput = {
    storage,
    clock: new ManualClock(),
    domain: 'localhost',
    systemGrant: systemGrant('system/', 'test'),
    tenantGrant: (tenantId) => systemGrant(tenantPartition(tenantId), 'test'),
    handOver: (administrator) => void handed.push(administrator),
  };
  return { input, handed, storage };
}

describe('first start', () => {
  test('makes a tenant, a subscription and Owners at the root, and hands them over', async () => {
    const { input, handed, storage } = await make();
    const { tenantId, subscriptionId } = await openInstallation(input);
    const [administrator] = handed;
    assert.ok(administrator);
    const entra = await Directory.open({ storage, tenantId, clock: input.clock });
    const resources = await Resources.open({ storage, tenantId });
    assert.equal(
      entra.applicationByAppId(administrator.clientId)?.displayName,
      'Strongroom automation',
    );
    assert.equal(
      entra.userByName(administrator.userPrincipalName)?.forceChangePasswordNextSignIn,
      true,
    );
    assert.ok(resources.subscription(subscriptionId));
    const owners = [...resources.roleAssignments().values()].filter(({ scope }) => scope === '/');
    assert.ok(owners.some(({ principalId }) => principalId === administrator.objectId));
    assert.equal(owners.length, 2);
  });

  test('a second start finds the same installation and hands nothing over', async () => {
    const { input, handed } = await make();
    const first = await openInstallation(input);
    assert.deepEqual(await openInstallation(input), first);
    assert.equal(handed.length, 1);
  });

  test('one that was cut short before the hand-over is done again from nothing', async () => {
    const { input, handed, storage } = await make();
    const failing = { ...input, handOver: () => assert.fail('disk full') };
    await assert.rejects(openInstallation(failing), /disk full/);
    const { tenantId } = await openInstallation(input);
    const entra = await Directory.open({ storage, tenantId, clock: input.clock });
    assert.equal(handed.length, 1);
    assert.ok(entra.applicationByAppId(handed[0]?.clientId ?? ''));
    const resources = await Resources.open({ storage, tenantId });
    assert.equal([...resources.roleAssignments().values()].length, 2);
  });

  test('the record that is kept holds no password and no client secret', async () => {
    const { input, handed, storage } = await make();
    await openInstallation(input);
    const kept = JSON.stringify(await storage.view(input.systemGrant).get('installation'));
    assert.equal(kept.includes(handed[0]?.password ?? 'x'), false);
    assert.equal(kept.includes(handed[0]?.clientSecret ?? 'x'), false);
  });
});

describe('audit log', () => {
  test('its key is found beside a running server, and a lost log is refused', async () => {
    const dataDirectory = join(directory, 'audited');
    const seal = { kind: 'key-file', path: join(directory, 'root.key') } as const;
    const config = { dataDirectory, seal };
    const clock = new ManualClock();
    const storage = await openStorage({
      physical: sqlitePhysical({ directory: dataDirectory }),
      keyring: chooseSeal(seal),
      clock,
    });
    const grant = systemGrant('system/', 'test');
    const early = readAuditKey({ config, systemGrant: grant, clock });
    await assert.rejects(early, /No instance was ever started/);
    const installation = await openInstallation({ ...(await make()).input, storage });
    const key = await readAuditKey({ config, systemGrant: grant, clock });
    assert.equal(Buffer.from(key).toString('base64url'), installation.auditKey);
    await assert.rejects(openAuditLog({ config, installation, clock, isUsed: true }), AuditDamaged);
    await (await openAuditLog({ config, installation, clock })).close();
    await (await openAuditLog({ config, installation, clock, isUsed: true })).close();
    await storage.close();
  });
});

describe('server certificate', () => {
  test('is kept while it fits, renewed when due, and the authority stays the same', async () => {
    const { input, storage } = await make();
    const clock = new ManualClock();
    const view = storage.view(input.systemGrant);
    const names = serverNames('localhost', ['127.0.0.1']);
    const first = await openServerCertificate(view, names, clock);
    const again = await openServerCertificate(view, names, clock);
    assert.equal(again.server.certificatePem, first.server.certificatePem);
    clock.advance(300 * DAY_MS);
    const renewed = await openServerCertificate(view, names, clock);
    assert.notEqual(renewed.server.certificatePem, first.server.certificatePem);
    assert.equal(renewed.authorityPem, first.authorityPem);
  });

  test('another domain gets another certificate', async () => {
    const { input, storage } = await make();
    const clock = new ManualClock();
    const view = storage.view(input.systemGrant);
    const first = await openServerCertificate(view, serverNames('localhost', []), clock);
    const other = await openServerCertificate(view, serverNames('vaults.example', []), clock);
    assert.notEqual(other.server.certificatePem, first.server.certificatePem);
  });

  test('one that the operator brings must come with its own key', async () => {
    const clock = new ManualClock(Date.now());
    const authority = await createAuthority({ clock });
    const request = { authority, clock, names: ['a.test'], addresses: [] };
    const [one, two] = [
      await issueServerCertificate(request),
      await issueServerCertificate(request),
    ];
    const [certificate, key, other] = ['c.pem', 'k.pem', 'o.pem'].map((name) =>
      join(directory, name),
    );
    const read = (tlsCertFile = '', tlsKeyFile = '') =>
      readOwnCertificate({ tlsCertFile, tlsKeyFile });
    assert.equal(readOwnCertificate({}), undefined);
    writeFileSync(certificate ?? '', one.certificatePem);
    writeFileSync(key ?? '', one.privateKeyPem);
    writeFileSync(other ?? '', two.privateKeyPem);
    assert.equal(read(certificate, key)?.certificatePem, one.certificatePem);
    assert.throws(() => read(certificate, other), StartFailure);
    assert.throws(() => read(join(directory, 'none'), key), /cannot be read/);
  });
});

describe('files', () => {
  test('a private file is private from the start and replaced as a whole', () => {
    const path = join(directory, 'deep', 'administrator.json');
    writeWhole(path, 'one', 0o600);
    writeWhole(path, 'two', 0o600);
    assert.equal(readFileSync(path, 'utf8'), 'two');
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  test('a file that holds the text already is not touched', () => {
    const path = join(directory, 'ca.pem');
    keepWritten(path, 'text', 0o644);
    const before = statSync(path).ino;
    keepWritten(path, 'text', 0o644);
    assert.equal(statSync(path).ino, before);
  });

  test('a secret file holds exactly one line', () => {
    const path = join(directory, 'passphrase');
    writeFileSync(path, 'correct horse battery\n');
    assert.equal(readSecretLine(path), 'correct horse battery');
    writeFileSync(path, 'two\nlines\n');
    assert.throws(() => readSecretLine(path), /exactly one line/);
    writeFileSync(path, '\n');
    assert.throws(() => readSecretLine(path), /exactly one line/);
    assert.throws(() => readSecretLine(join(directory, 'none')), /cannot be read/);
  });
});

describe('why a start failed', () => {
  const address = { host: '127.0.0.1', port: 8443 };
  const coded = (code: string) => Object.assign(new Error('x'), { code });

  test('an occupied port is one sentence with the port and the flag', () => {
    const sentence = describeStartFailure(coded('EADDRINUSE'), address);
    assert.equal(
      sentence,
      '127.0.0.1:8443 is taken by another program: stop it, or choose another with --port.',
    );
  });

  test('what storage refuses is said in storage’s own sentence', () => {
    const refused = new StorageError('in_use', 'The directory is in use.');
    assert.equal(describeStartFailure(refused, address), 'The directory is in use.');
  });

  test('a defect of the program is not dressed up', () => {
    assert.equal(
      describeStartFailure(new TypeError('undefined is not a function'), address),
      undefined,
    );
    assert.equal(describeStartFailure('text', address), undefined);
  });
});
