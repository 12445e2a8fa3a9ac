import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from '#config';
import { CommandFailure } from './command-failure.ts';
import { type Ready, renderReadyLine } from './ready.ts';
import { clientOptions, reachable } from './running-instance.ts';

const directory = mkdtempSync(join(tmpdir(), 'strongroom-running-'));
after(() => rmSync(directory, { recursive: true }));

const ready: Ready = {
  login: 'https://login.localhost:8443',
  management: 'https://management.localhost:8443',
  graph: 'https://graph.localhost:8443',
  portal: 'https://portal.localhost:8443',
  vaultSuffix: '.vault.localhost:8443',
  tenantId: '11111111-1111-4111-8111-111111111111',
  subscriptionId: '22222222-2222-4222-8222-222222222222',
  caFile: '/data/ca.pem',
  administratorFile: '/data/administrator.json',
};
const config = (host = '127.0.0.1') =>
  loadConfig({ flags: { dataDirectory: directory, host }, environment: {} });
const write = (name: string, text: string) => writeFileSync(join(directory, name), text);

/** What whoever typed the command is told. */
function failure(): string {
  try {
    clientOptions(config());
  } catch (error) {
    assert.ok(error instanceof CommandFailure, String(error));
    return error.message;
  }
  return assert.fail('was not refused');
}

test('a server that listens everywhere is reached on this machine', () => {
  assert.equal(reachable('0.0.0.0'), '127.0.0.1');
  assert.equal(reachable('localhost'), '127.0.0.1');
  assert.equal(reachable('::'), '::1');
  for (const host of ['127.0.0.1', '::1', '10.0.0.1']) assert.equal(reachable(host), host);
});

test('each thing that is missing is named, and no secret is repeated', () => {
  assert.match(failure(), /^No instance has run in /);
  const broken = ['', '{', '[]', JSON.stringify({ ...ready, login: 'nowhere' })];
  for (const text of broken) {
    write('instance.json', text);
    assert.match(failure(), /instance\.json cannot be understood/, text);
  }
  write('instance.json', JSON.stringify({ ...ready, vaultSuffix: '.evil.example' }));
  assert.match(failure(), /cannot be understood/);
  write('instance.json', renderReadyLine(ready));
  assert.match(failure(), /^There is no CA in /);
  write('ca.pem', 'nothing');
  assert.match(failure(), /ca\.pem holds no certificate/);
  write('ca.pem', '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n');
  for (const text of ['', '{"clientId":"a"', '{"clientId":"a","clientSecret":7,"x":"hunter2"}']) {
    write('administrator.json', text);
    const message = failure();
    assert.match(message, /administrator\.json cannot be read; put it back/);
    assert.doesNotMatch(message, /hunter2/);
  }
});

test('with all of it the administrator’s application is who asks', () => {
  const credentials = { clientId: 'id', clientSecret: 'secret' };
  write('instance.json', renderReadyLine(ready));
  write('ca.pem', '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n');
  write('administrator.json', JSON.stringify({ ...credentials, password: 'of the person' }));
  const options = clientOptions(config('0.0.0.0'));
  assert.deepEqual(options.credentials, credentials, 'nothing more than is needed');
  assert.deepEqual(options.ready, ready);
  assert.equal(options.address, '127.0.0.1');
  assert.match(options.authorities[0] ?? '', /BEGIN CERTIFICATE/);
});
