import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { AuditDamaged, AuditUnavailable } from '#audit';
import { systemGrant } from '#authorization';
import { ConfigError } from '#config';
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
import {
  type Administrator,
  auditKeyOf,
  type Installation,
  type InstallationInput,
  loadAuditKey,
  openInstallation,
} from './installation.ts';
import { handOver, openAuditLog, readAuditKey } from './installation-audit.ts';
import { readOwnCertificate } from './own-certificate.ts';
import { chooseSeal } from './seal.ts';
import { openServerCertificate, serverNames } from './server-certificate.ts';
import { serverTls } from './server-tls.ts';
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
    const types = owners.map(({ principalType }) => principalType);
    assert.deepEqual(types.toSorted(), ['ServicePrincipal', 'User']);
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

  test('one that was cut short keeps its ids and its audit key', async () => {
    const { input, storage } = await make();
    const kept = () => storage.view(input.systemGrant).get<Installation>('installation');
    let first: Installation | undefined;
    const failing = async (_: Administrator, made: Installation) => {
      assert.deepEqual(await kept(), made, 'kept before anything is handed over');
      first = made;
      throw new Error('disk full');
    };
    await assert.rejects(openInstallation({ ...input, handOver: failing }), /disk full/);
    assert.equal((await kept())?.state, 'making', 'not ready');
    const { state, ...second } = await openInstallation(input);
    assert.equal(state, 'ready');
    assert.deepEqual({ ...second, state: 'making' }, first);
    assert.deepEqual(await loadAuditKey(storage.view(input.systemGrant)), auditKeyOf(second));
  });

  test('two installations have nothing in common', async () => {
    const [one, two] = [await make(), await make()];
    const made = [await openInstallation(one.input), await openInstallation(two.input)];
    for (const name of ['tenantId', 'subscriptionId', 'auditKey'] as const) {
      assert.notEqual(made[0]?.[name], made[1]?.[name]);
    }
    assert.notEqual(one.handed[0]?.password, two.handed[0]?.password);
    assert.notEqual(one.handed[0]?.clientSecret, two.handed[0]?.clientSecret);
  });

  test('an audit key that is not 32 bytes is none', () => {
    for (const bytes of [0, 31, 33]) {
      const auditKey = Buffer.alloc(bytes).toString('base64url');
      assert.throws(() => auditKeyOf({ auditKey }), /is not one/);
    }
    assert.throws(() => auditKeyOf({ auditKey: '!'.repeat(43) }), /is not one/);
  });

  test('hands over a file that only its owner reads, and an audit log that has begun', async () => {
    const dataDirectory = join(directory, 'handed-over');
    const clock = new ManualClock();
    const { input, handed } = await make();
    const installation = await openInstallation({
      ...input,
      handOver: async (administrator, made) => {
        handed.push(administrator);
        await handOver({ dataDirectory }, clock)(administrator, made);
      },
    });
    const path = join(dataDirectory, 'administrator.json');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), handed[0]);
    const log = { config: { dataDirectory }, installation, clock };
    await (await openAuditLog({ ...log, isUsed: true })).close();
    rmSync(join(dataDirectory, 'audit'), { recursive: true });
    await assert.rejects(openAuditLog({ ...log, isUsed: true }), AuditDamaged);
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

  test('what clients are to trust stands in a file, is put back, and is not a key', async () => {
    const { input, storage } = await make();
    const caFile = join(directory, 'trust', 'ca.pem');
    const view = storage.view(input.systemGrant);
    const tls = serverTls({ view, caFile, clock: input.clock, config: { domain: 'localhost' } });
    const first = await tls.load();
    const text = readFileSync(caFile, 'utf8');
    assert.match(text, /^-----BEGIN CERTIFICATE-----/);
    assert.doesNotMatch(text, /PRIVATE/);
    assert.equal(statSync(caFile).mode & 0o777, 0o644);
    writeFileSync(caFile, 'another');
    assert.deepEqual(await tls.load(), first);
    assert.equal(readFileSync(caFile, 'utf8'), text);
    const names = new X509Certificate(first.certificate).subjectAltName ?? '';
    const hosts = ['login', 'management', 'graph', 'portal', 'pki', 'vault', '*.vault'];
    for (const host of hosts) assert.ok(names.includes(`DNS:${host}.localhost`), host);
    assert.match(names, /DNS:localhost(,|$)/);
    assert.match(names, /IP Address:127\.0\.0\.1/);
    const authority = new X509Certificate(text);
    assert.ok(new X509Certificate(first.certificate).verify(authority.publicKey));
  });

  test('half of what an operator would bring, or nonsense, is not served', () => {
    const path = join(directory, 'nonsense.pem');
    writeFileSync(path, 'nonsense');
    assert.equal(readOwnCertificate({ tlsCertFile: path }), undefined);
    assert.equal(readOwnCertificate({ tlsKeyFile: path }), undefined);
    const both = { tlsCertFile: path, tlsKeyFile: path };
    assert.throws(() => readOwnCertificate(both), /does not belong to the certificate/);
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

  test('what lies in the way of a private file is neither written to nor kept', () => {
    const path = join(directory, 'in-the-way.json');
    const victim = join(directory, 'victim');
    writeFileSync(victim, 'untouched', { mode: 0o644 });
    symlinkSync(victim, `${path}.new`);
    writeWhole(path, 'secret', 0o600);
    assert.equal(readFileSync(victim, 'utf8'), 'untouched');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    writeFileSync(`${path}.new`, 'left behind', { mode: 0o666 });
    writeWhole(path, 'again', 0o600);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(existsSync(`${path}.new`), false);
  });

  test('a folder made for a file is for its owner alone', () => {
    writeWhole(join(directory, 'made', 'deeper', 'file'), 'text', 0o644);
    for (const folder of ['made', join('made', 'deeper')]) {
      assert.equal(statSync(join(directory, folder)).mode & 0o777, 0o700, folder);
    }
  });

  test('a file that holds other text is replaced', () => {
    const path = join(directory, 'replaced.pem');
    keepWritten(path, 'one', 0o644);
    keepWritten(path, 'two', 0o644);
    assert.equal(readFileSync(path, 'utf8'), 'two');
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
    writeFileSync(path, 'from another system \r\n');
    assert.equal(readSecretLine(path), 'from another system ', 'its spaces are its own');
    writeFileSync(path, 'no end of line');
    assert.equal(readSecretLine(path), 'no end of line');
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

  test('a port or an address that cannot be had is said with the flag that changes it', () => {
    assert.match(describeStartFailure(coded('EACCES'), address) ?? '', /^127.*above 1023.*--port/);
    assert.match(describeStartFailure(coded('EADDRNOTAVAIL'), address) ?? '', /--host\.$/);
    assert.equal(describeStartFailure(coded('ENOSPC'), address), undefined);
  });

  test('what was refused on purpose is said in its own sentence', () => {
    const sentence = 'It cannot be.';
    const refusals = [
      ...[new StartFailure(sentence), new ConfigError(sentence)],
      ...[new AuditDamaged(sentence), new AuditUnavailable(sentence)],
    ];
    for (const refused of refusals) assert.equal(describeStartFailure(refused, address), sentence);
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
