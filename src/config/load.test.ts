import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { ConfigError } from './config.ts';
import { type ConfigSources, loadConfig } from './load.ts';
import { settings } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-config-'));
after(() => rmSync(folder, { recursive: true }));

function load(sources: Partial<ConfigSources> = {}) {
  return loadConfig({ flags: {}, environment: {}, workingDirectory: '/where', ...sources });
}

function file(content: unknown): string {
  const path = join(folder, `${Math.random()}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function refusal(sources: Partial<ConfigSources>): string {
  try {
    load(sources);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.doesNotMatch(error.message, /\n/, 'one sentence on one line');
    assert.match(error.message, /\.$/);
    return error.message;
  }
  assert.fail('was not refused');
}

describe('defaults', () => {
  it('listen on this machine only', () => {
    assert.deepEqual(load(), {
      dataDirectory: '/where/.strongroom',
      domain: 'localhost',
      host: '127.0.0.1',
      port: 8443,
      issuerReach: 'private',
      output: 'text',
      seal: { kind: 'key-file', path: '/where/.strongroom/root.key' },
    });
  });

  it('cannot be changed once loaded', () => {
    const config = load();
    assert.ok(Object.isFrozen(config));
    assert.ok(Object.isFrozen(config.seal));
  });
});

describe('precedence', () => {
  it('is flag, then variable, then file, then default', () => {
    const config = file({ port: 1, domain: 'file.example', host: '10.0.0.1' });
    const loaded = load({
      flags: { config, port: '3' },
      environment: { STRONGROOM_PORT: '2', STRONGROOM_DOMAIN: 'variable.example' },
    });
    assert.equal(loaded.port, 3);
    assert.equal(loaded.domain, 'variable.example');
    assert.equal(loaded.host, '10.0.0.1');
    assert.equal(loaded.output, 'text');
  });

  it('lets the environment name the file, and a flag name another', () => {
    const one = file({ port: 1001 });
    const two = file({ port: 1002 });
    const environment = { STRONGROOM_CONFIG: one };
    assert.equal(load({ environment }).port, 1001);
    assert.equal(load({ environment, flags: { config: two } }).port, 1002);
  });

  it('reads the machine’s environment when none is handed in', () => {
    process.env.STRONGROOM_PORT = '1234';
    try {
      assert.equal(loadConfig({ flags: {} }).port, 1234);
    } finally {
      delete process.env.STRONGROOM_PORT;
    }
  });
});

describe('paths', () => {
  it('of flags and variables start where one stands, those of the file beside the file', () => {
    const config = file({ dataDirectory: 'data' });
    assert.equal(load({ flags: { config } }).dataDirectory, join(folder, 'data'));
    assert.equal(load({ flags: { dataDirectory: 'data' } }).dataDirectory, '/where/data');
    const environment = { STRONGROOM_DATA_DIR: '../else' };
    assert.equal(load({ environment }).dataDirectory, '/else');
    assert.equal(load({ flags: { dataDirectory: '/abs' } }).dataDirectory, '/abs');
  });

  it('of the default root key follow the data directory', () => {
    const { seal } = load({ flags: { dataDirectory: '/data' } });
    assert.deepEqual(seal, { kind: 'key-file', path: '/data/root.key' });
  });
});

describe('the configuration file', () => {
  it('is refused whole for one setting that does not exist', () => {
    const config = file({ port: 443, prot: 444 });
    assert.match(refusal({ flags: { config } }), /"prot" that does not exist/);
  });

  it('never takes the root key', () => {
    const message = refusal({ flags: { config: file({ rootKey: 'hunter2' }) } });
    assert.match(message, /STRONGROOM_ROOT_KEY/);
    assert.doesNotMatch(message, /hunter2/);
  });

  it('is refused if it is absent, not JSON, not an object, too long, or oddly typed', () => {
    assert.match(refusal({ flags: { config: join(folder, 'absent') } }), /cannot be read/);
    for (const content of ['{', '', '[]', 'null', '"port"', '7']) {
      assert.match(refusal({ flags: { config: file(content) } }), /not a JSON object/);
    }
    const long = file(`{"domain":"${'a'.repeat(70_000)}"}`);
    assert.match(refusal({ flags: { config: long } }), /too long/);
    for (const port of [true, null, {}, [1], '']) {
      assert.match(refusal({ flags: { config: file({ port }) } }), /text or a number/);
    }
  });

  it('cannot smuggle a prototype in', () => {
    const config = file('{"__proto__": {"port": "1"}}');
    assert.match(refusal({ flags: { config } }), /does not exist/);
  });
});

describe('values', () => {
  it('refuse a port that is not 0 to 65535', () => {
    for (const port of ['65536', '-1', '1e3', '0x50', ' 80', '8443.0', 'https', '٣']) {
      assert.match(refusal({ flags: { port } }), /whole number from 0 .* to 65535/);
    }
    assert.equal(load({ flags: { port: '65535' } }).port, 65535);
    assert.equal(load({ flags: { port: '0' } }).port, 0, 'any free port');
  });

  it('ignore what Kubernetes puts into STRONGROOM_PORT for a Service of that name', () => {
    const environment = { STRONGROOM_PORT: 'tcp://10.96.0.1:443' };
    assert.equal(load({ environment }).port, 8443);
    assert.match(refusal({ flags: { port: 'tcp://10.96.0.1:443' } }), /whole number/);
  });

  it('refuse a domain that no certificate or host could carry', () => {
    const bad = ['.', 'a.', '.a', 'a..b', '-a', 'a-', 'a_b', '10.0.0.1', '::1', 'a b', 'a:1'];
    for (const domain of [...bad, `${'a'.repeat(64)}.b`, 'é.example', 'a/b', '*.a']) {
      assert.match(refusal({ flags: { domain } }), /not a DNS name/, domain);
    }
    const long = Array.from({ length: 60 }, () => 'abc').join('.');
    assert.match(refusal({ flags: { domain: long } }), /not a DNS name/);
    assert.equal(load({ flags: { domain: 'Vaults.Example' } }).domain, 'vaults.example');
  });

  it('refuse a host that is not an address', () => {
    for (const host of ['example.com', '127.1', '0x7f.1', '256.0.0.1', '[::1]', '1.2.3.4:80']) {
      assert.match(refusal({ flags: { host } }), /not an address/, host);
    }
    for (const host of ['0.0.0.0', '::', '::1', 'localhost']) {
      assert.equal(load({ flags: { host } }).host, host);
    }
  });

  it('refuse any other output than text and json', () => {
    assert.match(refusal({ flags: { output: 'JSON' } }), /neither "text" nor "json"/);
    assert.equal(load({ flags: { output: 'json' } }).output, 'json');
  });

  it('refuse half a certificate', () => {
    assert.match(refusal({ flags: { tlsCertFile: 'c' } }), /go together/);
    assert.match(refusal({ environment: { STRONGROOM_TLS_KEY: 'k' } }), /go together/);
    const both = load({ flags: { tlsCertFile: 'c' }, environment: { STRONGROOM_TLS_KEY: 'k' } });
    assert.equal(both.tlsCertFile, '/where/c');
    assert.equal(both.tlsKeyFile, '/where/k');
  });

  it('are refused when empty, whichever variable or flag it is', () => {
    for (const { name, variable } of settings) {
      assert.match(
        refusal({ environment: { [variable]: '' } }),
        new RegExp(`^${variable} is empty`),
      );
      if (name !== 'rootKey') assert.match(refusal({ flags: { [name]: '' } }), /needs a value/);
    }
  });

  it('of any kind never throw anything but a ConfigError', () => {
    const text = fc.string();
    const flags = fc.record(
      { port: text, domain: text, host: text, output: text, tlsKeyFile: text },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(flags, (values) => {
        try {
          load({ flags: values });
        } catch (error) {
          assert.ok(error instanceof ConfigError);
        }
      }),
    );
  });
});

describe('the seal', () => {
  it('is one: two sources of a root key are refused', () => {
    const pairs = [
      { flags: { keyFile: 'a', passphraseFile: 'b' } },
      { flags: { keyFile: 'a' }, environment: { STRONGROOM_ROOT_KEY: 'k' } },
      { environment: { STRONGROOM_PASSPHRASE_FILE: 'b', STRONGROOM_ROOT_KEY: 'k' } },
    ];
    for (const sources of pairs) assert.match(refusal(sources), /one root key/);
  });

  it('may be a passphrase file', () => {
    const { seal } = load({ flags: { passphraseFile: 'secret.txt' } });
    assert.deepEqual(seal, { kind: 'passphrase', path: '/where/secret.txt' });
  });

  it('from the environment is handed over, yet a printed Config does not show it', () => {
    const config = load({ environment: { STRONGROOM_ROOT_KEY: 'very-secret' } });
    assert.equal(config.seal.kind === 'environment' && config.seal.read(), 'very-secret');
    assert.doesNotMatch(JSON.stringify(config) + inspect(config, { depth: 9 }), /very-secret/);
  });
});

describe('the HSM', () => {
  const module = { hsmModule: 'lib/p11.so', hsmToken: 'vaults' };

  it('is a module, a token and a PIN from a file', () => {
    const { hsm } = load({ flags: { ...module, hsmPinFile: 'pin' } });
    assert.deepEqual(hsm, {
      module: '/where/lib/p11.so',
      token: 'vaults',
      pin: { kind: 'file', path: '/where/pin' },
    });
    assert.ok(Object.isFrozen(hsm));
  });

  it('takes the PIN from the environment, and a printed configuration does not show it', () => {
    const config = load({ flags: module, environment: { STRONGROOM_HSM_PIN: '914-572' } });
    assert.equal(config.hsm?.pin.kind === 'environment' && config.hsm.pin.read(), '914-572');
    assert.doesNotMatch(inspect(config, { depth: 9 }) + JSON.stringify(config), /914-572/);
  });

  it('never takes the PIN from the configuration file', () => {
    const config = file({ ...module, hsmPin: '914-572' });
    assert.match(refusal({ flags: { config } }), /set STRONGROOM_HSM_PIN instead/);
  });

  it('is refused with half of what it needs', () => {
    const environment = { STRONGROOM_HSM_PIN: '1' };
    assert.match(refusal({ flags: { hsmModule: 'p' }, environment }), /needs --hsm-token/);
    assert.match(refusal({ flags: module }), /needs the PIN/);
    assert.match(refusal({ flags: { ...module, hsmPinFile: 'pin' }, environment }), /the PIN/);
    assert.match(refusal({ flags: { hsmToken: 'vaults' } }), /need --hsm-module/);
    assert.match(refusal({ environment }), /need --hsm-module/);
  });
});

it('plain http and ACME are off unless asked for, and only over addresses that are safe', () => {
  assert.equal(load().httpPort, undefined);
  assert.equal(load().acme, undefined);
  assert.equal(load({ flags: { httpPort: '80' } }).httpPort, 80);
  for (const httpPort of ['0', '-1', '65536', 'x']) {
    assert.throws(() => load({ flags: { httpPort } }), ConfigError, httpPort);
  }
  const acmeDirectory = 'https://acme.example/directory';
  assert.equal(load({ flags: { acmeDirectory } }).acme?.directory, acmeDirectory);
  for (const wrong of [
    ...['acme.example', 'http://acme.example/', 'ftp://localhost/', 'http://127.0.0.2/'],
    ...['https://a:b@acme.example/', 'https://a@acme.example/', 'https://:b@acme.example/'],
  ]) {
    assert.throws(() => load({ flags: { acmeDirectory: wrong } }), ConfigError, wrong);
    assert.throws(
      () => load({ flags: { acmeDirectory, acmeDnsWebhook: wrong } }),
      ConfigError,
      wrong,
    );
  }
  const secret = refusal({ flags: { acmeDirectory: 'https://:hunter2@acme.example/' } });
  assert.doesNotMatch(secret, /hunter2/);
  assert.throws(() => load({ flags: { acmeDnsWebhook: 'https://dns.example/' } }), ConfigError);
  const hook = load({
    flags: { acmeDirectory, acmeDnsWebhook: 'http://127.0.0.1:9/' },
    environment: { STRONGROOM_ACME_DNS_WEBHOOK_TOKEN: 'hook-secret' },
  });
  assert.equal(hook.acme?.dnsWebhook?.readToken(), 'hook-secret');
  assert.doesNotMatch(JSON.stringify(hook), /hook-secret/);
});

it('this machine may be asked over plain http, by each of its names', () => {
  for (const acmeDirectory of ['http://localhost/', 'http://127.0.0.1:14000/', 'http://[::1]/']) {
    assert.equal(load({ flags: { acmeDirectory } }).acme?.directory, acmeDirectory);
  }
});

it('a domain may be as long as a vault of it may be reached under, and no longer', () => {
  // 253 less a vault's name of 24 and `.vault.`
  const domain = (length: number) => `${'a.'.repeat(120).slice(0, length - 1)}b`;
  assert.equal(load({ flags: { domain: domain(221) } }).domain.length, 221);
  assert.equal(load({ flags: { domain: `${'a.'.repeat(110)}bb` } }).domain.length, 222);
  assert.match(refusal({ flags: { domain: domain(223) } }), /not a DNS name/);
  const label = 'a'.repeat(63);
  assert.equal(load({ flags: { domain: label } }).domain, label);
  assert.match(refusal({ flags: { domain: `${label}a` } }), /not a DNS name/);
});

it('what stands in a configuration file is read whichever kind it is, but for secrets', () => {
  for (const setting of settings) {
    const sources = { flags: { config: file({ [setting.name]: 1 }) } };
    if ('environmentOnly' in setting) {
      const message = refusal(sources);
      assert.match(message, new RegExp(`must not hold ${setting.name}: set ${setting.variable}`));
    }
  }
  const config = file({ httpPort: 8080, issuerReach: 'public', keyFile: 'k', output: 'json' });
  const { httpPort, issuerReach, seal, output } = load({ flags: { config } });
  assert.deepEqual([httpPort, issuerReach, output], [8080, 'public', 'json']);
  assert.deepEqual(seal, { kind: 'key-file', path: join(folder, 'k') });
});

it('only a pod’s own port is taken for a link to a Service', () => {
  for (const scheme of ['udp', 'sctp']) {
    const environment = { STRONGROOM_PORT: `${scheme}://10.0.0.1:1` };
    assert.equal(load({ environment }).port, 8443);
  }
  for (const value of ['http://10.0.0.1:1', 'x tcp://10.0.0.1:1', 'tcp:1']) {
    assert.match(refusal({ environment: { STRONGROOM_PORT: value } }), /whole number/);
  }
  const environment = { STRONGROOM_HTTP_PORT: 'tcp://10.0.0.1:1' };
  assert.match(refusal({ environment }), /HTTP port/);
});

it('issuers are asked on public and private networks, and elsewhere only by word', () => {
  assert.equal(load({}).issuerReach, 'private');
  for (const issuerReach of ['public', 'private', 'loopback']) {
    assert.equal(load({ flags: { issuerReach } }).issuerReach, issuerReach);
  }
  for (const issuerReach of ['all', 'Public', 'link-local', '10.0.0.0/8']) {
    assert.throws(() => load({ flags: { issuerReach } }), /--issuer-reach must be/);
  }
});
