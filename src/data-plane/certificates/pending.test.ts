// Pending operations: looked at, cancelled, taken back, forgotten and merged; and what an update of
// a certificate does to its key and secret.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deserializeKey, generateKey, readPem, selfSignCertificate } from '#cryptography';
import { doDue, openTestVault, recordsOf, type TestVault } from '../vault.fixture.ts';
import { certificateObjects, loadPending } from './certificate-objects.ts';

const params = { name: 'web' };
const PENDING = 'https://contoso.vault.example:8443/certificates/web/pending';

const policyOf = (issuer: string, more: object = {}) => ({
  key_props: { kty: 'EC' },
  secret_props: { contentType: 'application/x-pem-file' },
  x509_props: { subject: 'CN=web' },
  issuer: { name: issuer },
  ...more,
});

async function begun(issuer = 'Unknown', more: object = {}): Promise<TestVault> {
  const vault = await openTestVault();
  const body = { policy: policyOf(issuer), ...more };
  const { status } = await vault.call('CreateCertificate', { params, body });
  assert.equal(status, 202);
  return vault;
}

/** A self-signed certificate that has been issued. */
async function issued(more: object = {}): Promise<TestVault> {
  const vault = await begun('Self', more);
  vault.clock.advance(2000);
  await doDue(vault);
  return vault;
}

const pendingOf = (vault: TestVault, query = {}) =>
  vault.call('GetCertificateOperation', { params, query });
const cancel = (vault: TestVault, cancellation_requested: unknown = true) =>
  vault.call('UpdateCertificateOperation', { params, body: { cancellation_requested } });
const merge = (vault: TestVault, body?: unknown) =>
  vault.call('MergeCertificate', { params, body });

/** What somebody outside would sign for the pending request. */
async function signed(vault: TestVault): Promise<string> {
  const reader = recordsOf(vault);
  const { uid } = await certificateObjects.requireLive(reader, 'web');
  const work = (await loadPending(reader, uid))?.work;
  assert.ok(work);
  const key = deserializeKey(Buffer.from(work.key.material, 'base64'));
  return await certified(vault, key);
}

async function certified(vault: TestVault, key: Awaited<ReturnType<typeof generateKey>>) {
  const notBeforeMs = vault.clock.now();
  const times = { notBeforeMs, notAfterMs: notBeforeMs + 86_400_000 };
  const der = await selfSignCertificate({ profile: { subject: 'CN=web' }, key, ...times });
  return der.toString('base64');
}

describe('a pending operation', () => {
  test('says whom it waits for, under the id that it was given', async () => {
    const vault = await begun();
    const { status, body, headers } = await pendingOf(vault);
    assert.equal(status, 200);
    assert.equal(headers['Retry-After'], '10');
    const { id, issuer, csr, request_id, ...rest } = body;
    assert.deepEqual([id, issuer], [PENDING, { name: 'Unknown' }]);
    assert.match(request_id, /^[0-9a-f]{32}$/);
    assert.match(csr, /^[A-Za-z0-9+/]+=*$/);
    assert.deepEqual(rest, {
      cancellation_requested: false,
      status: 'inProgress',
      status_details: 'Pending certificate created. Please Perform Merge to complete the request.',
      preserveCertOrder: false,
    });
    for (const asked of [request_id, request_id.toUpperCase()]) {
      assert.equal((await pendingOf(vault, { request_id: asked })).status, 200);
    }
    const other = await pendingOf(vault, { request_id: 'f'.repeat(32) });
    assert.deepEqual([other.status, other.body.error.code], [404, 'PendingCertificateNotFound']);
    const older = await vault.call('GetCertificateOperation', { params, apiVersion: '7.5' });
    assert.equal('preserveCertOrder' in older.body, false, 'came with 7.6');
  });

  test('that has ended tells no client to come back, and waits for nothing', async () => {
    const vault = await issued();
    const { body, headers } = await pendingOf(vault);
    assert.equal(body.status, 'completed');
    assert.equal('status_details' in body, false);
    assert.equal(headers['Retry-After'], undefined);
    const late = await cancel(vault);
    assert.deepEqual([late.status, late.body.error.code], [403, 'Forbidden']);
  });

  test('of a certificate that is not there is not found, whatever is asked of it', async () => {
    const vault = await openTestVault();
    const answers = [
      ...[await pendingOf(vault), await cancel(vault), await merge(vault, { x5c: ['AA=='] })],
      ...[await merge(vault), await vault.call('DeleteCertificateOperation', { params })],
    ];
    for (const { status, body } of answers) {
      assert.deepEqual([status, body.error.code], [404, 'PendingCertificateNotFound']);
    }
  });

  test('takes nothing but yes and no for a cancellation', async () => {
    const vault = await begun();
    for (const wanted of ['true', 1, null, undefined]) {
      const { status } = await vault.call('UpdateCertificateOperation', {
        ...{ params, body: { cancellation_requested: wanted } },
      });
      assert.equal(status, 400, String(wanted));
    }
    assert.equal((await pendingOf(vault)).body.cancellation_requested, false);
  });

  test('that waits for a merge goes on waiting when its cancellation is taken back', async () => {
    const vault = await begun();
    assert.equal((await cancel(vault)).body.cancellation_requested, true);
    assert.equal((await cancel(vault, false)).body.cancellation_requested, false);
    vault.clock.advance(86_400_000);
    assert.equal(await doDue(vault), 0, 'nothing is tried that only somebody outside can do');
    assert.equal((await pendingOf(vault)).body.status, 'inProgress');
    assert.equal((await merge(vault, { x5c: [await signed(vault)] })).status, 201);
  });

  test('that signs itself does so when its cancellation is taken back', async () => {
    const vault = await begun('Self');
    await cancel(vault);
    await cancel(vault, false);
    vault.clock.advance(2000);
    await doDue(vault);
    assert.equal((await pendingOf(vault)).body.status, 'completed');
  });

  test('that is cancelled is merged no more, and its key is gone', async () => {
    const vault = await begun();
    const x5c = [await signed(vault)];
    await cancel(vault);
    vault.clock.advance(1000);
    await doDue(vault);
    assert.equal((await pendingOf(vault)).body.status, 'cancelled');
    const late = await merge(vault, { x5c });
    assert.deepEqual([late.status, late.body.error.code], [403, 'Forbidden']);
    const reader = recordsOf(vault);
    const { uid } = await certificateObjects.requireLive(reader, 'web');
    assert.equal((await loadPending(reader, uid))?.work, undefined);
  });
});

describe('a merge', () => {
  test('makes the version that was promised, and says where the certificate is', async () => {
    const vault = await begun('Unknown', { tags: { from: 'create' } });
    const promised = (await vault.call('GetCertificate', { params })).body.id;
    const x5c = [await signed(vault)];
    const { status, body, headers } = await merge(vault, { x5c });
    assert.equal(status, 201);
    assert.equal(
      headers.Location,
      'https://contoso.vault.example:8443/certificates/web?api-version=2026-04-01',
    );
    assert.deepEqual([body.id, body.cer], [promised, x5c[0]]);
    assert.deepEqual([body.tags, body.attributes.enabled], [{ from: 'create' }, true]);
    assert.deepEqual(body.pending, { id: PENDING });
    assert.equal((await pendingOf(vault)).body.status, 'completed');
    const again = await merge(vault, { x5c });
    assert.deepEqual([again.status, again.body.error.code], [403, 'Forbidden']);
  });

  test('may disable what comes out of it and give it other tags', async () => {
    const vault = await begun('Unknown', { tags: { from: 'create' } });
    const x5c = [await signed(vault)];
    const more = { attributes: { enabled: false }, tags: { from: 'merge' } };
    const { body } = await merge(vault, { x5c, ...more });
    assert.deepEqual([body.attributes.enabled, body.tags], [false, { from: 'merge' }]);
    const secret = await vault.call('GetSecret', { params });
    assert.equal(secret.body.error.innererror.code, 'SecretDisabled');
  });

  test('is not for what an issuer signs', async () => {
    const vault = await begun('Self');
    const { status, body } = await merge(vault, { x5c: ['AA=='] });
    assert.deepEqual([status, body.error.code], [403, 'Forbidden']);
    assert.match(
      body.error.message,
      /^Merge is forbidden on pending object created with issuer : Self/,
    );
  });

  test('of anything but the certificate asked for is refused, and can be tried again', async () => {
    const vault = await begun();
    const own = await signed(vault);
    const other = await certified(vault, await generateKey({ kty: 'EC', crv: 'P-256' }));
    const refusals: readonly (readonly [unknown, RegExp])[] = [
      [undefined, /./],
      [{}, /x5c/],
      [{ x5c: [] }, /x5c/],
      [{ x5c: own }, /x5c/],
      [{ x5c: Array.from({ length: 101 }, () => own) }, /x5c/],
      [{ x5c: [other] }, /public key of the end-entity certificate/],
      [{ x5c: ['AAAA'] }, /can not be read/],
      [{ x5c: ['no base64!'] }, /./],
      [{ x5c: [own], tags: { k: 1 } }, /tags/],
      [{ x5c: [own], attributes: { enabled: 'no' } }, /attributes\.enabled/],
    ];
    for (const [body, message] of refusals) {
      const answer = await merge(vault, body);
      assert.deepEqual([answer.status, answer.body.error?.code], [400, 'BadParameter']);
      assert.match(answer.body.error.message, message);
    }
    assert.equal((await merge(vault, { x5c: [own] })).status, 201);
  });
});

describe('an update of a certificate', () => {
  const update = (vault: TestVault, body: object, version = '') =>
    vault.call('UpdateCertificate', { params: { ...params, version }, body });
  const shown = async (vault: TestVault, noun: string, version = '') =>
    (await vault.call(`Get${noun}`, { params: { ...params, version } })).body;

  test('disables its key and its secret, and enables them again', async () => {
    const vault = await issued();
    for (const enabled of [false, true]) {
      vault.clock.advance(5000);
      const { status, body } = await update(vault, { attributes: { enabled }, tags: { a: 'b' } });
      assert.deepEqual([status, body.attributes.enabled, body.tags], [200, enabled, { a: 'b' }]);
      const { attributes, tags } = await shown(vault, 'Key');
      assert.deepEqual([attributes.enabled, tags], [enabled, { a: 'b' }]);
      assert.equal(attributes.updated, vault.clock.now() / 1000);
      const value = Buffer.from('x'.repeat(32)).toString('base64url');
      const signature = await vault.call('sign', { params, body: { alg: 'ES256', value } });
      assert.equal(signature.status, enabled ? 200 : 403);
      const secret = await shown(vault, 'Secret');
      assert.equal(secret.error?.innererror.code, enabled ? undefined : 'SecretDisabled');
    }
  });

  test('does not change its times, which are those of what was signed', async () => {
    const vault = await issued();
    const { attributes } = await shown(vault, 'Certificate');
    const { status, body } = await update(vault, { attributes: { nbf: 1, exp: 2 } });
    assert.equal(status, 200);
    assert.equal(body.attributes.nbf, attributes.nbf);
    assert.equal(body.attributes.exp, attributes.exp);
    assert.equal((await shown(vault, 'Key')).attributes.exp, attributes.exp);
  });

  test('of one version leaves the others, and shows no policy', async () => {
    const vault = await issued();
    const [first = ''] = (await shown(vault, 'Certificate')).id.split('/').slice(-1);
    await vault.call('CreateCertificate', { params, body: {} });
    vault.clock.advance(2000);
    await doDue(vault);
    const { body } = await update(vault, { attributes: { enabled: false } }, first);
    assert.equal('policy' in body, false);
    assert.equal(body.attributes.enabled, false);
    assert.equal((await shown(vault, 'Key', first)).attributes.enabled, false);
    assert.equal((await shown(vault, 'Secret', first)).error.code, 'Forbidden');
    assert.equal((await shown(vault, 'Certificate')).attributes.enabled, true);
    const { value } = await shown(vault, 'Secret');
    assert.equal((await readPem(value, undefined)).certificates.length, 1);
    assert.equal('policy' in (await shown(vault, 'Certificate', first)), false);
    assert.equal('policy' in (await shown(vault, 'Certificate')), true);
  });

  test('may change the policy as well, or is refused as a whole', async () => {
    const vault = await issued();
    const policy = { x509_props: { validity_months: 3 } };
    const { body } = await update(vault, { policy });
    assert.equal(body.policy.x509_props.validity_months, 3);
    const wrong = { policy: { key_props: { key_size: 7 } }, attributes: { enabled: false } };
    assert.equal((await update(vault, wrong)).status, 400);
    assert.equal((await shown(vault, 'Certificate')).attributes.enabled, true);
    assert.equal((await shown(vault, 'Key')).attributes.enabled, true);
  });

  test("leaves another's key and secret of its name alone", async () => {
    const vault = await begun();
    await vault.call('SetSecret', { params, body: { value: 'mine', tags: { own: '1' } } });
    await vault.call('CreateKey', { params, body: { kty: 'EC', tags: { own: '1' } } });
    await update(vault, { attributes: { enabled: false }, tags: {} });
    assert.deepEqual((await shown(vault, 'Secret')).tags, { own: '1' });
    const key = await shown(vault, 'Key');
    assert.deepEqual([key.tags, key.attributes.enabled], [{ own: '1' }, true]);
  });
});

test('a list with what is pending has it on every page, and one without on none', async () => {
  const vault = await openTestVault();
  const names = ['a', 'b', 'c'];
  for (const name of names) {
    const body = { policy: policyOf('Unknown') };
    await vault.call('CreateCertificate', { params: { name }, body });
  }
  const walk = async (first: Record<string, string>) => {
    const seen: string[] = [];
    for (let query = first; ; ) {
      const { body } = await vault.call('GetCertificates', { query });
      seen.push(...body.value.map((item: { id: string }) => item.id.split('/').at(-1)));
      if (body.nextLink === null) return seen;
      query = Object.fromEntries(new URL(body.nextLink).searchParams);
    }
  };
  assert.deepEqual(await walk({ maxresults: '1', includePending: 'true' }), names);
  assert.deepEqual(await walk({ maxresults: '1', includePending: 'false' }), []);
  assert.deepEqual(await walk({ maxresults: '1' }), []);
});

test('lists of certificates show what Azure shows in each version of the interface', async () => {
  const vault = await issued({ tags: { a: 'b' } });
  const item = async (id: string, apiVersion: string) => {
    const { body } = await vault.call(id, { params, apiVersion });
    return body.value[0];
  };
  const { id, x5t, attributes } = (await vault.call('GetCertificate', { params })).body;
  const { enabled, nbf, exp, created, updated } = attributes;
  const shown = { attributes: { enabled, nbf, exp, created, updated }, tags: { a: 'b' } };
  const name = id.slice(0, id.lastIndexOf('/'));
  assert.deepEqual(await item('GetCertificates', '7.2'), { id: name, x5t, ...shown });
  assert.deepEqual(await item('GetCertificates', '7.3'), { id: name, x5t, ...shown, subject: '' });
  assert.deepEqual(await item('GetCertificateVersions', '7.2'), { id, x5t, ...shown });
  const older = await vault.call('GetCertificate', { params, apiVersion: '7.5' });
  assert.equal('preserveCertOrder' in older.body, false);
});
