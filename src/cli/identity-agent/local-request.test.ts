import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { localRequest, PORT } from './agent.fixture.ts';
import { decideLocal, isLoopback } from './local-request.ts';

const refused = (changes: Parameters<typeof localRequest>[0]) =>
  decideLocal(localRequest(changes), PORT);

describe('a request is answered', () => {
  test('when a program on this machine makes it itself', () => {
    assert.equal(refused({}), undefined);
    for (const host of [`127.0.0.1:${PORT}`, `localhost:${PORT}`, `[::1]:${PORT}`]) {
      assert.equal(refused({ headers: { host } }), undefined, host);
    }
  });
});

describe('a request is refused', () => {
  test('when it came through a proxy, which a program can be made to use (SSRF)', () => {
    for (const name of [
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-proto',
      'x-real-ip',
      'forwarded',
      'via',
    ]) {
      const answer = refused({ headers: { [name]: '' } });
      assert.equal(answer?.status, 400, name);
      assert.match(JSON.stringify(answer?.body), new RegExp(name));
    }
  });

  test('when a browser makes it', () => {
    for (const name of ['origin', 'referer', 'sec-fetch-site']) {
      assert.equal(refused({ headers: { [name]: 'https://evil.example' } })?.status, 400, name);
    }
  });

  test('when it names this machine in another way (DNS rebinding)', () => {
    for (const host of [
      '',
      'evil.example',
      `evil.example:${PORT}`,
      '127.0.0.1',
      `127.0.0.1:${PORT + 1}`,
      `127.0.0.1.evil.example:${PORT}`,
      `localhost.:${PORT}`,
      `127.0.0.1:${PORT}, evil.example`,
    ]) {
      assert.equal(refused({ headers: { host } })?.status, 400, host);
    }
  });

  test('when it comes from another machine', () => {
    for (const remoteAddress of ['10.0.0.1', '192.168.1.2', '::ffff:10.0.0.1', 'fe80::1', '']) {
      assert.equal(refused({ remoteAddress })?.status, 403, remoteAddress);
    }
  });

  test('unless it is a GET', () => {
    for (const method of ['POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', '']) {
      const answer = refused({ method });
      assert.equal(answer?.status, 405, method);
      assert.equal(answer?.headers?.Allow, 'GET');
    }
  });
});

test('loopback is 127.0.0.0/8 and ::1, and nothing that looks like it', () => {
  for (const address of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1']) {
    assert.ok(isLoopback(address), address);
  }
  for (const address of ['0.0.0.0', '::', '128.0.0.1', '1127.0.0.1', '127.0.0.1.evil', '127.1']) {
    assert.ok(!isLoopback(address), address);
  }
});
