// Starting and stopping: what cannot work is said in one clear sentence, with a non-zero exit, and
// leaves everything as it was.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { z } from '#kernel';
import { admitToSecrets, createVault } from '#test/kit/estate.ts';
import { runCommand, startInstance, temporaryDirectory } from '#test/kit/instance.ts';
import { openConnection } from './socket.ts';

const directories: string[] = [];

function newDirectory(): string {
  const directory = temporaryDirectory();
  directories.push(directory);
  return directory;
}

after(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** Every file with a digest of its content. */
function fingerprint(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true });
  const digests: Record<string, string> = {};
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    if (file.isFile())
      digests[path] = createHash('sha256').update(readFileSync(path)).digest('hex');
  }
  return digests;
}

/** `serve` ends by itself, unhappily, with one sentence and no stack trace. */
async function assertRefusesToStart(flags: readonly string[], expected: RegExp): Promise<void> {
  const finished = await runCommand(['serve', '--host', '127.0.0.1', '--output', 'json', ...flags]);
  assert.notEqual(finished.code, 0);
  assert.equal(finished.stdout, '');
  const lines = finished.stderr.trim().split('\n');
  assert.match(finished.stderr, expected);
  assert.doesNotMatch(finished.stderr, /\n\s+at |node:internal|\.ts:\d+/);
  assert.ok(lines.length <= 2, finished.stderr);
}

async function usedDirectory(): Promise<string> {
  const dataDirectory = newDirectory();
  const instance = await startInstance({ dataDirectory });
  await createVault(instance.owner, { model: 'rbac' });
  assert.equal((await instance.stop()).code, 0);
  return dataDirectory;
}

describe('a start that cannot work', () => {
  test('an occupied port is named, and nothing is changed', async () => {
    const dataDirectory = await usedDirectory();
    const before = fingerprint(dataDirectory);
    const blocker = createServer();
    blocker.listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const address = blocker.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    await assertRefusesToStart(['--data-dir', dataDirectory, '--port', port], new RegExp(port));
    blocker.close();
    assert.deepEqual(fingerprint(dataDirectory), before);
  });

  test('an occupied port at the first start does not spoil the next one', async () => {
    const dataDirectory = newDirectory();
    const blocker = createServer();
    blocker.listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const address = blocker.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    await assertRefusesToStart(['--data-dir', dataDirectory, '--port', port], new RegExp(port));
    blocker.close();
    const instance = await startInstance({ dataDirectory });
    assert.equal((await instance.stop()).code, 0);
  });

  for (const [flags, expected] of [
    [['--port', 'http'], /port/i],
    [['--port', '70000'], /port/i],
    [['--domain', 'not a domain'], /domain/i],
    [['--host', 'nowhere.example'], /host/i],
    [['--output', 'xml'], /output/i],
    [['--no-such-flag'], /no-such-flag/],
    [['--tls-cert', 'missing.pem'], /tls-key/],
    [['--tls-cert', '/missing/c.pem', '--tls-key', '/missing/k.pem'], /missing/],
  ] as const) {
    test(`a bad flag is named: ${flags.join(' ')}`, async () => {
      const dataDirectory = join(newDirectory(), 'data');
      await assertRefusesToStart(['--data-dir', dataDirectory, ...flags], expected);
      assert.ok(!existsSync(dataDirectory), 'nothing is made before everything is checked');
    });
  }

  test('a data directory that is a file is named', async () => {
    const path = join(newDirectory(), 'file');
    writeFileSync(path, 'not a directory');
    await assertRefusesToStart(['--data-dir', path, '--port', '0'], /file/);
    assert.equal(readFileSync(path, 'utf8'), 'not a directory');
  });

  test('a second start on the same directory is refused, and the first goes on', async () => {
    const dataDirectory = newDirectory();
    const instance = await startInstance({ dataDirectory });
    await assertRefusesToStart(
      ['--data-dir', dataDirectory, '--port', '0'],
      /in use|already|another/i,
    );
    const answer = await instance.owner.arm({ path: '/subscriptions', apiVersion: '2022-12-01' });
    answer.expect(200);
    assert.equal((await instance.stop()).code, 0);
    const next = await startInstance({ dataDirectory });
    assert.equal((await next.stop()).code, 0);
  });

  test('a damaged database is refused and left as it is', async () => {
    const dataDirectory = await usedDirectory();
    const database = Object.keys(fingerprint(dataDirectory)).find((path) => isSqlite(path));
    assert.ok(database !== undefined);
    const bytes = readFileSync(database);
    bytes.fill(0x5a, 0, Math.min(bytes.length, 8_192));
    writeFileSync(database, bytes);
    const before = fingerprint(dataDirectory);
    await assertRefusesToStart(['--data-dir', dataDirectory, '--port', '0'], /damaged|database/i);
    assert.deepEqual(fingerprint(dataDirectory), before);
  });

  test('a root key that is not this directory’s is refused and left as it is', async () => {
    const dataDirectory = await usedDirectory();
    const other = await usedDirectory();
    const key = 'root.key';
    cpSync(join(other, key), join(dataDirectory, key));
    const before = fingerprint(dataDirectory);
    await assertRefusesToStart(['--data-dir', dataDirectory, '--port', '0'], /root key|seal/i);
    assert.deepEqual(fingerprint(dataDirectory), before);
  });

  test('a directory whose root key is lost is refused, and no new key is made', async () => {
    const dataDirectory = await usedDirectory();
    rmSync(join(dataDirectory, 'root.key'));
    const before = fingerprint(dataDirectory);
    await assertRefusesToStart(['--data-dir', dataDirectory, '--port', '0'], /root\.key|root key/i);
    assert.deepEqual(fingerprint(dataDirectory), before);
  });
});

function isSqlite(path: string): boolean {
  return readFileSync(path).subarray(0, 15).toString('latin1') === 'SQLite format 3';
}

describe('what a start leaves behind', () => {
  test('standard output carries exactly one line', async () => {
    const instance = await startInstance();
    await createVault(instance.owner, { model: 'rbac' });
    await instance.stop();
    const lines = instance.child.stdout().split('\n');
    assert.equal(lines.length, 2);
    assert.equal(lines[1], '');
  });

  test('no file is readable by anyone else, and none holds a secret in clear', async () => {
    const dataDirectory = newDirectory();
    const instance = await startInstance({ dataDirectory });
    const { owner } = instance;
    const vault = await createVault(owner, { model: 'rbac' });
    await admitToSecrets(owner, owner, { name: vault, model: 'rbac' });
    const value = 'a-value-that-must-not-lie-on-disk-in-clear';
    const name = 'a-name-that-may-be-seen';
    const path = `/secrets/${name}`;
    (await owner.vault(vault, { method: 'PUT', path, json: { value } })).expect(200);
    (await owner.vault(vault, { path })).expect(200);
    const token = await owner.vaultToken();
    await instance.stop();
    const { administratorFile, caFile } = instance;
    for (const file of Object.keys(fingerprint(dataDirectory))) {
      const content = readFileSync(file, 'latin1');
      assert.ok(!content.includes(value), `${file} holds the secret`);
      assert.ok(!content.includes(token), `${file} holds the token`);
      const { clientSecret, password } = instance.administrator;
      if (file !== administratorFile) {
        assert.ok(!content.includes(clientSecret), `${file} holds the client secret`);
        assert.ok(!content.includes(password), `${file} holds the password`);
      }
      if (file !== caFile) assert.equal(statSync(file).mode & 0o077, 0, `${file} is open`);
    }
    const printed = instance.child.stdout() + instance.child.stderr();
    assert.ok(!printed.includes(instance.administrator.clientSecret));
  });

  test('a restart keeps everything: keys, principals, tokens, secrets', async () => {
    const dataDirectory = newDirectory();
    const first = await startInstance({ dataDirectory });
    const vault = await createVault(first.owner, { model: 'rbac' });
    await admitToSecrets(first.owner, first.owner, { name: vault, model: 'rbac' });
    const path = '/secrets/kept';
    const json = { value: 'kept' };
    (await first.owner.vault(vault, { method: 'PUT', path, json })).expect(200);
    const token = await first.owner.vaultToken();
    const { port } = first;
    await first.stop();
    const flags = ['--port', String(port)];
    const second = await startInstance({ dataDirectory, flags });
    assert.equal(second.tenantId, first.tenantId);
    assert.deepEqual(second.administrator, first.administrator);
    const url = `${second.vaultUrl(vault)}${path}?api-version=7.6`;
    const answer = await second.wire.send({ url, token });
    const read = z.object({ value: z.string() });
    assert.equal(answer.expect(200).read(read).value, 'kept');
    await second.stop();
  });
});

describe('an end', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal} lets a running request finish, accepts no more, and exits with 0`, async () => {
      const dataDirectory = newDirectory();
      const instance = await startInstance({ dataDirectory });
      const vault = await createVault(instance.owner, { model: 'rbac' });
      await admitToSecrets(instance.owner, instance.owner, { name: vault, model: 'rbac' });
      const token = await instance.owner.vaultToken();
      const body = JSON.stringify({ value: 'in flight' });
      const url = new URL(instance.vaultUrl(vault));
      const connection = await openConnection(instance);
      connection.write(
        `PUT /secrets/in-flight?api-version=7.6 HTTP/1.1\r\nHost: ${url.host}\r\n` +
          `Authorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
          `Content-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
      );
      // With this word the server says that it has read the head: the request is in flight.
      await connection.expect('HTTP/1.1 100');
      connection.write(body.slice(0, 5));
      instance.child.process.kill(signal);
      await waitUntilRefused(instance.port);
      connection.write(body.slice(5));
      await connection.expect('HTTP/1.1 200');
      assert.equal((await instance.child.exit).code, 0, instance.child.stderr());
      const next = await startInstance({ dataDirectory });
      (await next.owner.vault(vault, { path: '/secrets/in-flight' })).expect(200);
      await next.stop();
    });
  }

  test('an idle connection does not hold up the end', async () => {
    const instance = await startInstance();
    const connection = await openConnection(instance);
    const startedAtMs = performance.now();
    assert.equal((await instance.stop()).code, 0);
    assert.ok(performance.now() - startedAtMs < 3_000);
    connection.socket.destroy();
  });
});

/** Resolves once nobody listens on the port any more. */
async function waitUntilRefused(port: number): Promise<void> {
  const { connect } = await import('node:net');
  for (;;) {
    const refused = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.once('connect', () => {
        socket.destroy();
        resolve(false);
      });
      socket.once('error', () => resolve(true));
    });
    if (refused) return;
  }
}
