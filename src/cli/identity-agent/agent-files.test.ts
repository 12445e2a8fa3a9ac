import assert from 'node:assert/strict';
import { createPrivateKey, sign, verify } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { loadConfig } from '#config';
import { ManualClock } from '#kernel';
import { CommandFailure } from '../command-failure.ts';
import { RecordingTerminal } from '../terminal.fixture.ts';
import { AgentFiles, hashSecret } from './agent-files.ts';
import { type RegisterOptions, registerAgent } from './register.ts';
import { runAgent } from './run.ts';
import { addressOf, renderPublicKey } from './upstream.ts';
import { manageWorkload } from './workload.ts';

const parent = mkdtempSync(join(tmpdir(), 'strongroom-agent-test-'));
after(() => rmSync(parent, { recursive: true }));

let files: AgentFiles;
let terminal: RecordingTerminal;
let counter = 0;
beforeEach(() => {
  counter += 1;
  files = new AgentFiles(join(parent, `agent-${counter}`));
  terminal = new RecordingTerminal();
});

const mode = (name: string) => statSync(join(files.directory, name)).mode & 0o777;
const MACHINE =
  '/subscriptions/s/resourceGroups/g/providers/Microsoft.HybridCompute/machines/web-1';
const TENANT = '11111111-1111-4111-8111-111111111111';
const LISTEN = '127.0.0.1:40342';

describe('the agent’s key', () => {
  test('is made once, on P-256, and for its own user only', () => {
    const key = files.key();
    assert.equal(key.asymmetricKeyDetails?.namedCurve, 'prime256v1');
    assert.equal(mode('key.pem'), 0o600);
    assert.equal(statSync(files.directory).mode & 0o777, 0o700);
    const again = createPrivateKey(readFileSync(join(files.directory, 'key.pem')));
    const signature = sign('sha256', Buffer.from('x'), again);
    assert.ok(verify('sha256', Buffer.from('x'), files.key(), signature));
    assert.equal(renderPublicKey(key), renderPublicKey(files.key()));
  });

  test('that others can read, or that is none, is not used', () => {
    files.key();
    const file = join(files.directory, 'key.pem');
    for (const open of [0o640, 0o604, 0o644]) {
      chmodSync(file, open);
      assert.throws(() => files.key(), /open to other users/);
    }
    chmodSync(file, 0o600);
    writeFileSync(file, 'nonsense');
    assert.throws(() => files.key(), /is not a private key/);
  });
});

describe('register', () => {
  const config = loadConfig({ flags: { dataDirectory: parent }, environment: {} });
  const register = (options: Partial<RegisterOptions>) => {
    const known = { machine: MACHINE, login: 'https://login.example', tenant: TENANT };
    return registerAgent(files, { ...known, ...options }, { terminal, config });
  };

  test('notes where, and prints what somebody with the right has to type', async () => {
    await register({ assign: ['/subscriptions/s/x'] });
    assert.deepEqual(files.registration(), {
      login: 'https://login.example',
      tenantId: TENANT,
      machine: MACHINE,
    });
    const key = renderPublicKey(files.key());
    assert.match(terminal.stdout, /az rest --method put --url '\/subscriptions\/s\//);
    assert.ok(terminal.stdout.includes(`"clientPublicKey":"${key}"`));
    assert.ok(terminal.stdout.includes('"type":"SystemAssigned,UserAssigned"'));
    assert.ok(!terminal.stdout.includes('PRIVATE'));
  });

  test('keeps the authority to trust', async () => {
    const file = join(parent, 'ca.pem');
    writeFileSync(file, '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n');
    await register({ caFile: file });
    assert.equal(files.authority(), readFileSync(file, 'utf8'));
    for (const other of [join(parent, 'absent.pem'), join(files.directory, 'key.pem')]) {
      await assert.rejects(register({ caFile: other }), /no certificate in PEM form/);
    }
  });

  test('refuses what cannot be: another resource, no https, no GUID', async () => {
    for (const machine of ['web-1', `${MACHINE}/x`, MACHINE.replace('machines', 'others'), '']) {
      await assert.rejects(register({ machine }), /resource id/, machine);
    }
    await assert.rejects(register({ login: 'http://login.example' }), /https/);
    await assert.rejects(register({ tenant: 'tenant' }), /GUID/);
    assert.equal(files.registration(), undefined);
  });

  test('at once needs an instance on this machine', async () => {
    await assert.rejects(register({ asAdministrator: true }), /No instance has run/);
    assert.equal(files.registration(), undefined);
  });
});

describe('the agent does not start', () => {
  const start = (listen = LISTEN) =>
    runAgent(files, { listen, arcDir: parent }, { terminal, clock: new ManualClock() });

  test('before it is registered, and says how that is done', async () => {
    await assert.rejects(start(), (error: unknown) => {
      assert.ok(error instanceof CommandFailure);
      assert.match(error.message, /not registered yet/);
      assert.match(error.message, /strongroom identity-agent register --machine/);
      return true;
    });
  });

  test('on an address that others reach', async () => {
    await assert.rejects(start('0.0.0.0:40342'), /loopback only/);
  });

  test('with a registration that cannot be read', async () => {
    files.saveAuthority('');
    writeFileSync(join(files.directory, 'registration.json'), '{"login":"http://x"}');
    await assert.rejects(start(), /cannot be understood/);
  });
});

describe('a workload', () => {
  const add = (name: string, options: object = {}) =>
    manageWorkload(files, { name, listen: LISTEN, ...options }, terminal);
  const environment = (name: string) =>
    readFileSync(join(files.directory, `workload-${name}.env`), 'utf8');

  test('gets a secret of its own in a file for its own user, and nowhere else', () => {
    add('web', { identity: ['a', 'b'] });
    assert.equal(mode('workload-web.env'), 0o600);
    assert.equal(mode('workloads.json'), 0o600);
    const secret = /IDENTITY_HEADER=(\S{43})\n/.exec(environment('web'))?.[1] ?? '';
    assert.match(environment('web'), /IDENTITY_ENDPOINT=http:\/\/127\.0\.0\.1:40342\/msi\/token\n/);
    assert.deepEqual(files.workloads(), [
      { name: 'web', secretHash: hashSecret(secret), identities: ['a', 'b'] },
    ]);
    assert.ok(!readFileSync(join(files.directory, 'workloads.json'), 'utf8').includes(secret));
    assert.ok(!terminal.stdout.includes(secret));
  });

  test('made again has another secret, and its file the new one', () => {
    add('web');
    const before = environment('web');
    add('web');
    assert.notEqual(environment('web'), before);
    assert.equal(files.workloads().length, 1);
  });

  test('that is removed leaves nothing', () => {
    add('web');
    add('job');
    add('web', { remove: true });
    assert.deepEqual(
      files.workloads().map(({ name }) => name),
      ['job'],
    );
    assert.throws(() => environment('web'));
    assert.throws(() => add('web', { remove: true }), /There is no workload web/);
  });

  test('has a plain name: no way to another file', () => {
    for (const name of ['', '..', '../x', 'a/b', 'a.b', 'a b', '-a', 'a'.repeat(65)]) {
      assert.throws(() => add(name), CommandFailure, name);
    }
  });
});

test('names under localhost are this machine, whatever the system thinks', () => {
  assert.equal(addressOf('https://login.localhost:8443'), '127.0.0.1');
  assert.equal(addressOf('https://localhost'), '127.0.0.1');
  assert.equal(addressOf('https://login.example'), 'login.example');
  assert.equal(addressOf('https://notlocalhost'), 'notlocalhost');
});
