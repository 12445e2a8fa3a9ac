// Provokes the errors of the data plane.
import { z } from '#kernel';
import { admitToSecrets, createVault } from '#test/kit/estate.ts';
import type { Answer } from '#test/kit/wire.ts';
import type { Estate } from '../call-row.ts';
import { certificateMaker, provokeCertificates } from './certificates.ts';

const BACKUP = z.object({ value: z.string() });
const KEY = z.object({ key: z.object({ kid: z.string() }) });
const VERSIONS_MAX = 500;
const DIGEST = Buffer.alloc(32, 1).toString('base64url');
const YEAR_SECONDS = 31_536_000;

type Send = (method: string, path: string, json?: unknown) => Promise<Answer>;

export async function provokeVault({ instance, vaults }: Estate): Promise<Answer[]> {
  const { owner } = instance;
  const sendTo =
    (vault: string): Send =>
    (method, path, json) =>
      owner.vault(vault, { method, path, json });
  const send = sendTo(vaults.rbac);
  return [
    ...(await provokeLife(send, 'secrets', (name) =>
      send('PUT', `/secrets/${name}`, { value: 'v' }),
    )),
    ...(await provokeLife(send, 'keys', (name) =>
      send('POST', `/keys/${name}/create`, { kty: 'EC', crv: 'P-256' }),
    )),
    ...(await provokeLife(send, 'certificates', await certificateMaker(send))),
    ...(await provokeCertificates(send)),
    ...(await provokeSecrets(send)),
    await owner.vault(vaults.rbac, {
      path: '/secrets/plain?outContentType=application/x-pem-file',
      apiVersion: '2025-07-01',
    }),
    ...(await provokeKeys(send)),
    ...(await provokePurgeProtection(instance, sendTo)),
  ];
}

type Make = (name: string) => Promise<Answer>;

/** What all objects have in common: being there, deleted, purged, backed up, restored. */
async function provokeLife(
  send: Send,
  kind: 'secrets' | 'keys' | 'certificates',
  make: Make,
): Promise<Answer[]> {
  const deleted = `/deleted${kind}`;
  // A certificate takes the names of a key and a secret.
  const [life, gone, many] = [`${kind}-life`, `${kind}-gone`, `${kind}-many`];
  (await make(life)).expect(200);
  (await make(gone)).expect(200);
  const answers = [
    await send('GET', `/${kind}/absent`),
    await send('GET', `${deleted}/absent`),
    await send('GET', `/${kind}?maxresults=0`),
    await send('POST', `${deleted}/${life}/recover`),
    await send('DELETE', `${deleted}/${life}`),
    await send('POST', `/${kind}/restore`, { value: 'AAAA' }),
  ];
  const { value } = (await send('POST', `/${kind}/${gone}/backup`)).expect(200).read(BACKUP);
  const damaged = Buffer.from(value, 'base64url');
  damaged[damaged.length - 1] = (damaged[damaged.length - 1] ?? 0) ^ 1;
  const blob = { value: damaged.toString('base64url') };
  answers.push(await send('POST', `/${kind}/restore`, blob));
  const older = Buffer.from(value, 'base64url');
  for (const at of [0, 1, 8, 40, 60]) {
    const changed = Buffer.from(older);
    changed[at] = (changed[at] ?? 0) ^ 1;
    const restored = { value: changed.toString('base64url') };
    answers.push(await send('POST', `/${kind}/restore`, restored));
  }
  answers.push(await send('POST', `/${kind}/restore`, { value }));
  await send('DELETE', `/${kind}/${gone}`);
  answers.push(await make(gone));
  for (let version = 0; version <= VERSIONS_MAX; version += 25) {
    await Promise.all(Array.from({ length: 25 }, () => make(many)));
  }
  answers.push(await send('POST', `/${kind}/${many}/backup`));
  return answers;
}

async function provokeSecrets(send: Send): Promise<Answer[]> {
  const attributes = { enabled: false };
  await send('PUT', '/secrets/disabled', { value: 'v', attributes });
  await send('PUT', '/secrets/plain', { value: 'v' });
  return [await send('GET', '/secrets/disabled')];
}

async function provokeKeys(send: Send): Promise<Answer[]> {
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const create = (name: string, body: object) =>
    send('POST', `/keys/${name}/create`, { kty: 'EC', crv: 'P-256', ...body });
  const sign = { alg: 'ES256', value: DIGEST };
  const answers = [
    await create('k1', { attributes: { exportable: true } }),
    await create('k2', { release_policy: policy('claim') }),
    await create('k3', { kty: 'EC-HSM' }),
    await send('PUT', '/keys/k4', { key: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', d: 'AA' } }),
    await send('PUT', '/keys/k5', { key: { kty: 'RSA', key_hsm: 'AAAA' } }),
  ];
  const states = [
    { enabled: false },
    { exp: nowSeconds - YEAR_SECONDS },
    { nbf: nowSeconds + YEAR_SECONDS },
  ];
  for (const [index, attributes] of states.entries()) {
    (await create(`state-${index}`, { attributes })).expect(200);
    answers.push(await send('POST', `/keys/state-${index}//sign`, sign));
  }
  (await create('verify-only', { key_ops: ['verify'] })).expect(200);
  answers.push(await send('POST', '/keys/verify-only//sign', sign));
  (await send('POST', '/keys/rsa/create', { kty: 'RSA', key_size: 2048 })).expect(200);
  const ciphertext = Buffer.alloc(256, 1).toString('base64url');
  answers.push(
    await send('POST', '/keys/rsa//decrypt', { alg: 'RSA-OAEP-256', value: ciphertext }),
    await send('POST', '/keys/rsa//release', { target: 'e30.e30.AAAA' }),
  );
  const exportable = await create('exportable', {
    kty: 'EC-HSM',
    attributes: { exportable: true },
    release_policy: { ...policy('claim'), immutable: true },
  });
  answers.push(exportable);
  return [...answers, ...(await provokeRelease(send))];
}

/** Only software keys can be had on a standard vault, and those may be released too. */
async function provokeRelease(send: Send): Promise<Answer[]> {
  const created = await send('POST', '/keys/released/create', {
    kty: 'RSA',
    key_size: 2048,
    key_ops: ['encrypt', 'decrypt'],
    attributes: { exportable: true },
    release_policy: { ...policy('claim'), immutable: true },
  });
  const { key } = created.expect(200).read(KEY);
  const path = new URL(key.kid).pathname;
  return [
    await send('PATCH', path, { release_policy: policy('other') }),
    await send('POST', `${path}/release`, { target: 'e30.e30.AAAA' }),
  ];
}

function policy(claim: string) {
  const authority = 'https://attestation.example';
  const text = { version: '1.0.0', anyOf: [{ authority, allOf: [{ claim, equals: 'true' }] }] };
  const data = Buffer.from(JSON.stringify(text)).toString('base64url');
  return { contentType: 'application/json; charset=utf-8', data };
}

async function provokePurgeProtection(
  { owner }: Estate['instance'],
  sendTo: (vault: string) => Send,
): Promise<Answer[]> {
  const properties = { enablePurgeProtection: true };
  const name = await createVault(owner, { model: 'rbac', properties });
  await admitToSecrets(owner, owner, { name, model: 'rbac' });
  const send = sendTo(name);
  await send('PUT', '/secrets/kept', { value: 'v' });
  await send('DELETE', '/secrets/kept');
  return [await send('DELETE', '/deletedsecrets/kept')];
}
