import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoints, planeHosts } from './endpoints.ts';

test('URLs carry the port unless it is 443', () => {
  assert.deepEqual(endpoints({ domain: 'localhost', port: 8443 }), {
    login: 'https://login.localhost:8443',
    management: 'https://management.localhost:8443',
    graph: 'https://graph.localhost:8443',
    portal: 'https://portal.localhost:8443',
    pki: 'https://pki.localhost:8443',
    vaultSuffix: '.vault.localhost:8443',
    vaultResource: 'https://vault.localhost:8443',
  });
  assert.equal(endpoints({ domain: 'kv.example', port: 443 }).login, 'https://login.kv.example');
  assert.equal(endpoints({ domain: 'kv.example', port: 443 }).vaultSuffix, '.vault.kv.example');
});

test('what everybody may know of certificates stands on plain http where that is served', () => {
  const urls = (httpPort: number) => endpoints({ domain: 'd.example', port: 443, httpPort });
  assert.equal(urls(80).pki, 'http://pki.d.example');
  assert.equal(urls(8080).pki, 'http://pki.d.example:8080');
  assert.equal(urls(80).login, 'https://login.d.example');
});

test('a vault’s host ends in the resource’s host, as every SDK demands', () => {
  for (const port of [443, 8443]) {
    const { vaultSuffix, vaultResource } = endpoints({ domain: 'd.example', port });
    const vault = new URL(`https://myvault${vaultSuffix}`);
    assert.ok(vault.host.endsWith(`.${new URL(vaultResource).host}`));
  }
});

test('the planes’ hosts are those of the URLs', () => {
  const { login, management, graph, portal, pki, vaultResource } = endpoints({
    domain: 'd',
    port: 443,
  });
  const named = [login, management, graph, portal, pki, vaultResource].map(
    (url) => new URL(url).host,
  );
  assert.deepEqual(planeHosts('d'), named);
});
