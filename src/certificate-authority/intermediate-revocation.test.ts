import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildCertificateRequest } from '#cryptography';
import { hasOpenssl, openssl, opensslBytes, pem } from '#test/kit/openssl.ts';
import { listAuthorities, loadAuthority, loadSettings } from './authorities.ts';
import {
  DAY_MS,
  leafKey,
  leafProfile,
  openTestAuthority,
  type TestAuthority,
} from './authority.fixture.ts';
import { revokeIntermediate } from './intermediate-revocation.ts';
import { issueOnce } from './issued.ts';
import { answerOcsp, currentRevocationList } from './revocation-status.ts';
import { exportRootKey, importRootKey, removeRootKey } from './root-key.ts';

const FIRST = { name: 'intermediate-1', reason: 'keyCompromise' } as const;

async function rootList({ view, context }: TestAuthority) {
  const list = await currentRevocationList(view, 'root', context);
  return Buffer.from(list?.list ?? '', 'base64');
}

/** What OpenSSL reads out of the answer to its question; of a refusal, its bytes. */
async function ask({ view, context }: TestAuthority, issuer: Buffer, asked: Buffer | string) {
  const files = { 'i.pem': issuer, 'c.pem': Buffer.from(asked) };
  const which = typeof asked === 'string' ? `-serial 0x${asked}` : '-cert {c.pem}';
  const call = `ocsp -issuer {i.pem} ${which} -reqout {out}`;
  const der = await answerOcsp(view, opensslBytes({ call, files }), context);
  if (der.length < 10) return der.toString('hex');
  return openssl({ call: 'ocsp -respin {r} -resp_text -noverify', files: { r: der } });
}

test('a revoked intermediate stands in the root’s list, and another one issues', async () => {
  const authority = await openTestAuthority();
  const { view, context, issue } = authority;
  const [, first] = await issue();
  const before = await rootList(authority);
  const revoked = await revokeIntermediate(view, FIRST, context);
  assert.equal(revoked.revocation?.reason, 'keyCompromise');
  const serial = Buffer.from(revoked.serialNumber, 'hex');
  assert.ok(!before.includes(serial) && (await rootList(authority)).includes(serial));
  assert.equal((await loadSettings(view)).active, 'intermediate-2');
  const [, second] = await issue();
  assert.ok(first && second && !second.equals(first));
});

test('it is final: the first reason stands, and no second successor is made', async () => {
  const { view, context, clock } = await openTestAuthority();
  const first = await revokeIntermediate(view, FIRST, context);
  clock.advance(DAY_MS);
  const again = await revokeIntermediate(view, { ...FIRST, reason: 'superseded' }, context);
  assert.deepEqual(again, first);
  const both = { ...FIRST, name: 'intermediate-2' };
  await Promise.all([1, 2, 3].map(() => revokeIntermediate(view, both, context)));
  assert.equal((await listAuthorities(view)).length, 4);
  assert.equal((await loadSettings(view)).active, 'intermediate-3');
});

test('the root, and one that is not there, cannot be revoked', async () => {
  const { view, context } = await openTestAuthority();
  for (const name of ['root', 'intermediate-9', '../settings', '..', '']) {
    await assert.rejects(revokeIntermediate(view, { ...FIRST, name }, context), {
      code: 'notFound',
    });
  }
});

test('with the root offline nothing is changed: nobody could say so', async () => {
  const authority = await openTestAuthority();
  const { view, context, issue } = authority;
  const key = await exportRootKey(view);
  await removeRootKey(view, context);
  await assert.rejects(revokeIntermediate(view, FIRST, context), { code: 'rootOffline' });
  assert.equal((await loadAuthority(view, 'intermediate-1')).revocation, undefined);
  await issue();
  await importRootKey(view, key);
  const { serialNumber } = await revokeIntermediate(view, FIRST, context);
  await removeRootKey(view, context);
  assert.ok((await rootList(authority)).includes(Buffer.from(serialNumber, 'hex')));
});

test('a request that the revoked one answered is refused when it is asked again', async () => {
  const { view, context } = await openTestAuthority();
  const csr = await buildCertificateRequest({ profile: leafProfile, key: leafKey });
  const order = { requestId: 'one', csr, validityMonths: 12 };
  await issueOnce(view, order, context);
  await revokeIntermediate(view, FIRST, context);
  await assert.rejects(issueOnce(view, order, context), { code: 'refused' });
  await issueOnce(view, { ...order, requestId: 'two' }, context);
});

test('OCSP says it of the intermediate, and of all that it issued', {
  skip: !hasOpenssl,
}, async () => {
  const authority = await openTestAuthority();
  const { view, context, issue, clock } = authority;
  const [leaf, first, root] = await issue();
  assert.ok(leaf && first && root);
  assert.match(await ask(authority, root, first), /Cert Status: good/);
  assert.match(await ask(authority, first, leaf), /Cert Status: good/);
  await revokeIntermediate(view, FIRST, context);
  assert.match(await ask(authority, root, first), /Cert Status: revoked[\s\S]*keyCompromise/);
  assert.match(await ask(authority, first, leaf), /Cert Status: revoked[\s\S]*cACompromise/);
  // One that its thief signed is not known here, and gets the same answer.
  assert.match(await ask(authority, first, '4711'), /Cert Status: revoked/);
  const [next, second] = await issue();
  assert.ok(next && second);
  assert.match(await ask(authority, root, second), /Cert Status: good/);
  assert.match(await ask(authority, second, next), /Cert Status: good/);
  // The root's responder goes on without the root's key, until its own end.
  await removeRootKey(view, context);
  clock.advance(364 * DAY_MS);
  assert.match(await ask(authority, root, first), /Cert Status: revoked/);
  clock.advance(2 * DAY_MS);
  assert.equal(await ask(authority, root, first), '30030a0103');
});

test('OpenSSL refuses the revoked chain, and accepts the next', { skip: !hasOpenssl }, async () => {
  const authority = await openTestAuthority();
  const { view, context, issue, clock } = authority;
  const [old, first, root] = await issue();
  await revokeIntermediate(view, FIRST, context);
  const [leaf, second] = await issue();
  assert.ok(old && first && root && leaf && second);
  const lists = await Promise.all(
    ['root', 'intermediate-1', 'intermediate-2'].map(async (name) => {
      const list = await currentRevocationList(view, name, context);
      return pem(Buffer.from(list?.list ?? '', 'base64'), 'X509 CRL');
    }),
  );
  const at = `-attime ${clock.now() / 1000 + 5}`;
  const trust = '-crl_check_all -CRLfile {lists} -CAfile {root.pem} -untrusted {middle.pem}';
  const verify = (one: Buffer, middle: Buffer) =>
    openssl({
      call: `verify ${at} ${trust} {leaf.pem}`,
      files: {
        ...{ 'root.pem': root, 'middle.pem': middle, 'leaf.pem': one },
        lists: Buffer.from(lists.join('')),
      },
    });
  assert.throws(() => verify(old, first), /certificate revoked/);
  assert.match(verify(leaf, second), /OK/);
});
