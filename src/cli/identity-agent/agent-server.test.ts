import assert from 'node:assert/strict';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { CommandFailure } from '../command-failure.ts';
import { FakeProvider } from './agent.fixture.ts';
import { parseListenAddress, type RunningAgent, startAgentServer } from './agent-server.ts';

describe('--listen', () => {
  test('is a loopback address and a port', () => {
    assert.deepEqual(parseListenAddress('127.0.0.1:40342'), { host: '127.0.0.1', port: 40342 });
    assert.deepEqual(parseListenAddress('[::1]:0'), { host: '::1', port: 0 });
    assert.deepEqual(parseListenAddress('127.9.9.9:65535'), { host: '127.9.9.9', port: 65535 });
  });

  test('refuses every other address, and says why', () => {
    for (const text of ['0.0.0.0:80', '[::]:80', '10.0.0.1:80', '169.254.169.254:80']) {
      assert.throws(() => parseListenAddress(text), /loopback only/, text);
    }
    for (const text of [
      '',
      '80',
      ':80',
      'localhost:80',
      '127.0.0.1',
      '127.0.0.1:65536',
      '::1:80',
    ]) {
      assert.throws(() => parseListenAddress(text), CommandFailure, text);
    }
  });
});

describe('the agent’s listener', () => {
  const provider = new FakeProvider();
  let agent: RunningAgent;

  before(async () => {
    const { tokens, clock, log } = provider;
    agent = await startAgentServer(
      { host: '127.0.0.1', port: 0 },
      {
        ...{ tokens, clock, imds: true },
        workloads: () => {
          throw new Error('the disk is gone');
        },
        log: (line) => log.push(line),
      },
    );
  });
  after(() => agent.close());

  interface Sent {
    readonly path?: string;
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
  }

  function send({ path, method, headers }: Sent = {}) {
    const query = '?api-version=2018-02-01&resource=https%3A%2F%2Fvault.example';
    return new Promise<{ status: number; headers: IncomingHttpHeaders; text: string }>(
      (resolve, reject) => {
        const sent = request({
          host: '127.0.0.1',
          port: agent.port,
          path: path ?? `/metadata/identity/oauth2/token${query}`,
          method: method ?? 'GET',
          headers: { metadata: 'true', ...headers },
        });
        sent.on('error', reject);
        sent.on('response', (answer) => {
          let text = '';
          answer.on('data', (chunk) => {
            text += chunk;
          });
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }),
          );
        });
        sent.end();
      },
    );
  }

  test('answers with a token that nobody may store', async () => {
    const { status, headers } = await send();
    assert.equal(status, 200);
    assert.equal(headers['cache-control'], 'no-store');
    assert.match(headers['content-type'] ?? '', /^application\/json/);
  });

  test('reads paths as clients make them: doubled slashes (Java), one at the end', async () => {
    const query = '?api-version=2018-02-01&resource=https://vault.example';
    for (const path of ['//metadata/identity/oauth2/token', '/metadata/identity/oauth2/token/']) {
      assert.equal((await send({ path: `${path}${query}` })).status, 200, path);
    }
  });

  test('is no proxy: a whole URL in the request line is not followed', async () => {
    const path = 'http://evil.example/metadata/identity/oauth2/token?api-version=1&resource=x';
    assert.equal((await send({ path })).status, 400);
  });

  test('refuses by name, header and method before it looks at anything else', async () => {
    const asked = provider.asked.length;
    assert.equal((await send({ headers: { host: `evil.example:${agent.port}` } })).status, 400);
    assert.equal((await send({ headers: { 'x-forwarded-for': '10.0.0.1' } })).status, 400);
    assert.equal((await send({ method: 'POST' })).status, 405);
    assert.equal((await send({ headers: { 'x-forwarded-for': '' } })).status, 400);
    assert.equal(provider.asked.length, asked);
  });

  test('that fails says so, and why only in its log', async () => {
    const answer = await send({ path: '/msi/token?resource=x' });
    assert.equal(answer.status, 500);
    assert.doesNotMatch(answer.text, /disk/);
    assert.match(provider.log.join(), /the disk is gone/);
  });

  test('refuses headers without end', async () => {
    const socket = connect(agent.port, '127.0.0.1');
    const status = await new Promise<string>((resolve) => {
      socket.on('data', (chunk) => resolve(String(chunk).slice(0, 12)));
      socket.on('error', () => resolve('closed'));
      socket.write(`GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`);
    });
    socket.destroy();
    assert.match(status, /431|closed/);
  });

  test('says which port is taken', async () => {
    const { tokens, clock } = provider;
    const options = { tokens, clock, workloads: () => [], imds: false, log: () => {} };
    const taken = { host: '127.0.0.1', port: agent.port };
    await assert.rejects(startAgentServer(taken, options), /cannot listen on 127\.0\.0\.1/);
  });
});
