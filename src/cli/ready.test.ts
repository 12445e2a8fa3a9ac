import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { CommandFailure } from './command-failure.ts';
import { quoteForShell } from './quote.ts';
import { loadReady, type Ready, renderBanner, renderReadyLine } from './ready.ts';

const directory = mkdtempSync(join(tmpdir(), 'strongroom-cli-'));
after(() => rmSync(directory, { recursive: true }));

const ready: Ready = {
  login: 'https://login.localhost:8443',
  management: 'https://management.localhost:8443',
  graph: 'https://graph.localhost:8443',
  portal: 'https://portal.localhost:8443',
  vaultSuffix: '.vault.localhost:8443',
  tenantId: '11111111-1111-4111-8111-111111111111',
  subscriptionId: '22222222-2222-4222-8222-222222222222',
  caFile: '/data of mine/ca.pem',
  administratorFile: '/data of mine/administrator.json',
};

describe('the ready line', () => {
  it('is one line with exactly the promised fields', () => {
    const line = renderReadyLine({
      ...ready,
      ...{ vaultResource: 'https://vault.localhost:8443' },
    });
    assert.match(line, /^[^\n]+\n$/);
    assert.deepEqual(JSON.parse(line), { event: 'ready', ...ready });
  });

  it('reads back from the data directory', () => {
    writeFileSync(join(directory, 'instance.json'), renderReadyLine(ready));
    assert.deepEqual(loadReady(directory), ready);
  });

  it('that is absent or spoilt is refused in one sentence', () => {
    assert.throws(() => loadReady(join(directory, 'absent')), CommandFailure);
    for (const text of ['', '{}', '{"event":"ready"}', '[]']) {
      writeFileSync(join(directory, 'instance.json'), text);
      assert.throws(() => loadReady(directory), /cannot be understood/);
    }
  });
});

describe('the banner', () => {
  it('names every endpoint, the administrator’s file, and the next commands', () => {
    const banner = renderBanner(ready);
    const { caFile, portal, ...shown } = ready;
    for (const value of Object.values(shown)) assert.ok(banner.includes(value), value);
    assert.match(banner, /trust --data-dir '\/data of mine'/);
    assert.match(banner, /hosts --install --data-dir '\/data of mine'/);
    assert.ok(!banner.includes(portal), 'there is no portal to open yet');
  });
});

describe('the banner’s line about the HSM', () => {
  it('says who holds keys of HSM types', () => {
    assert.match(renderBanner(ready), /HSM {11}none: software holds/);
    assert.match(renderBanner(ready, 'vaults'), /HSM {11}token "vaults"/);
  });
});

describe('a path in a command', () => {
  it('is one word for the shell, whatever is in it', () => {
    assert.equal(quoteForShell('/var/lib/strongroom'), '/var/lib/strongroom');
    assert.equal(quoteForShell('a b'), "'a b'");
    assert.equal(quoteForShell("it's; rm -rf $HOME"), `'it'\\''s; rm -rf $HOME'`);
    assert.equal(quoteForShell(''), "''");
  });
});
