import assert from 'node:assert/strict';
import { request as httpsRequest } from 'node:https';
import { connect as tcpConnect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { createAuthority, issueServerCertificate } from '#cryptography';
import { type RawRequest, systemClock } from '#kernel';
import { bindListener, defaultLimits, type Listener, type TlsMaterial } from './listener.ts';
import type { Answer } from './pipeline.ts';

const HOST = '127.0.0.1';
const NAME = 'toy.test';

interface Running {
  readonly listener: Listener;
  readonly authorityPem: string;
  readonly fresh: () => Promise<TlsMaterial>;
}

/** Answers what the path asks for: `/echo` the body, `/slow` when released, anything else facts. */
let release = () => {};
async function toy(request: RawRequest): Promise<Answer> {
  const headers = { 'Content-Type': 'text/plain' };
  if (request.path === '/echo') {
    const body = await request.body().then(
      (bytes) => ({ status: 200, text: Buffer.from(bytes).toString() }),
      (error: Error) => ({ status: 413, text: error.name }),
    );
    return { status: body.status, headers, body: body.text };
  }
  if (request.path === '/slow') {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
  }
  if (request.path === '/empty') return { status: 204, headers: {}, body: '' };
  const { hostname, origin, clientAddress, tlsVersion, query } = request;
  return {
    status: 200,
    headers,
    body: JSON.stringify({ hostname, origin, clientAddress, tlsVersion, query }),
  };
}

async function start(): Promise<Running> {
  const authority = await createAuthority({ clock: systemClock });
  const fresh = async () => {
    const made = await issueServerCertificate({
      authority,
      clock: systemClock,
      names: [NAME],
      addresses: [HOST],
    });
    return { certificate: made.certificatePem, privateKey: made.privateKeyPem };
  };
  const listener = await bindListener({
    host: HOST,
    port: 0,
    clock: systemClock,
    limits: {
      ...defaultLimits,
      headersTimeoutMs: 200,
      requestTimeoutMs: 400,
      bodyBytesMax: 1000,
      headerBytesMax: 4096,
    },
    logError: (_id, cause) => assert.fail(String(cause)),
  });
  listener.serve({
    tls: await fresh(),
    handlers: [(request) => (request.hostname === NAME ? toy(request) : undefined)],
  });
  return { listener, authorityPem: authority.certificatePem, fresh };
}

describe('listener', () => {
  let running: Running;
  before(async () => {
    running = await start();
  });
  after(() => running.listener.close());

  const options = (host = NAME) => ({
    host: HOST,
    port: running.listener.port,
    servername: NAME,
    ca: running.authorityPem,
    headers: { host },
  });

  function send(method: string, path: string, body?: string, host?: string) {
    return new Promise<{ status: number; text: string }>((resolve, reject) => {
      const call = httpsRequest({ ...options(host), method, path }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        );
      });
      call.on('error', reject);
      call.end(body);
    });
  }

  function raw(): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = tlsConnect({ ...options() }, () => resolve(socket));
      socket.on('error', reject);
    });
  }

  const closed = (socket: { on(event: 'close', listener: () => void): unknown }) =>
    new Promise<void>((resolve) => socket.on('close', () => resolve()));

  test('a request reaches the handler with host, address and TLS version understood', async () => {
    const { status, text } = await send('GET', '/?a=1&b=%20', undefined, 'TOY.test:8443');
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(text), {
      hostname: NAME,
      origin: 'https://toy.test:8443',
      clientAddress: HOST,
      tlsVersion: 'TLS1_3',
      query: { a: '1', b: ' ' },
    });
  });

  test('a host that no plane has is 421 and names nothing', async () => {
    const { status, text } = await send('GET', '/', undefined, 'elsewhere.test');
    assert.equal(status, 421);
    assert.equal(text.includes('elsewhere'), false);
  });

  test('a host header that is not a host is 400', async () => {
    assert.equal((await send('GET', '/', undefined, 'a b')).status, 400);
    assert.equal((await send('GET', '/', undefined, 'toy.test/x')).status, 400);
  });

  test('a body up to the limit passes and one byte more is refused', async () => {
    assert.equal((await send('POST', '/echo', 'x'.repeat(1000))).status, 200);
    const { status, text } = await send('POST', '/echo', 'x'.repeat(1001));
    assert.equal(status, 413);
    assert.equal(text, 'BodyTooLarge');
  });

  test('a chunked body past the limit is refused although it declares no length', async () => {
    const socket = await raw();
    socket.write(`POST /echo HTTP/1.1\r\nHost: ${NAME}\r\nTransfer-Encoding: chunked\r\n\r\n`);
    socket.write(`7d0\r\n${'x'.repeat(2000)}\r\n`);
    const answer = await new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(data.toString())),
    );
    assert.match(answer, /^HTTP\/1\.1 413/);
    socket.destroy();
  });

  test('204 carries no body and HEAD gets headers only', async () => {
    assert.deepEqual(await send('GET', '/empty'), { status: 204, text: '' });
    assert.equal((await send('HEAD', '/')).text, '');
  });

  test('headers past the limit are refused', async () => {
    const socket = await raw();
    socket.write(`GET / HTTP/1.1\r\nHost: ${NAME}\r\nX: ${'x'.repeat(9000)}\r\n\r\n`);
    const answer = await new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(data.toString())),
    );
    assert.match(answer, /^HTTP\/1\.1 431/);
    socket.destroy();
  });

  test('two lengths in one request, the start of request smuggling, are refused', async () => {
    const socket = await raw();
    socket.write(
      `POST /echo HTTP/1.1\r\nHost: ${NAME}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    );
    const answer = await new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(data.toString())),
    );
    assert.match(answer, /^HTTP\/1\.1 400/);
    socket.destroy();
  });

  test('what is not TLS is dropped', async () => {
    const socket = tcpConnect(running.listener.port, HOST);
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await closed(socket);
  });

  test('TLS 1.1 is refused', async () => {
    const socket = tlsConnect({ ...options(), minVersion: 'TLSv1', maxVersion: 'TLSv1.1' });
    await assert.rejects(
      new Promise((resolve, reject) => {
        socket.on('secureConnect', resolve);
        socket.on('error', reject);
      }),
    );
  });

  test('a new certificate serves new connections at once', async () => {
    const serial = async () => {
      const socket = await raw();
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      return serialNumber;
    };
    const before = await serial();
    running.listener.useCertificate(await running.fresh());
    assert.notEqual(await serial(), before);
  });

  test('an occupied port rejects with EADDRINUSE', async () => {
    const again = { host: HOST, port: running.listener.port, clock: systemClock };
    await assert.rejects(bindListener({ ...again, limits: defaultLimits, logError: () => {} }), {
      code: 'EADDRINUSE',
    });
  });
});

test('before it serves, a handshake fails instead of showing anything', async () => {
  const listener = await bindListener({
    host: HOST,
    port: 0,
    clock: systemClock,
    limits: defaultLimits,
    logError: () => {},
  });
  const socket = tlsConnect({ host: HOST, port: listener.port, servername: NAME });
  await assert.rejects(
    new Promise((resolve, reject) => {
      socket.on('secureConnect', resolve);
      socket.on('error', reject);
    }),
  );
  await listener.close();
});

test('closing lets the running request finish and accepts nothing more', async () => {
  const { listener, authorityPem } = await start();
  const answer = new Promise<number>((resolve, reject) => {
    const call = httpsRequest(
      {
        host: HOST,
        port: listener.port,
        servername: NAME,
        ca: authorityPem,
        headers: { host: NAME },
        path: '/slow',
        agent: false,
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    call.on('error', reject);
    call.end();
  });
  release = () => {};
  while (release.toString() === '() => {}') await new Promise((resolve) => setImmediate(resolve));
  const done = listener.close();
  release();
  assert.equal(await answer, 200);
  await done;
});
