// Whoever names an issuer is the attacker here: he wants us to ask what only we can reach.
import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { after, before, beforeEach, test } from 'node:test';
import tls from 'node:tls';
import { createAuthority, issueServerCertificate } from '#cryptography';
import { systemClock as clock } from '#kernel';
import type { Reach } from '#network';
import { type FetchOptions, jsonFetcher } from './fetch-json.ts';

let answer: RequestListener;
let asked = 0;
let server: Server;
let port = 0;

before(async () => {
  const authority = await createAuthority({ clock });
  const names = { names: ['issuer.test'], addresses: ['127.0.0.1'] };
  const certificate = await issueServerCertificate({ ...names, authority, clock });
  tls.setDefaultCACertificates([authority.certificatePem]);
  const { certificatePem: cert, privateKeyPem: key } = certificate;
  server = createServer({ cert, key }, (message, response) => {
    asked += 1;
    answer(message, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' ? (address?.port ?? 0) : 0;
});

after(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  asked = 0;
  answer = (_message, response) => void response.end('{"a":1}');
});

const REFUSED = /no address that issuers may have/;

/** Names lead where the table says, a different place each time it is asked. */
function resolving(
  ...answers: readonly (readonly string[])[]
): NonNullable<FetchOptions['resolve']> {
  let turn = 0;
  return (_name, _options, done) => {
    const addresses = answers[Math.min(turn, answers.length - 1)] ?? [];
    turn += 1;
    done(null, addresses.map(asLookedUp));
  };
}

function asLookedUp(address: string): LookupAddress {
  return { address, family: address.includes(':') ? 6 : 4 };
}

const at = (host: string) => `https://${host}:${port}/keys`;

test('a document is fetched from where its name leads', async () => {
  const fetchJson = jsonFetcher({ reach: 'loopback', resolve: resolving(['127.0.0.1']) });
  assert.deepEqual(await fetchJson(at('issuer.test')), { a: 1 });
  assert.deepEqual(await fetchJson(at('127.0.0.1')), { a: 1 });
  assert.equal(asked, 2);
});

test('an address that is not https is never asked', async () => {
  const fetchJson = jsonFetcher({ reach: 'loopback' });
  await assert.rejects(fetchJson('http://127.0.0.1:1/keys'), /only https/);
  await assert.rejects(fetchJson('file:///etc/passwd'), /only https/);
  await assert.rejects(async () => fetchJson('not a url'), TypeError);
});

for (const reach of ['public', 'private'] as const) {
  test(`this machine is not asked within ${reach}, however it is spelled`, async () => {
    const fetchJson = jsonFetcher({ reach, resolve: resolving(['127.0.0.1']) });
    for (const host of [
      'issuer.test',
      'localhost',
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      '127.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
    ]) {
      await assert.rejects(fetchJson(at(host)), REFUSED, host);
    }
    assert.equal(asked, 0);
  });
}

test('metadata services of clouds are not asked, whatever the operator allows', async () => {
  const reaches: readonly Reach[] = ['public', 'private', 'loopback'];
  for (const reach of reaches) {
    for (const address of ['169.254.169.254', 'fe80::1', 'fd00:ec2::254', '168.63.129.16']) {
      const fetchJson = jsonFetcher({ reach, resolve: resolving([address]) });
      await assert.rejects(fetchJson('https://metadata.test/keys'), REFUSED, address);
      const literal = address.includes(':') ? `[${address}]` : address;
      await assert.rejects(fetchJson(`https://${literal}/keys`), REFUSED, address);
    }
  }
});

test('one forbidden address among allowed ones is enough to ask none', async () => {
  const resolve = resolving(['8.8.8.8', '127.0.0.1']);
  await assert.rejects(jsonFetcher({ reach: 'public', resolve })(at('issuer.test')), REFUSED);
  assert.equal(asked, 0);
});

test('DNS rebinding: what a name led to is looked at, and is what is asked', async () => {
  const resolve = resolving(['127.0.0.1'], ['169.254.169.254']);
  const fetchJson = jsonFetcher({ reach: 'loopback', resolve });
  assert.deepEqual(await fetchJson(at('issuer.test')), { a: 1 });
  await assert.rejects(fetchJson(at('issuer.test')), REFUSED);
  assert.equal(asked, 1);
});

test('a name that leads nowhere is an error', async () => {
  const fetchJson = jsonFetcher({ reach: 'loopback', resolve: resolving([]) });
  await assert.rejects(fetchJson(at('issuer.test')), REFUSED);
  const failing: FetchOptions['resolve'] = (_name, _options, done) => {
    done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []);
  };
  const other = jsonFetcher({ reach: 'loopback', resolve: failing });
  await assert.rejects(other(at('issuer.test')), /no such name/);
});

const open = () => jsonFetcher({ reach: 'loopback', timeoutMs: 300 });

test('no redirect is followed', async () => {
  for (const status of [301, 302, 303, 307, 308]) {
    asked = 0;
    answer = (_message, response) =>
      void response.writeHead(status, { location: at('127.0.0.1') }).end();
    await assert.rejects(open()(at('127.0.0.1')), new RegExp(`answered ${status}`));
    assert.equal(asked, 1);
  }
});

test('what is too large, too slow or no JSON is refused', async () => {
  answer = (_message, response) => void response.end(`"${'a'.repeat(256 * 1024)}"`);
  await assert.rejects(open()(at('127.0.0.1')), /too large/);
  answer = (_message, response) => void response.write('{"a":');
  await assert.rejects(open()(at('127.0.0.1')), /abort|timeout/i);
  answer = () => undefined;
  await assert.rejects(open()(at('127.0.0.1')), /abort|timeout/i);
  answer = (_message, response) => void response.end('<html>');
  await assert.rejects(open()(at('127.0.0.1')));
});

test('a server whose certificate is not for that name is not believed', async () => {
  const fetchJson = jsonFetcher({ reach: 'loopback', resolve: resolving(['127.0.0.1']) });
  await assert.rejects(fetchJson(at('other.test')), /altname|does not match/i);
  assert.equal(asked, 0);
});
