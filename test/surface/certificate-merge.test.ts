// A refused certificate must not cost the connection it came over: OpenSSL's error queue is shared
// with TLS, and an error that is left in it breaks whichever connection reads next.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { generateKey, selfSignCertificate } from '#cryptography';
import { admitToSecrets, createVault } from '#test/kit/estate.ts';
import { type Instance, startInstance } from '#test/kit/instance.ts';

const DAY_MS = 86_400_000;
const KINDS = [
  { kty: 'EC', crv: 'P-256' },
  { kty: 'EC', crv: 'P-384' },
  { kty: 'EC', crv: 'P-256K' },
  { kty: 'RSA', sizeBits: 2048 },
] as const;

describe('a certificate for another key is refused in words', () => {
  let instance: Instance;
  let vault: string;

  before(async () => {
    instance = await startInstance();
    vault = await createVault(instance.owner, { model: 'rbac' });
    await admitToSecrets(instance.owner, instance.owner, { name: vault, model: 'rbac' });
  });

  after(() => instance?.stop());

  for (const pendingKind of ['RSA', 'EC']) {
    test(`whatever kinds the keys are: ${pendingKind}`, async () => {
      const send = (path: string, json?: unknown) =>
        instance.owner.vault(vault, {
          method: json === undefined ? 'GET' : 'POST',
          path: `/certificates/${pendingKind}${path}`,
          json,
        });
      const policy = {
        key_props: { kty: pendingKind },
        x509_props: { subject: 'CN=a' },
        issuer: { name: 'Unknown' },
      };
      (await send('/create', { policy })).expect(202);
      for (const kind of KINDS) {
        const notBeforeMs = Date.now() - DAY_MS;
        const certificate = await selfSignCertificate({
          profile: { subject: 'CN=a' },
          key: await generateKey(kind),
          ...{ notBeforeMs, notAfterMs: notBeforeMs + 30 * DAY_MS },
        });
        const refused = await send('/pending/merge', { x5c: [certificate.toString('base64')] });
        assert.equal(refused.status, 400);
        assert.match(refused.text, /does not match the public part/);
        assert.equal((await send('/pending')).status, 200);
      }
    });
  }
});
