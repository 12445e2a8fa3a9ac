import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ManualClock } from '#kernel';
import {
  createAuthority,
  isServerCertificateFit,
  issueServerCertificate,
  needsRenewal,
} from './local-authority.ts';

const DAY_MS = 86_400_000;
const clock = new ManualClock();
const authority = await createAuthority({ clock });
const request = {
  authority,
  clock,
  names: ['localhost', '*.vault.localhost', 'Login.Localhost'],
  addresses: ['127.0.0.1', '::1'],
};
const server = await issueServerCertificate(request);
const root = new X509Certificate(authority.certificatePem);
const leaf = new X509Certificate(server.certificatePem);

test('the authority signs itself, names itself, and lives ten years', () => {
  assert.match(root.subject, /^CN=Strongroom local CA [0-9a-f]{8}$/);
  assert.equal(root.issuer, root.subject);
  assert.equal(root.ca, true);
  assert.ok(root.verify(root.publicKey));
  assert.ok(root.checkPrivateKey(createPrivateKey(authority.privateKeyPem)));
  assert.deepEqual(root.publicKey.asymmetricKeyDetails, { namedCurve: 'prime256v1' });
  const days = (root.validToDate.getTime() - clock.now()) / DAY_MS;
  assert.equal(Math.round(days), 3650);
});

test('every installation has an authority of its own', async () => {
  const other = await createAuthority({ clock });
  const otherRoot = new X509Certificate(other.certificatePem);
  assert.notEqual(otherRoot.subject, root.subject);
  assert.notEqual(otherRoot.serialNumber, root.serialNumber);
  assert.equal(leaf.verify(otherRoot.publicKey), false);
});

test('a server certificate chains to its authority and serves exactly the names asked for', () => {
  assert.ok(leaf.checkIssued(root));
  assert.ok(leaf.verify(root.publicKey));
  assert.equal(leaf.ca, false);
  assert.ok(leaf.checkPrivateKey(createPrivateKey(server.privateKeyPem)));
  assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  for (const host of ['localhost', 'my-kv.vault.localhost', 'login.localhost']) {
    assert.ok(leaf.checkHost(host), host);
  }
  for (const host of ['example.com', 'a.b.vault.localhost', 'vault.localhost', 'graph.localhost']) {
    assert.equal(leaf.checkHost(host), undefined, host);
  }
  assert.ok(leaf.checkIP('127.0.0.1'));
  assert.ok(leaf.checkIP('::1'));
  assert.equal(leaf.checkIP('127.0.0.2'), undefined);
});

test('a server certificate lives 397 days and has a fresh key', async () => {
  const lifeMs = leaf.validToDate.getTime() - leaf.validFromDate.getTime();
  assert.equal(lifeMs, 397 * DAY_MS);
  const again = await issueServerCertificate(request);
  assert.notEqual(again.privateKeyPem, server.privateKeyPem);
  assert.notEqual(new X509Certificate(again.certificatePem).serialNumber, leaf.serialNumber);
});

test('serial numbers are positive and at least 64 random bits', () => {
  for (const certificate of [root, leaf]) {
    assert.match(certificate.serialNumber, /^[4-7][0-9A-F]{31}$/);
  }
});

test('a client whose clock runs an hour behind accepts a new certificate', () => {
  assert.ok(leaf.validFromDate.getTime() <= clock.now() - 3_600_000 + 1000);
});

test('a server certificate never outlives its authority', async () => {
  const late = new ManualClock(root.validToDate.getTime() - 10 * DAY_MS);
  const last = await issueServerCertificate({ ...request, clock: late });
  assert.deepEqual(new X509Certificate(last.certificatePem).validToDate, root.validToDate);
  late.advance(10 * DAY_MS);
  await assert.rejects(issueServerCertificate({ ...request, clock: late }), /expired/);
});

test('names that are not plain host names are refused', async () => {
  const bad = [
    '',
    '*',
    'a b',
    'a,DNS:example.com',
    'a\0.example.com',
    'a\n',
    'ä.localhost',
    '-a.localhost',
    'a..b',
    '.a',
    'a.',
    'x.*.localhost',
    '**.localhost',
    'https://localhost',
    `${'a'.repeat(64)}.localhost`,
    `${'a.'.repeat(127)}aa`,
  ];
  for (const name of bad) {
    const issuing = issueServerCertificate({ ...request, names: [name] });
    await assert.rejects(issuing, RangeError, JSON.stringify(name));
  }
  for (const address of ['', '1.2.3', '256.0.0.1', 'localhost', '::1%lo', '10.0.0.0/8']) {
    const issuing = issueServerCertificate({ ...request, addresses: [address] });
    await assert.rejects(issuing, RangeError, address);
  }
  const none = issueServerCertificate({ ...request, names: [], addresses: [] });
  await assert.rejects(none, RangeError);
  const many = Array.from({ length: 101 }, (_, index) => `a${index}.localhost`);
  await assert.rejects(issueServerCertificate({ ...request, names: many }), RangeError);
});

test('an IPv6 address serves in whichever form it was written', async () => {
  const addresses = ['::ffff:10.0.0.1', '2001:DB8::192.0.2.1', 'fe80::1', '1::'];
  const issued = await issueServerCertificate({ ...request, names: [], addresses });
  const certificate = new X509Certificate(issued.certificatePem);
  for (const address of [...addresses, '2001:db8::c000:201']) {
    assert.ok(certificate.checkIP(address), address);
  }
  assert.equal(isServerCertificateFit(issued, { ...request, names: [], addresses }), true);
});

test('an authority with another authority’s key issues nothing', async () => {
  const other = await createAuthority({ clock });
  const mixed = { ...authority, privateKeyPem: other.privateKeyPem };
  const issuing = issueServerCertificate({ ...request, authority: mixed });
  await assert.rejects(issuing, /does not belong/);
});

test('renewal is due after two thirds of the lifetime, not before', () => {
  const later = new ManualClock(clock.now());
  assert.equal(needsRenewal(server.certificatePem, later), false);
  later.advance(264 * DAY_MS);
  assert.equal(needsRenewal(server.certificatePem, later), false);
  later.advance(DAY_MS);
  assert.equal(needsRenewal(server.certificatePem, later), true);
  assert.equal(needsRenewal(server.certificatePem, new ManualClock(0)), true);
  assert.equal(needsRenewal('', clock), true);
  assert.equal(needsRenewal(server.privateKeyPem, clock), true);
});

test('a kept certificate serves on only if key, authority, names and time all fit', async () => {
  assert.equal(isServerCertificateFit(server, request), true);
  const due = new ManualClock(clock.now() + 300 * DAY_MS);
  assert.equal(isServerCertificateFit(server, { ...request, clock: due }), false);
  for (const change of [
    { names: [...request.names, 'portal.localhost'] },
    { names: ['my-kv.vault.localhost'] },
    { addresses: ['10.0.0.1'] },
    { authority: await createAuthority({ clock }) },
    { authority: { ...authority, certificatePem: 'damaged' } },
  ]) {
    assert.equal(isServerCertificateFit(server, { ...request, ...change }), false);
  }
  const strangeKey = { ...server, privateKeyPem: authority.privateKeyPem };
  assert.equal(isServerCertificateFit(strangeKey, request), false);
  assert.equal(isServerCertificateFit({ ...server, certificatePem: '' }, request), false);
});

test('OpenSSL accepts the chain for a server and prints the extensions as intended', (context) => {
  const openssl = (...parameters: string[]) =>
    execFileSync('openssl', parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    openssl('version');
  } catch {
    return context.skip('no openssl command here');
  }
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-x509-'));
  try {
    const rootFile = join(directory, 'root.pem');
    const leafFile = join(directory, 'leaf.pem');
    writeFileSync(rootFile, authority.certificatePem);
    writeFileSync(leafFile, server.certificatePem);
    const at = String(clock.now() / 1000);
    const check = ['-x509_strict', '-purpose', 'sslserver', '-attime', at, '-CAfile', rootFile];
    const host = ['-verify_hostname', 'a.vault.localhost'];
    assert.match(openssl('verify', ...check, ...host, leafFile), /: OK/);
    const strange = ['-verify_hostname', 'example.com'];
    assert.throws(() => openssl('verify', ...check, ...strange, leafFile));
    const rootText = openssl('x509', '-in', rootFile, '-noout', '-text');
    assert.match(rootText, /Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
    assert.match(rootText, /Key Usage: critical\s+Certificate Sign, CRL Sign/);
    assert.match(rootText, /Subject Key Identifier/);
    const leafText = openssl('x509', '-in', leafFile, '-noout', '-text');
    assert.match(leafText, /Basic Constraints: critical\s+CA:FALSE/);
    assert.match(leafText, /Authority Key Identifier/);
    assert.match(leafText, /Signature Algorithm: ecdsa-with-SHA256/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
