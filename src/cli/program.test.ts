import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { AuditLog, renderAuditEvent } from '#audit';
import type { Config } from '#config';
import { createAuthority, issueServerCertificate } from '#cryptography';
import { ManualClock, systemClock } from '#kernel';
import { buildProgram, type ProgramActions } from './program.ts';
import { renderReadyLine } from './ready.ts';
import { Exit, RecordingTerminal } from './terminal.fixture.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const SUBSCRIPTION = '22222222-2222-4222-8222-222222222222';
const auditKey = Buffer.alloc(32, 5);

let directory = '';
let served: Config[] = [];
let actions: ProgramActions;

beforeEach(() => {
  served = [];
  actions = {
    serve: async (config) => void served.push(config),
    auditKey: async () => auditKey,
    describeFailure: (thrown, { port }) =>
      thrown instanceof TypeError ? undefined : `Sentence about port ${port}.`,
  };
});
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'strongroom-cli-'));
});
after(() => rmSync(directory, { recursive: true }));

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function type(...words: readonly string[]): Promise<Ran> {
  const terminal = new RecordingTerminal();
  let code = 0;
  try {
    await buildProgram(actions, terminal).parseAsync([...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    code = error.code;
  }
  return { code, stdout: terminal.stdout, stderr: terminal.stderr };
}

describe('the words', () => {
  it('that are not known are told with where help is', async () => {
    for (const words of [['frobnicate'], ['serve', '--frob']]) {
      const { code, stderr } = await type(...words);
      assert.equal(code, 2);
      assert.match(stderr, /^error: unknown .*\n+Help: npm run strongroom -- <command> --help\n$/);
    }
  });

  it('--host is where the server listens, for commands that ask it', async () => {
    for (const command of ['hosts', 'explain']) {
      const { stdout } = await type(command, '--help');
      assert.match(stdout, /--host <address> +where the server listens/);
    }
  });
});

describe('strongroom serve', () => {
  it('hands over a config made from its flags', async () => {
    const flags = [
      '--data-dir',
      directory,
      '--port',
      '1',
      '--domain',
      'kv.example',
      '--host',
      '::',
    ];
    const ran = await type('serve', ...flags, '--output', 'json', '--key-file', '/k');
    assert.deepEqual(ran, { code: 0, stdout: '', stderr: '' });
    assert.deepEqual(served, [
      {
        dataDirectory: directory,
        domain: 'kv.example',
        host: '::',
        port: 1,
        issuerReach: 'private',
        output: 'json',
        seal: { kind: 'key-file', path: '/k' },
      },
    ]);
  });

  it('reads --config', async () => {
    const path = join(directory, 'config.json');
    writeFileSync(path, '{"port": 77}');
    await type('serve', '--config', path);
    assert.equal(served[0]?.port, 77);
  });

  it('with a wrong setting does nothing, says why in one line, and exits with 2', async () => {
    const ran = await type('serve', '--port', 'http');
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, /^The port "http" [^\n]+\n$/);
    assert.equal(ran.stdout, '');
    assert.deepEqual(served, []);
  });

  it('with an unknown flag, a missing value or a stray word exits with 2', async () => {
    for (const words of [['--no-such-flag'], ['--port'], ['stray']]) {
      const ran = await type('serve', ...words);
      assert.equal(ran.code, 2, words.join(' '));
      assert.match(ran.stderr, /^error: /);
      assert.equal(ran.stdout, '');
    }
    assert.deepEqual(served, []);
  });

  it('that cannot start exits with 1 and the sentence, without a stack', async () => {
    actions = { ...actions, serve: () => Promise.reject(new Error('EADDRINUSE')) };
    const ran = await type('serve', '--port', '5');
    assert.deepEqual(ran, { code: 1, stdout: '', stderr: 'Sentence about port 5.\n' });
  });

  it('that meets a defect says so, with the stack', async () => {
    actions = { ...actions, serve: () => Promise.reject(new TypeError('x is undefined')) };
    const ran = await type('serve');
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /defect of Strongroom: TypeError: x is undefined\n\s+at /);
  });

  it('has help that names every flag, with examples and exit codes', async () => {
    const { code, stdout } = await type('serve', '--help');
    assert.equal(code, 0);
    for (const flag of ['--data-dir', '--domain', '--host', '--port', '--output', '--tls-cert']) {
      assert.ok(stdout.includes(flag), flag);
    }
    assert.match(stdout, /Examples:/);
    assert.match(stdout, /Exit codes:/);
  });
});

describe('strongroom', () => {
  it('alone, or with an unknown command, exits with 2', async () => {
    assert.equal((await type()).code, 2);
    const unknown = await type('frobnicate');
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /unknown command 'frobnicate'/);
  });

  it('knows its version and lists its commands', async () => {
    const { stdout } = await type('--version');
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
    const help = await type('--help');
    for (const name of ['serve', 'trust', 'hosts', 'audit']) assert.ok(help.stdout.includes(name));
  });
});

describe('strongroom explain', () => {
  it('takes no client address that cannot be', async () => {
    const words = ['explain', '--operation', 'GetSecret', '--scope', '/', '--client-address'];
    const { code, stderr } = await type(...words, '300.1.1.1');
    assert.equal(code, 2);
    assert.match(stderr, /300\.1\.1\.1.*It is an IPv4 or IPv6 address\./);
  });
});

describe('strongroom audit verify', () => {
  let data = '';

  before(async () => {
    data = join(directory, 'audited');
    const log = await AuditLog.open({
      directory: join(data, 'audit'),
      clock: new ManualClock(),
      key: auditKey,
    });
    for (let i = 0; i < 3; i += 1) await log.append(anyEvent());
    await log.close();
  });

  const newest = () => join(data, 'audit', 'audit-000000000001.jsonl');

  it('says that a whole log is whole', async () => {
    const ran = await type('audit', 'verify', '--data-dir', data);
    assert.equal(ran.code, 0);
    assert.match(ran.stdout, /^The audit log is whole: 3 lines in 1 files, up to number 3\.\n$/);
  });

  it('names file and line of what was changed, and exits with 1', async () => {
    const text = readFileSync(newest(), 'utf8');
    const [first = '', second = '', third = ''] = text.split('\n');
    writeFileSync(
      newest(),
      [first, second.replace('SecretGet', 'SecretSet'), third, ''].join('\n'),
    );
    const ran = await type('audit', 'verify', '--data-dir', data);
    assert.equal(ran.code, 1);
    assert.match(ran.stdout, /^audit-000000000001\.jsonl:2: changed: /);
    assert.match(ran.stdout, /NOT whole: 1 problem/);
    writeFileSync(newest(), text);
  });

  it('takes the key from the composition root, and no other will do', async () => {
    actions = { ...actions, auditKey: async () => Buffer.alloc(32) };
    const ran = await type('audit', 'verify', '--data-dir', data);
    assert.equal(ran.code, 1);
    assert.equal(ran.stdout, '');
  });

  it('can begin later where older files were archived', async () => {
    const ran = await type('audit', 'verify', '--data-dir', data, '--from', '2');
    assert.equal(ran.code, 1, 'line 1 is still there');
    assert.equal((await type('audit', 'verify', '--from', '0')).code, 2);
  });
});

function anyEvent() {
  return renderAuditEvent({
    request: {
      id: 'r',
      method: 'GET',
      origin: '',
      hostname: '',
      path: '/',
      query: {},
      queryText: '',
      headers: {},
      clientAddress: '',
      tlsVersion: '',
      receivedAtMs: 0,
      body: async () => Buffer.alloc(0),
    },
    plane: 'vault',
    operation: { name: 'SecretGet', apiVersion: '' },
    principal: undefined,
    grant: undefined,
    resourceId: '',
    objectId: '',
    status: 200,
    errorCode: undefined,
    message: undefined,
    reason: undefined,
    details: {},
    durationMs: 0,
  });
}

describe('strongroom hosts', () => {
  let server: Server;
  let data = '';
  let hostsFile = '';
  let vaults: readonly { readonly name: string }[] = [];
  let nextLink: string | undefined;
  const asked: string[] = [];

  before(async () => {
    data = mkdtempSync(join(tmpdir(), 'strongroom-hosts-'));
    hostsFile = join(data, 'hosts');
    const clock = systemClock;
    const authority = await createAuthority({ clock });
    const { certificatePem, privateKeyPem } = await issueServerCertificate({
      authority,
      clock,
      names: ['login.localhost', 'management.localhost'],
      addresses: [],
    });
    server = createServer({ cert: certificatePem, key: privateKeyPem }, (request, response) => {
      asked.push(`${request.method} ${request.headers.host?.split(':')[0]}${request.url}`);
      response.end(JSON.stringify(answer(request.url ?? '', String(request.headers.host))));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    writeFileSync(join(data, 'ca.pem'), authority.certificatePem);
    writeFileSync(join(data, 'instance.json'), renderReadyLine(readyOn(port)));
    writeFileSync(join(data, 'administrator.json'), '{"clientId":"c","clientSecret":"s"}');
  });
  after(() => {
    server.close();
    rmSync(data, { recursive: true });
  });
  beforeEach(() => {
    vaults = [{ name: 'Beta' }, { name: 'alpha-1' }];
    nextLink = undefined;
    asked.length = 0;
    writeFileSync(hostsFile, '127.0.0.1\tlocalhost\n');
  });

  function readyOn(port: number) {
    const url = (name: string) => `https://${name}.localhost:${port}`;
    return {
      login: url('login'),
      management: url('management'),
      graph: url('graph'),
      portal: url('portal'),
      vaultSuffix: `.vault.localhost:${port}`,
      tenantId: TENANT,
      subscriptionId: SUBSCRIPTION,
      caFile: join(data, 'ca.pem'),
      administratorFile: join(data, 'administrator.json'),
    };
  }

  function answer(url: string, host: string): unknown {
    if (url.includes('/oauth2/')) return { access_token: 'token' };
    if (url.startsWith('/subscriptions?')) return { value: [{ subscriptionId: SUBSCRIPTION }] };
    const [first, ...rest] = vaults;
    if (url.includes('page=2')) return { value: rest };
    return { value: [first], nextLink: nextLink ?? `https://${host}${url}&page=2` };
  }

  const names = ['login', 'management', 'graph', 'pki', 'vault', 'alpha-1.vault', 'beta.vault'];
  const expected = names.map((name) => `127.0.0.1\t${name}.localhost\n`).join('');

  it('prints the planes and every vault that the instance lists, page by page', async () => {
    const ran = await type('hosts', '--data-dir', data);
    assert.deepEqual(ran, { code: 0, stdout: expected, stderr: '' });
    assert.equal(asked[0], `POST login.localhost/${TENANT}/oauth2/v2.0/token`);
    assert.equal(asked.length, 4);
  });

  it('installs them, a second time without a change, and takes them out again', async () => {
    const flags = ['--data-dir', data, '--hosts-file', hostsFile];
    assert.match((await type('hosts', '--install', ...flags)).stdout, /^Wrote 7 entries/);
    const installed = readFileSync(hostsFile, 'utf8');
    assert.ok(installed.startsWith('127.0.0.1\tlocalhost\n') && installed.includes(expected));
    assert.match((await type('hosts', '--install', ...flags)).stdout, /has all 7 entries/);
    assert.equal(readFileSync(hostsFile, 'utf8'), installed);
    assert.equal((await type('hosts', '--remove', ...flags)).code, 0);
    assert.equal(readFileSync(hostsFile, 'utf8'), '127.0.0.1\tlocalhost\n');
  });

  it('keeps installed vaults that it cannot ask about', async () => {
    const flags = ['--data-dir', data, '--hosts-file', hostsFile];
    await type('hosts', '--install', ...flags);
    const installed = readFileSync(hostsFile, 'utf8');
    const ran = await type('hosts', '--install', ...flags, '--host', '::1');
    assert.match(ran.stderr, /vaults are left out, because no server answers/);
    const now = readFileSync(hostsFile, 'utf8');
    assert.ok(now.includes('127.0.0.1\talpha-1.vault.localhost'));
    assert.equal(now.split('\n').length, installed.split('\n').length);
  });

  it('prints the planes, with a note, when no server answers', async () => {
    const ran = await type('hosts', '--data-dir', data, '--host', '::1');
    assert.equal(ran.code, 0);
    assert.match(ran.stderr, /^The vaults are left out, because no server answers\.\n$/);
    assert.equal(ran.stdout.split('\n').length, 6);
  });

  it('writes no name that is not a vault’s, whatever the server says', async () => {
    for (const name of ['a\n10.0.0.1 login.microsoftonline.com', 'a b', 'x', '*', '']) {
      vaults = [{ name }];
      const ran = await type('hosts', '--data-dir', data);
      assert.match(ran.stderr, /vaults are left out/);
      assert.equal(ran.stdout.split('\n').length, 6);
    }
  });

  it('sends its token nowhere else, whatever a page says', async () => {
    nextLink = 'https://evil.example/next';
    const ran = await type('hosts', '--data-dir', data);
    assert.match(ran.stderr, /leads elsewhere/);
  });

  it('trusts no certificate but this instance’s', async () => {
    const other = await createAuthority({ clock: systemClock });
    const path = join(data, 'ca.pem');
    const kept = readFileSync(path);
    writeFileSync(path, other.certificatePem);
    const ran = await type('hosts', '--data-dir', data);
    assert.match(ran.stderr, /vaults are left out/);
    writeFileSync(path, kept);
  });

  it('says what is wrong: no instance has run, no such file', async () => {
    const absent = await type('hosts', '--data-dir', join(data, 'absent'));
    assert.equal(absent.code, 1);
    assert.match(absent.stderr, /^No instance has run in [^\n]+\n$/);
    const flags = ['--data-dir', data, '--hosts-file', join(data, 'absent')];
    const unreadable = await type('hosts', '--install', ...flags);
    assert.equal(unreadable.code, 1);
    assert.match(unreadable.stderr, /cannot be read/);
  });

  it('does one thing: installing and removing at once is refused', async () => {
    assert.equal((await type('hosts', '--install', '--remove')).code, 2);
  });
});
