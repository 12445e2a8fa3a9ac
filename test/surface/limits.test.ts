// What the listener does with clients that send too much, too slowly, or nothing at all.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseJson, z } from '#kernel';
import { admitToSecrets, createVault } from '#test/kit/estate.ts';
import { type Instance, startInstance } from '#test/kit/instance.ts';
import { openConnection, openSilently } from './socket.ts';

const PATIENCE_MS = 20_000;
const ERROR = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const TOKEN_ERROR = z.object({ error: z.string(), error_description: z.string() });

describe('the listener', { concurrency: true }, () => {
  let instance: Instance;
  let vault: string;

  before(async () => {
    instance = await startInstance();
    vault = await createVault(instance.owner, { model: 'rbac' });
    await admitToSecrets(instance.owner, instance.owner, { name: vault, model: 'rbac' });
  });

  after(() => instance?.stop());

  test('hangs up on a client that never starts TLS', async () => {
    const { closedAfterMs } = await openSilently(instance);
    assert.notEqual(await closedAfterMs(PATIENCE_MS), undefined);
  });

  test('hangs up on a client that sends half a header', async () => {
    const connection = await openConnection(instance);
    connection.write(`GET / HTTP/1.1\r\nHost: ${new URL(instance.login).host}\r\nX-Slow: `);
    assert.notEqual(await connection.closedAfterMs(PATIENCE_MS), undefined);
    assert.ok(!connection.received().includes('200'));
  });

  test('hangs up on a client that sends a header byte by byte', async () => {
    const connection = await openConnection(instance);
    connection.write(`GET / HTTP/1.1\r\nHost: ${new URL(instance.login).host}\r\nX-Slow: `);
    const dripping = setInterval(() => connection.write('x'), 250);
    const closedAfterMs = await connection.closedAfterMs(PATIENCE_MS);
    clearInterval(dripping);
    assert.notEqual(closedAfterMs, undefined);
  });

  test('serves others while slow clients hang on', async () => {
    const slow = await Promise.all(Array.from({ length: 50 }, () => openSilently(instance)));
    const answer = await instance.owner.arm({ path: '/subscriptions', apiVersion: '2022-12-01' });
    answer.expect(200);
    for (const { socket } of slow) socket.destroy();
  });

  test('refuses a header of more than 32 KB', async () => {
    const connection = await openConnection(instance);
    const host = new URL(instance.login).host;
    connection.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nX-Large: ${'x'.repeat(40_000)}\r\n\r\n`);
    await connection.closedAfterMs(5_000);
    assert.match(connection.received(), /^HTTP\/1\.1 431 /);
  });

  test('refuses a body of more than 1 MiB, in the dialect of the vault', async () => {
    const value = 'x'.repeat(1_100_000);
    const path = '/secrets/large';
    const answer = await instance.owner.vault(vault, { method: 'PUT', path, json: { value } });
    assert.ok([400, 413].includes(answer.status), String(answer.status));
    answer.read(ERROR);
  });

  test('refuses a body of more than 1 MiB, in the dialect of Resource Manager', async () => {
    const answer = await instance.owner.arm({
      method: 'PUT',
      path: `/subscriptions/${instance.subscriptionId}/resourceGroups/large`,
      json: { location: 'westeurope', tags: { large: 'x'.repeat(1_100_000) } },
    });
    assert.ok([400, 413].includes(answer.status), String(answer.status));
    answer.read(ERROR);
  });

  test('refuses a body of more than 1 MiB, in the dialect of the token endpoint', async () => {
    const answer = await instance.wire.send({
      method: 'POST',
      url: `${instance.login}/${instance.tenantId}/oauth2/v2.0/token`,
      form: { grant_type: 'client_credentials', scope: 'x'.repeat(1_100_000) },
    });
    assert.equal(answer.status, 413);
    assert.match(answer.read(TOKEN_ERROR).error_description, /^AADSTS90010: /);
  });

  test('counts a chunked body as it comes, whatever its header does not say', async () => {
    const connection = await openConnection(instance);
    const url = new URL(instance.vaultUrl(vault));
    connection.write(
      `PUT /secrets/chunked?api-version=7.6 HTTP/1.1\r\nHost: ${url.host}\r\n` +
        `Authorization: Bearer ${await instance.owner.vaultToken()}\r\n` +
        'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = 'x'.repeat(0x10000);
    for (let sent = 0; sent < 40 && !connection.socket.destroyed; sent += 1) {
      connection.write(`10000\r\n${chunk}\r\n`);
    }
    await connection.expect('HTTP/1.1 4');
    assert.match(connection.received(), /^HTTP\/1\.1 (400|413) /);
    connection.socket.destroy();
  });

  test('answers two requests on one connection in their order', async () => {
    const connection = await openConnection(instance);
    const url = new URL(instance.login);
    const configuration = `/${instance.tenantId}/v2.0/.well-known/openid-configuration`;
    const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`;
    connection.write(request(configuration) + request('/no-such-path'));
    await connection.expect('HTTP/1.1 404');
    assert.match(connection.received(), /^HTTP\/1\.1 200 /);
    connection.socket.destroy();
  });

  test('refuses a request with two different lengths', async () => {
    const connection = await openConnection(instance);
    const host = new URL(instance.login).host;
    connection.write(
      `POST /common/oauth2/v2.0/token HTTP/1.1\r\nHost: ${host}\r\n` +
        'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    );
    await connection.expect('HTTP/1.1 400');
    connection.socket.destroy();
  });

  test('answers for no other name than its own', async () => {
    const connection = await openConnection(instance);
    connection.write('GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n');
    await connection.expect('HTTP/1.1 4');
    assert.match(connection.received(), /^HTTP\/1\.1 (404|421) /);
    connection.socket.destroy();
  });

  test('speaks no TLS below 1.2', async () => {
    const { connect } = await import('node:tls');
    const refused = new Promise<string>((resolve) => {
      const socket = connect({
        host: '127.0.0.1',
        port: instance.port,
        servername: new URL(instance.login).hostname,
        minVersion: 'TLSv1.1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      });
      socket.once('secureConnect', () => resolve('connected'));
      socket.once('error', () => resolve('refused'));
    });
    assert.equal(await refused, 'refused');
  });

  test('says in JSON what is wrong with JSON', async () => {
    const answer = await instance.wire.send({
      method: 'PUT',
      url: `${instance.vaultUrl(vault)}/secrets/broken?api-version=7.6`,
      token: await instance.owner.vaultToken(),
      text: '{"value":',
    });
    assert.equal(answer.status, 400);
    assert.equal(answer.read(ERROR).error.code, 'BadParameter');
    assert.ok(!/at |\.ts|SyntaxError/.test(answer.text), answer.text);
    assert.notEqual(parseJson(answer.text), undefined);
  });
});
