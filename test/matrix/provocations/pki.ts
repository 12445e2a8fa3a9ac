// Provokes the errors of the host that tells everybody about certificates.
import type { Answer } from '#test/kit/wire.ts';
import type { Estate } from '../call-row.ts';

export async function provokePki({ instance }: Estate): Promise<Answer[]> {
  const pki = instance.management.replace('//management.', '//pki.');
  const get = (path: string) => instance.wire.send({ url: `${pki}${path}` });
  return [
    await get('/authorities/absent/authority.cer'),
    await get('/authorities/absent/revoked.crl'),
  ];
}
