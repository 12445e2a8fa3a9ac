import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { systemGrant } from '#authorization';
import { buildCertificateRequest, exportPkcs8, generateKey, readCertificate } from '#cryptography';
import { hasOpenssl, openssl, opensslBytes, pem } from '#test/kit/openssl.ts';
import {
  createAuthority,
  listAuthorities,
  loadAuthority,
  loadSettings,
  renewIntermediate,
} from './authorities.ts';
import { DAY_MS, leafKey, leafProfile, openTestAuthority } from './authority.fixture.ts';
import { findIssued, issueOnce, listIssued, revoke } from './issued.ts';
import { maintainAuthority } from './maintenance.ts';
import { answerOcsp, currentRevocationList } from './revocation-status.ts';
import { exportRootKey, importRootKey, removeRootKey } from './root-key.ts';
import { strongroomProvider } from './strongroom-provider.ts';

const serialOf = async (der: Uint8Array) => (await readCertificate(der)).serialNumber;

test('the root signs intermediates only, the intermediate leaves only', async () => {
  const { view, issue } = await openTestAuthority();
  const [root, intermediate] = await listAuthorities(view);
  assert.ok(root && intermediate);
  const [leaf, second, third] = await issue();
  assert.ok(leaf && second && third);
  assert.equal(second.toString('base64'), intermediate.certificate);
  assert.equal(third.toString('base64'), root.certificate);
  const [l, i, r] = [leaf, second, third].map((der) => new X509Certificate(der));
  assert.ok(l && i && r);
  assert.ok(l.checkIssued(i) && l.verify(i.publicKey) && !l.ca);
  assert.ok(i.checkIssued(r) && i.verify(r.publicKey) && i.ca);
  assert.equal((await readCertificate(second)).basicConstraints?.pathLength, 0);
  assert.equal((await readCertificate(third)).basicConstraints?.pathLength, 1);
});

test('OpenSSL accepts the chain, the list and the answer, and refuses what was revoked', {
  skip: !hasOpenssl,
}, async () => {
  const { view, issue, context, clock } = await openTestAuthority();
  const [good, intermediate, root] = await issue();
  const [bad] = await issue();
  assert.ok(good && bad && intermediate && root);
  await revoke(view, { serialNumber: await serialOf(bad), reason: 'keyCompromise' }, context);
  const lists = await Promise.all(
    ['intermediate-1', 'root'].map((name) => currentRevocationList(view, name, context)),
  );
  const crls = lists.map((one) => pem(Buffer.from(one?.list ?? '', 'base64'), 'X509 CRL')).join('');
  const files = {
    'root.pem': root,
    'middle.pem': intermediate,
    'good.pem': good,
    'bad.pem': bad,
    crls: Buffer.from(crls),
  };
  const at = `-attime ${clock.now() / 1000 + 5}`;
  const chain = '-CAfile {root.pem} -untrusted {middle.pem}';
  const verify = (leaf: string) =>
    openssl({
      call: `verify -x509_strict ${at} -crl_check_all -CRLfile {crls} ${chain} {${leaf}}`,
      files,
    });
  assert.match(verify('good.pem'), /OK/);
  assert.throws(() => verify('bad.pem'), /certificate revoked/);
  const certificates = '-issuer {middle.pem} -cert {good.pem} -cert {bad.pem}';
  const request = opensslBytes({ call: `ocsp ${certificates} -reqout {out}`, files });
  const response = await answerOcsp(view, request, context);
  const times = `${at} -validity_period 2000000000 -no_nonce`;
  const trust = '-CAfile {root.pem} -verify_other {middle.pem}';
  const printed = openssl({
    call: `ocsp ${times} ${certificates} -reqin {q} -respin {r} ${trust}`,
    files: { ...files, q: request, r: response },
  });
  assert.match(printed, /good.pem: good/);
  assert.match(printed, /bad.pem: revoked/);
  assert.match(printed, /Reason: keyCompromise/);
});

test('a serial that was never issued is unknown; another issuer’s gets no answer', {
  skip: !hasOpenssl,
}, async () => {
  const [ours, theirs] = [await openTestAuthority(), await openTestAuthority()];
  const [, intermediate, root] = await ours.issue();
  const [stranger, strange] = await theirs.issue();
  assert.ok(intermediate && root && stranger && strange);
  const ask = async (issuer: Buffer, serial: string) => {
    const files = { 'i.pem': issuer };
    const call = `ocsp -issuer {i.pem} -serial 0x${serial} -reqout {out}`;
    const der = await answerOcsp(ours.view, opensslBytes({ call, files }), ours.context);
    if (der.length < 10) return der.toString('hex');
    return openssl({ call: 'ocsp -respin {r} -resp_text -noverify', files: { r: der } });
  };
  assert.match(await ask(intermediate, '4711'), /Cert Status: unknown/);
  assert.match(await ask(intermediate, await serialOf(stranger)), /Cert Status: unknown/);
  assert.equal(await ask(strange, '4711'), '30030a0106');
  assert.match(await ask(root, '4711'), /Cert Status: unknown/);
  assert.match(await ask(root, await serialOf(intermediate)), /Cert Status: good/);
});

test('malformed, oversized and empty questions get OCSP’s own refusal', async () => {
  const { view, context } = await openTestAuthority();
  for (const der of [Buffer.alloc(0), Buffer.from('junk'), Buffer.alloc(10_000, 0x30)]) {
    assert.equal((await answerOcsp(view, der, context)).toString('hex'), '30030a0101');
  }
});

test('a revocation shows at once and stays, with its first reason, until the end', async () => {
  const { view, issue, context, clock } = await openTestAuthority();
  const [leaf] = await issue();
  assert.ok(leaf);
  const serialNumber = await serialOf(leaf);
  const before = await currentRevocationList(view, 'intermediate-1', context);
  assert.equal(
    await currentRevocationList(view, 'intermediate-1', context).then((l) => l?.number),
    1,
  );
  await revoke(view, { serialNumber, reason: 'superseded' }, context);
  const again = await revoke(
    view,
    { serialNumber: serialNumber.toUpperCase(), reason: 'keyCompromise' },
    context,
  );
  assert.equal(again.revocation?.reason, 'superseded');
  const after = await currentRevocationList(view, 'intermediate-1', context);
  assert.equal(before?.number, 1);
  assert.equal(after?.number, 2);
  const has = (list: string | undefined) =>
    Buffer.from(list ?? '', 'base64').includes(Buffer.from(serialNumber, 'hex'));
  assert.equal(has(before?.list), false);
  assert.equal(has(after?.list), true);
  clock.advance(2 * DAY_MS);
  const later = await currentRevocationList(view, 'intermediate-1', context);
  assert.equal(later?.number, 3);
  assert.equal(has(later?.list), true);
  clock.advance(370 * DAY_MS);
  const ended = await currentRevocationList(view, 'intermediate-1', context);
  assert.equal(has(ended?.list), false, 'what has ended is not listed any more');
  await assert.rejects(revoke(view, { serialNumber: 'ab', reason: 'unspecified' }, context), {
    code: 'notFound',
  });
  const strange = { serialNumber: '../settings', reason: 'unspecified' } as const;
  await assert.rejects(revoke(view, strange, context), { code: 'notFound' });
});

test('a request is issued once, also when asked twice at the same time', async () => {
  const { view, context } = await openTestAuthority();
  const csr = await buildCertificateRequest({ profile: leafProfile, key: leafKey });
  const order = { requestId: 'one', csr, validityMonths: 12 };
  const chains = await Promise.all([1, 2, 3].map(() => issueOnce(view, order, context)));
  chains.push(await issueOnce(view, order, context));
  assert.equal(new Set(chains.map(([leaf]) => leaf?.toString('hex'))).size, 1);
  assert.equal((await listIssued(view, { limit: 10 })).length, 1);
  const other = await buildCertificateRequest({ profile: { subject: 'CN=x' }, key: leafKey });
  await assert.rejects(issueOnce(view, { ...order, csr: other }, context), { code: 'refused' });
});

test('what it issued is listed page by page, and found', async () => {
  const { view, issue } = await openTestAuthority();
  const serials = new Set<string>();
  for (const _ of [1, 2, 3, 4, 5]) serials.add(await serialOf((await issue())[0] ?? Buffer.of()));
  const first = await listIssued(view, { limit: 3 });
  const after = first.at(-1)?.serialNumber ?? '';
  const rest = await listIssued(view, { limit: 3, after });
  assert.deepEqual(new Set([...first, ...rest].map(({ serialNumber }) => serialNumber)), serials);
  assert.equal((await findIssued(view, after.toUpperCase()))?.serialNumber, after);
});

test('validity never reaches beyond the issuer’s, and months are calendar months', async () => {
  const { view, issue, clock } = await openTestAuthority({ startMs: Date.UTC(2028, 0, 31, 12) });
  const endOf = async (validityMonths: number) => {
    const [leaf] = await issue({ validityMonths });
    return new Date((await readCertificate(leaf ?? Buffer.of())).notAfterMs).toISOString();
  };
  assert.equal(await endOf(1), '2028-02-29T12:00:00.000Z');
  assert.equal(await endOf(12), '2029-01-31T12:00:00.000Z');
  const issuer = await loadAuthority(view, 'intermediate-1');
  assert.equal(await endOf(240), new Date(issuer.notAfterMs).toISOString());
  for (const validityMonths of [0, -1, 1.5, 2000]) {
    await assert.rejects(issue({ validityMonths }), { code: 'refused' });
  }
  clock.advance(6 * 365 * DAY_MS);
  await assert.rejects(issue(), { code: 'refused' });
});

test('nobody gets a certificate with which he could speak for the authority', async () => {
  const { view, issue } = await openTestAuthority();
  const { subject } = await loadAuthority(view, 'intermediate-1');
  for (const change of [
    { subject },
    { subject: subject.toUpperCase() },
    { basicConstraints: { isAuthority: true } },
    { basicConstraints: { isAuthority: true, pathLength: 0 } },
    { extendedKeyUsages: ['1.3.6.1.5.5.7.3.9'] },
  ]) {
    const profile = { ...leafProfile, ...change };
    await assert.rejects(issue({ profile }), { code: 'refused' }, JSON.stringify(change));
  }
  const keyUsages = ['digitalSignature', 'cRLSign', 'keyCertSign'] as const;
  const [leaf] = await issue({ profile: { ...leafProfile, keyUsages } });
  assert.deepEqual((await readCertificate(leaf ?? Buffer.of())).keyUsages, ['digitalSignature']);
});

test('names outside the constraints are refused before anything is signed', async () => {
  const constraints = {
    permitted: { dnsDomains: ['contoso.com'], ipRanges: ['10.0.0.0/8'] },
    excluded: { dnsDomains: ['secret.contoso.com'] },
  };
  const { view, issue, context } = await openTestAuthority({ constraints });
  await issue();
  for (const alternativeNames of [
    { dnsNames: ['www.evil.example'] },
    { dnsNames: ['a.secret.contoso.com'] },
    { ipAddresses: ['11.0.0.1'] },
    { ipAddresses: ['::1'] },
    { emails: ['a@evil.example'] },
  ]) {
    const profile = { subject: 'CN=x', alternativeNames };
    await assert.rejects(
      issue({ profile }),
      /name constraints do not permit/,
      JSON.stringify(alternativeNames),
    );
  }
  assert.equal((await listIssued(view, { limit: 10 })).length, 1);
  const next = await renewIntermediate(view, context);
  const read = await readCertificate(Buffer.from(next.certificate, 'base64'));
  assert.deepEqual(read.nameConstraints, constraints);
});

test('no way of writing a name gets it past the constraints', async () => {
  const excluded = { dnsDomains: ['secret.contoso.com'], ipRanges: ['10.0.0.0/8'] };
  const { issue } = await openTestAuthority({ constraints: { excluded } });
  const names: readonly object[] = [
    { dnsNames: ['SECRET.Contoso.COM'] },
    { dnsNames: ['*.contoso.com'] },
    { dnsNames: ['*.secret.contoso.com'] },
    { emails: ['a@SECRET.contoso.com'] },
    { upns: ['a@secret.contoso.com.'] },
    { uris: ['https://secret.contoso.com./'] },
    { uris: ['https://10.0.0.1/'] },
    { ipAddresses: ['::ffff:10.0.0.1'] },
  ];
  const subjects = ['secret.contoso.com.', 's*t.contoso.com', '*.contoso.com', '10.0.0.1'];
  for (const [subject, alternativeNames] of [
    ...names.map((each) => ['CN=x', each] as const),
    ...subjects.map((each) => [`CN=${each}`, {}] as const),
  ]) {
    const text = JSON.stringify([subject, alternativeNames]);
    await assert.rejects(
      issue({ profile: { subject, alternativeNames } }),
      /name constraints do not permit/,
      text,
    );
  }
  await issue({ profile: { subject: 'CN=*.www.contoso.com' } });
});

test('nobody gets a certificate in which this service itself is named', async () => {
  const { issue } = await openTestAuthority();
  for (const name of ['login.example', '*.example', 'a.vault.example', '*.vault.example']) {
    const profile = { subject: 'CN=x', alternativeNames: { dnsNames: [name] } };
    await assert.rejects(issue({ profile }), /a name of this service/, name);
  }
  await issue({ profile: { subject: 'CN=x', alternativeNames: { dnsNames: ['www.example'] } } });
});

test('with the root offline the intermediate issues on, but no new one is made', async () => {
  const { view, issue, context } = await openTestAuthority();
  const key = await exportRootKey(view);
  assert.match(key, /^-----BEGIN PRIVATE KEY-----\n/);
  await removeRootKey(view, context);
  assert.equal((await loadAuthority(view, 'root')).key, undefined);
  await issue();
  await assert.rejects(exportRootKey(view), { code: 'rootOffline' });
  await assert.rejects(renewIntermediate(view, context), { code: 'rootOffline' });
  const strange = await generateKey({ kty: 'EC', crv: 'P-384' });
  for (const bad of [
    '',
    'x',
    key.replace('PRIVATE', 'PUBLIC'),
    pem(exportPkcs8(strange), 'PRIVATE KEY'),
  ]) {
    await assert.rejects(importRootKey(view, bad), { code: 'keyMismatch' });
  }
  await importRootKey(view, key);
  assert.equal((await renewIntermediate(view, context)).name, 'intermediate-2');
});

test('the next intermediate takes over at half time; the old one still revokes', async () => {
  const { view, issue, context, clock } = await openTestAuthority();
  const [, first, root] = await issue();
  clock.advance(2 * 365 * DAY_MS);
  await maintainAuthority(view, context);
  assert.equal((await loadSettings(view)).active, 'intermediate-1');
  const [old] = await issue({ validityMonths: 24 });
  clock.advance(200 * DAY_MS);
  await maintainAuthority(view, context);
  await maintainAuthority(view, context);
  assert.equal((await loadSettings(view)).active, 'intermediate-2');
  const [leaf, second, same] = await issue();
  assert.ok(leaf && second && same && first && root && old);
  assert.ok(same.equals(root) && !second.equals(first));
  assert.ok(new X509Certificate(leaf).verify(new X509Certificate(second).publicKey));
  await revoke(view, { serialNumber: await serialOf(old), reason: 'superseded' }, context);
  const list = await currentRevocationList(view, 'intermediate-1', context);
  const serial = Buffer.from(await serialOf(old), 'hex');
  assert.ok(Buffer.from(list?.list ?? '', 'base64').includes(serial));
});

test('when only a person can help, the job says so', async () => {
  const { view, context, clock } = await openTestAuthority();
  await removeRootKey(view, context);
  clock.advance(200 * DAY_MS);
  await maintainAuthority(view, context);
  clock.advance(110 * DAY_MS);
  await assert.rejects(maintainAuthority(view, context), /the root's revocation list ends on 2027/);
  clock.advance(4 * 365 * DAY_MS);
  await assert.rejects(maintainAuthority(view, context), /bring the root key back/);
  assert.equal((await loadSettings(view)).active, 'intermediate-1');
});

test('in the root’s last two years the job says so; it issues until the end', async () => {
  const { view, context, clock, issue } = await openTestAuthority();
  const { notAfterMs } = await loadAuthority(view, 'root');
  for (let year = 0; year < 17; year += 1) {
    clock.advance(365 * DAY_MS);
    await maintainAuthority(view, context);
  }
  clock.advance(notAfterMs - clock.now() - 700 * DAY_MS);
  await assert.rejects(maintainAuthority(view, context), /the root ends on 2046/);
  const [leaf] = await issue({ validityMonths: 60 });
  assert.equal((await readCertificate(leaf ?? Buffer.of())).notAfterMs, notAfterMs);
});

test('there is one authority; a second is refused, and bad constraints make none', async () => {
  const { view, context } = await openTestAuthority();
  await assert.rejects(createAuthority(view, undefined, context), { code: 'exists' });
  const fresh = (await openTestAuthority()).storage;
  const empty = fresh.view(systemGrant('tenant/empty/', 'test'));
  for (const bad of [
    { dnsDomains: ['*.x'] },
    { dnsDomains: ['a b'] },
    { ipRanges: ['10.0.0.1'] },
  ]) {
    await assert.rejects(createAuthority(empty, { permitted: bad }, context), /name_constraints/);
  }
  await assert.rejects(loadSettings(empty), { code: 'missing' });
  const made = await Promise.allSettled(
    [1, 2].map(() => createAuthority(empty, undefined, context)),
  );
  assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 1);
});

test('the provider issues, refuses in words, and says when there is no authority', async () => {
  const { view, context, storage } = await openTestAuthority();
  const csr = await buildCertificateRequest({ profile: leafProfile, key: leafKey });
  const request = {
    tenantId: 't',
    account: { issuer: 'ca' },
    requestId: 'r',
    csr,
    validityMonths: 12,
    state: undefined,
  };
  const provider = strongroomProvider(view, context);
  const issued = await provider.issue(request);
  assert.equal(issued.kind, 'issued');
  const refused = await provider.issue({ ...request, requestId: 's', csr: Buffer.from('no') });
  assert.deepEqual(refused, {
    kind: 'failed',
    code: 'CertificateRequestRefused',
    message: 'The request cannot be issued: malformed CertificationRequest.',
  });
  const empty = strongroomProvider(storage.view(systemGrant('tenant/none/', 'test')), context);
  assert.equal((await empty.issue(request)).kind, 'failed');
});
