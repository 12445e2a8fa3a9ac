// Provokes the errors of the tenant's certificate authority, from before it is set up.
import type { Caller } from '#test/kit/caller.ts';
import type { Answer } from '#test/kit/wire.ts';

const BASE = '/providers/Strongroom.CertificateAuthority';
const ROOT = `${BASE}/authorities/root`;

export async function provokeCertificateAuthority(owner: Caller): Promise<Answer[]> {
  const apiVersion = '2026-11-01';
  const send = (method: string, path: string, json?: unknown) =>
    owner.arm({ method, path, json, apiVersion });
  return [
    await send('GET', ROOT),
    await send('PUT', ROOT, {}),
    await send('PUT', ROOT, {}),
    await send('POST', `${ROOT}/removeKey`),
    await send('POST', `${ROOT}/renew`),
    await send('POST', `${ROOT}/importKey`, { privateKey: 'none' }),
    await send('GET', `${BASE}/certificates/abcd`),
    await send('GET', `${BASE}/authorities/absent`),
  ];
}
