// What stands in certificates, lists and answers of the authority, and for how long it counts:
// verifiers hold us to each of it. OpenSSL reads it out.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readCertificate } from '#cryptography';
import { hasOpenssl, openssl, opensslBytes } from '#test/kit/openssl.ts';
import { loadAuthority } from './authorities.ts';
import { DAY_MS, leafProfile, openTestAuthority, type TestAuthority } from './authority.fixture.ts';
import { listIssued, revoke } from './issued.ts';
import { answerOcsp, currentRevocationList, responderOf } from './revocation-status.ts';
import { removeRootKey } from './root-key.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * DAY_MS;
const SKEW_MS = 600_000;
const skip = !hasOpenssl;

const serialOf = async (der: Uint8Array) => (await readCertificate(der)).serialNumber;
const textOf = (der: Uint8Array) =>
  openssl({ call: 'x509 -inform DER -in {c} -noout -text', files: { c: der } });

async function listOf({ view, context }: TestAuthority, name: string) {
  const list = await currentRevocationList(view, name, context);
  assert.ok(list);
  const files = { l: Buffer.from(list.list, 'base64') };
  return { ...list, text: openssl({ call: 'crl -inform DER -in {l} -noout -text', files }) };
}

describe('of a certificate', () => {
  test('addresses say where its own issuer and its issuer’s list are', { skip }, async () => {
    const { issue } = await openTestAuthority();
    const [leaf = Buffer.of(), intermediate = Buffer.of(), root = Buffer.of()] = await issue();
    const expected = [
      [leaf, 'intermediate-1'],
      [intermediate, 'root'],
    ] as const;
    for (const [der, issuer] of expected) {
      const text = textOf(der);
      const own = `http://pki.example/authorities/${issuer}`;
      assert.ok(text.includes(`OCSP - URI:http://pki.example/ocsp\n`));
      assert.ok(text.includes(`CA Issuers - URI:${own}/authority.cer\n`));
      assert.ok(text.includes(`URI:${own}/revoked.crl\n`));
    }
    assert.doesNotMatch(textOf(root), /URI:/, 'a root asks nobody about itself');
  });

  test('usages and path lengths let nobody sign below an intermediate', { skip }, async () => {
    const { issue } = await openTestAuthority();
    const [leaf = Buffer.of(), intermediate = Buffer.of(), root = Buffer.of()] = await issue();
    assert.match(textOf(root), /Basic Constraints: critical\s+CA:TRUE, pathlen:1/);
    assert.match(textOf(intermediate), /Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
    for (const der of [root, intermediate]) {
      assert.match(textOf(der), /Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
    }
    assert.doesNotMatch(textOf(leaf), /CA:TRUE|Certificate Sign|CRL Sign/);
    assert.match(textOf(leaf), /Extended Key Usage:\s+TLS Web Server Authentication\n/);
  });

  test('times allow for clocks ten minutes behind, and end where they should', async () => {
    const { view, clock, issue } = await openTestAuthority();
    const nowMs = clock.now();
    const root = await loadAuthority(view, 'root');
    assert.deepEqual([root.notBeforeMs, root.notAfterMs], [nowMs - SKEW_MS, nowMs + 20 * YEAR_MS]);
    const first = await loadAuthority(view, 'intermediate-1');
    assert.equal(first.notAfterMs, nowMs + 5 * YEAR_MS);
    assert.equal(first.notBeforeMs, root.notBeforeMs);
    clock.advance(DAY_MS);
    const [leaf = Buffer.of()] = await issue({ validityMonths: 1 });
    const { notBeforeMs, notAfterMs } = await readCertificate(leaf);
    assert.equal(notBeforeMs, clock.now() - SKEW_MS);
    assert.equal(notAfterMs, Date.UTC(2026, 11, 26));
    const [record] = await listIssued(view, { limit: 2 });
    assert.equal(record?.issuedAtMs, clock.now());
    assert.equal(record?.authority, 'intermediate-1');
    assert.equal(record?.certificate, leaf.toString('base64'));
    assert.equal(record?.revocation, undefined);
  });

  test('serial numbers are long, and none is used twice', async () => {
    const { issue } = await openTestAuthority();
    const serials = new Set<string>();
    for (let i = 0; i < 20; i += 1) serials.add(await serialOf((await issue())[0] ?? Buffer.of()));
    assert.equal(serials.size, 20);
    for (const serial of serials) assert.ok(serial.length >= 30, serial);
  });
});

describe('of a revocation list', () => {
  const reasons = [
    ['keyCompromise', 'Key Compromise'],
    ['affiliationChanged', 'Affiliation Changed'],
    ['superseded', 'Superseded'],
    ['cessationOfOperation', 'Cessation Of Operation'],
    ['privilegeWithdrawn', 'Privilege Withdrawn'],
  ] as const;
  for (const [reason, words] of reasons) {
    test(`the entry of what was revoked for ${reason} says so`, { skip }, async () => {
      const authority = await openTestAuthority();
      const { view, context, issue } = authority;
      const serialNumber = await serialOf((await issue())[0] ?? Buffer.of());
      await revoke(view, { serialNumber, reason }, context);
      const { text } = await listOf(authority, 'intermediate-1');
      assert.match(text, new RegExp(`Serial Number: ${serialNumber.toUpperCase()}`));
      assert.match(text, new RegExp(`X509v3 CRL Reason Code:\\s+${words}`));
    });
  }

  test('an entry without a particular reason gives none, and has its own time', {
    skip,
  }, async () => {
    const authority = await openTestAuthority();
    const { view, context, clock, issue } = authority;
    const serialNumber = await serialOf((await issue())[0] ?? Buffer.of());
    clock.advance(HOUR_MS);
    await revoke(view, { serialNumber, reason: 'unspecified' }, context);
    clock.advance(HOUR_MS);
    const { text } = await listOf(authority, 'intermediate-1');
    assert.match(text, /Revocation Date: Nov 25 01:00:00 2026 GMT/);
    assert.doesNotMatch(text, /Reason Code/);
    assert.match(text, /Last Update: Nov 25 02:00:00 2026 GMT/);
    assert.match(text, /Next Update: Dec {2}2 02:00:00 2026 GMT/);
  });

  test('a list counts for a week, the root’s for a year, and names who signed it', {
    skip,
  }, async () => {
    const authority = await openTestAuthority();
    const { view, clock } = authority;
    for (const [name, forMs] of [
      ['root', YEAR_MS],
      ['intermediate-1', 7 * DAY_MS],
    ] as const) {
      const { text, nextUpdateMs, thisUpdateMs } = await listOf(authority, name);
      assert.equal(thisUpdateMs, clock.now());
      assert.equal(nextUpdateMs, clock.now() + forMs);
      const { subject } = await loadAuthority(view, name);
      assert.ok(text.replaceAll(' = ', '=').includes(`Issuer: ${subject}`));
      assert.match(text, /No Revoked Certificates/);
      assert.match(text, /X509v3 CRL Number:\s+1\n/);
    }
  });

  test('a list is made anew after a day, the root’s after a month, and not before', async () => {
    const { view, context, clock } = await openTestAuthority();
    const number = async (name: string) =>
      (await currentRevocationList(view, name, context))?.number;
    for (const [name, afterMs] of [
      ['intermediate-1', DAY_MS],
      ['root', 30 * DAY_MS],
    ] as const) {
      assert.equal(await number(name), 1);
      clock.advance(afterMs - 1000);
      assert.equal(await number(name), 1, name);
      clock.advance(2000);
      assert.equal(await number(name), 2, name);
    }
  });

  test('what ended is listed for a day more, for those whose clocks are behind', async () => {
    const { view, context, clock, issue } = await openTestAuthority();
    const [leaf = Buffer.of()] = await issue({ validityMonths: 1 });
    const { serialNumber, notAfterMs } = await readCertificate(leaf);
    await revoke(view, { serialNumber, reason: 'superseded' }, context);
    const isListed = async () => {
      const list = await currentRevocationList(view, 'intermediate-1', context);
      const bytes = Buffer.from(list?.list ?? '', 'base64');
      return bytes.includes(Buffer.from(serialNumber, 'hex'));
    };
    clock.advance(notAfterMs - clock.now() + DAY_MS - 1000);
    assert.equal(await isListed(), true);
    clock.advance(DAY_MS + 2000);
    assert.equal(await isListed(), false);
  });

  test('a list that there never was is not made while the root’s key is away', async () => {
    const { view, context } = await openTestAuthority();
    await removeRootKey(view, context);
    const kept = await currentRevocationList(view, 'root', context);
    assert.equal(kept?.number, 1, 'made when the key was taken away');
    for (const name of ['intermediate-2', 'intermediate-x', '../settings', '']) {
      await assert.rejects(currentRevocationList(view, name, context), { code: 'notFound' }, name);
    }
  });
});

describe('of an OCSP answer', () => {
  async function asked(authority: TestAuthority, leaf: Buffer, issuer: Buffer, more = '') {
    const files = { 'l.pem': leaf, 'i.pem': issuer };
    const call = `ocsp -issuer {i.pem} -cert {l.pem} ${more}-reqout {out}`;
    const question = opensslBytes({ call, files });
    const answer = await answerOcsp(authority.view, question, authority.context);
    const text = 'ocsp -respin {r} -resp_text -noverify';
    return openssl({ call: text, files: { r: answer } });
  }

  test('it counts for an hour, is signed by a responder, and repeats the nonce', {
    skip,
  }, async () => {
    const authority = await openTestAuthority();
    const [leaf = Buffer.of(), issuer = Buffer.of()] = await authority.issue();
    const text = await asked(authority, leaf, issuer);
    assert.match(text, /Cert Status: good/);
    assert.match(text, /Produced At: Nov 25 00:00:00 2026 GMT/);
    assert.match(text, /This Update: Nov 25 00:00:00 2026 GMT/);
    assert.match(text, /Next Update: Nov 25 01:00:00 2026 GMT/);
    assert.match(text, /Subject: CN ?= ?Strongroom OCSP responder of intermediate-1/);
    assert.match(text, /Extended Key Usage:\s+OCSP Signing/);
    assert.match(text, /OCSP No Check/);
    assert.match(text, /OCSP Nonce/);
    const plain = await asked(authority, leaf, issuer, '-no_nonce ');
    assert.doesNotMatch(plain, /OCSP Nonce/);
  });

  test('it says when and why, and what a reason that is none leaves out', { skip }, async () => {
    const authority = await openTestAuthority();
    const { view, context, clock, issue } = authority;
    for (const reason of ['cessationOfOperation', 'unspecified'] as const) {
      const [leaf = Buffer.of(), issuer = Buffer.of()] = await issue();
      await revoke(view, { serialNumber: await serialOf(leaf), reason }, context);
      clock.advance(HOUR_MS);
      const text = await asked(authority, leaf, issuer);
      assert.match(text, /Cert Status: revoked/);
      const time = reason === 'unspecified' ? '01:00:00' : '00:00:00';
      assert.match(text, new RegExp(`Revocation Time: Nov 25 ${time} 2026 GMT`));
      if (reason === 'cessationOfOperation') assert.match(text, /cessationOfOperation/);
    }
  });

  test('its signer is renewed at half its time, and never outlives the authority', async () => {
    const { view, context, clock } = await openTestAuthority();
    const authority = await loadAuthority(view, 'intermediate-1');
    const endOf = async () => {
      const responder = await responderOf(view, authority, context);
      assert.ok(responder);
      return (await readCertificate(responder.certificate)).notAfterMs;
    };
    const first = await endOf();
    assert.equal(first, clock.now() + 30 * DAY_MS);
    clock.advance(15 * DAY_MS - 1000);
    assert.equal(await endOf(), first);
    clock.advance(1000);
    assert.equal(await endOf(), clock.now() + 30 * DAY_MS);
    clock.advance(authority.notAfterMs - clock.now() - DAY_MS);
    assert.equal(await endOf(), authority.notAfterMs);
    const last = await responderOf(view, authority, context);
    assert.deepEqual(await responderOf(view, authority, context), last, 'and is kept then');
  });

  test('the root’s signer lasts while its key is away, and no longer than it counts', async () => {
    const { view, context, clock } = await openTestAuthority();
    await removeRootKey(view, context);
    const root = await loadAuthority(view, 'root');
    const kept = await responderOf(view, root, context);
    assert.ok(kept);
    const { notAfterMs } = await readCertificate(kept.certificate);
    clock.advance(notAfterMs - clock.now() - 1);
    assert.ok(await responderOf(view, root, context));
    clock.advance(1);
    assert.equal(await responderOf(view, root, context), undefined);
  });
});

test('validity is a whole number of months from one to a hundred years', async () => {
  const { issue, view } = await openTestAuthority();
  for (const validityMonths of [0, -1, 0.5, 1201, Number.NaN, Number.POSITIVE_INFINITY]) {
    await assert.rejects(issue({ validityMonths }), { code: 'refused' }, String(validityMonths));
  }
  assert.deepEqual(await listIssued(view, { limit: 2 }), []);
  await issue({ validityMonths: 1200 });
});

test('the names of this service are nobody’s, and names like them are somebody’s', async () => {
  const { issue } = await openTestAuthority();
  const profile = (dnsName: string) => ({
    ...leafProfile,
    ...{ subject: '', alternativeNames: { dnsNames: [dnsName] } },
  });
  for (const host of ['login', 'management', 'graph', 'portal', 'pki', 'vault', 'my.vault']) {
    for (const name of [`${host}.example`, `${host}.EXAMPLE`.toUpperCase()]) {
      await assert.rejects(issue({ profile: profile(name) }), /a name of this service/, name);
    }
  }
  for (const name of ['mylogin.example', 'www.example', 'login.example.com', 'example']) {
    await issue({ profile: profile(name) });
  }
});
