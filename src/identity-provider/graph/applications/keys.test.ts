import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { addRoleMember, directoryRoleIds as roles } from '#directory';
import { newGuid, z } from '#kernel';
import {
  type CertificateIdentity,
  makeIdentity,
} from '../../token/certificate-identity.fixture.ts';
import { GraphCaller, type Registered } from '../graph-caller.fixture.ts';

const INVALID = [401, 'Authentication_MissingOrMalformed'];
const DENIED = [403, 'Authorization_RequestDenied'];
const AUDIENCE = '00000002-0000-0000-c000-000000000000';
let admin: GraphCaller;
let own: CertificateIdentity;
let next: CertificateIdentity;
before(async () => {
  admin = await GraphCaller.administrator();
  [own, next] = await Promise.all([makeIdentity(), makeIdentity()]);
});

const keyOf = ({ certificate }: CertificateIdentity) => ({
  type: 'AsymmetricX509Cert',
  usage: 'Verify',
  key: certificate.raw.toString('base64'),
});

/** An application, signed in by a secret and without any role, that has the certificate `own`. */
async function rolling(): Promise<Registered> {
  const registered = await admin.register(`roller-${newGuid()}`);
  const changes = { keyCredentials: [keyOf(own)] };
  assert.equal((await admin.patch(`/applications/${registered.id}`, changes)).status, 204);
  return registered;
}

interface Proof {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly signer?: CertificateIdentity;
  /** Whose certificate the header names. */
  readonly named?: CertificateIdentity;
}

async function proofFor({ id }: Registered, changes: Proof = {}): Promise<string> {
  const { signer = own, named = own } = changes;
  const nowS = Math.floor(admin.tenant.clock.now() / 1000);
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const x5t = Buffer.from(named.certificate.fingerprint.replaceAll(':', ''), 'hex');
  const header = { alg: 'RS256', x5t: x5t.toString('base64url'), ...changes.header };
  const claims = { aud: AUDIENCE, iss: id, nbf: nowS, exp: nowS + 600, ...changes.claims };
  const signed = `${encode(header)}.${encode(claims)}`;
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', signer.key));
  const signature = sign('sha256', Buffer.from(signed), { key: der, format: 'der', type: 'pkcs8' });
  return `${signed}.${signature.toString('base64url')}`;
}

const pathOf = ({ id }: Registered, verb: string) => `/applications/${id}/${verb}`;

async function keysOf({ id }: Registered) {
  const { body } = await admin.get(`/applications/${id}`);
  return z.array(z.object({ keyId: z.string() })).parse(body.keyCredentials);
}

describe('an application without any right', () => {
  test('rolls its own certificate: adds the next with the old, and removes the old', async () => {
    const application = await rolling();
    const [old] = await keysOf(application);
    const added = await application.caller.post(pathOf(application, 'addKey'), {
      keyCredential: keyOf(next),
      passwordCredential: null,
      proof: await proofFor(application),
    });
    assert.equal(added.status, 200, added.text);
    assert.equal(added.body.usage, 'Verify');
    assert.equal(added.body.key, null);
    const removed = await application.caller.post(pathOf(application, 'removeKey'), {
      keyId: old?.keyId,
      proof: await proofFor(application, { signer: next, named: next }),
    });
    assert.equal(removed.status, 204, removed.text);
    const left = await keysOf(application);
    assert.deepEqual(
      left.map(({ keyId }) => keyId),
      [added.body.keyId],
    );
    const late = await application.caller.post(pathOf(application, 'addKey'), {
      keyCredential: keyOf(own),
      proof: await proofFor(application),
    });
    assert.deepEqual(late.refusal, INVALID, 'what was removed proves nothing');
  });

  test('rolls no other’s, nor anything else of its own', async () => {
    const [application, other] = [await rolling(), await rolling()];
    const keyCredential = keyOf(next);
    const asked = { keyCredential, proof: await proofFor(other) };
    const { caller } = application;
    assert.deepEqual((await caller.post(pathOf(other, 'addKey'), asked)).refusal, DENIED);
    const secret = await caller.post(pathOf(application, 'addPassword'));
    assert.deepEqual(secret.refusal, DENIED);
  });
});

describe('a proof', () => {
  const nowS = () => Math.floor(admin.tenant.clock.now() / 1000);
  const bad: Readonly<Record<string, () => Proof>> = {
    'signed by another key': () => ({ signer: next }),
    'that names a certificate which the application has not': () => ({ signer: next, named: next }),
    'for another application': () => ({ claims: { iss: newGuid() } }),
    'for another audience': () => ({ claims: { aud: 'https://vault.azure.net' } }),
    'for another audience beside the right one': () => ({ claims: { aud: [AUDIENCE, 'x'] } }),
    'that is over': () => ({ claims: { nbf: nowS() - 1000, exp: nowS() - 400 } }),
    'that begins later': () => ({ claims: { nbf: nowS() + 400, exp: nowS() + 900 } }),
    'that lives longer than ten minutes': () => ({ claims: { exp: nowS() + 601 } }),
    'without a beginning': () => ({ claims: { nbf: undefined } }),
    'without an algorithm': () => ({ header: { alg: 'none' } }),
    'of a symmetric algorithm': () => ({ header: { alg: 'HS256' } }),
  };
  for (const [name, change] of Object.entries(bad)) {
    test(`${name} is none`, async () => {
      const application = await rolling();
      const [key] = await keysOf(application);
      const proof = await proofFor(application, change());
      const adding = { keyCredential: keyOf(next), proof };
      const removing = { keyId: key?.keyId, proof };
      for (const { caller } of [application, { caller: admin }]) {
        const added = await caller.post(pathOf(application, 'addKey'), adding);
        assert.deepEqual(added.refusal, INVALID);
        const removed = await caller.post(pathOf(application, 'removeKey'), removing);
        assert.deepEqual(removed.refusal, INVALID);
      }
      assert.deepEqual(await keysOf(application), [key]);
    });
  }

  test('does not stand in for the right to give an administrator’s application a key', async () => {
    const target = await rolling();
    const { globalAdministrator, applicationAdministrator } = roles;
    await addRoleMember(admin.tenant.view, globalAdministrator, target.principalId);
    const lesser = await admin.person('lesser', applicationAdministrator);
    const asked = { keyCredential: keyOf(next), proof: await proofFor(target) };
    assert.deepEqual((await lesser.post(pathOf(target, 'addKey'), asked)).refusal, DENIED);
  });

  test('may name Microsoft Graph, too', async () => {
    const application = await rolling();
    const claims = { aud: '00000003-0000-0000-c000-000000000000' };
    const asked = { keyCredential: keyOf(next), proof: await proofFor(application, { claims }) };
    assert.equal((await admin.post(pathOf(application, 'addKey'), asked)).status, 200);
  });
});

test('what is no certificate is not added, and what is not there not removed', async () => {
  const application = await rolling();
  const proof = await proofFor(application);
  const add = (keyCredential: object) =>
    admin.post(pathOf(application, 'addKey'), { keyCredential, proof });
  assert.deepEqual((await add({ ...keyOf(next), key: 'AAAA' })).refusal, [
    400,
    'Request_BadRequest',
  ]);
  assert.equal((await add({ ...keyOf(next), key: undefined })).status, 400);
  assert.equal((await add({ ...keyOf(next), type: 'X509CertAndPassword' })).status, 400);
  const removed = await admin.post(pathOf(application, 'removeKey'), { keyId: newGuid(), proof });
  assert.deepEqual(removed.refusal, [400, 'Request_BadRequest']);
  const nowhere = { keyCredential: keyOf(next), proof };
  const missing = await admin.post(`/applications/${newGuid()}/addKey`, nowhere);
  assert.deepEqual(missing.refusal, [404, 'Request_ResourceNotFound']);
});
