// Accounts at ACME servers: one per directory and external account, its key sealed like every
// record.
import { createHash } from 'node:crypto';
import { deserializeKey, generateKey } from '#cryptography';
import type { View } from '#storage';
import { sealable } from '../authorities.ts';
import type { AcmePorts } from './acme-ports.ts';
import { AcmeSession, type ExternalAccount } from './acme-session.ts';

interface AccountRecord {
  /** Serialized, base64. */
  readonly key: string;
  readonly kid?: string;
}

/** Signs in, with a new account if there is none yet. Throws AcmeProblem. */
export async function openAccount(
  view: View,
  external: ExternalAccount | undefined,
  ports: AcmePorts,
): Promise<AcmeSession> {
  const name = createHash('sha256').update(`${ports.directory} ${external?.kid ?? ''}`);
  const path = `acme/account/${name.digest('base64url')}`;
  // The key is kept before the server hears of it: an account whose key is lost is lost.
  const made = sealable(await generateKey({ kty: 'EC', crv: 'P-256' }));
  const record = await view.transact(async (transaction) => {
    const kept = await transaction.get<AccountRecord>(path);
    if (kept === undefined) transaction.put<AccountRecord>(path, { key: made });
    return kept ?? { key: made };
  });
  const key = deserializeKey(Buffer.from(record.key, 'base64'));
  if (record.kid !== undefined) return new AcmeSession(ports, { key, kid: record.kid });
  const kid = await register(new AcmeSession(ports, { key }), external);
  await view.transact(async (transaction) => transaction.put(path, { ...record, kid }));
  return new AcmeSession(ports, { key, kid });
}

/** For a key that the server knows it answers with the account that is there. */
async function register(
  session: AcmeSession,
  external: ExternalAccount | undefined,
): Promise<string> {
  const { newAccount } = await session.directory();
  const answer = await session.post(newAccount, {
    termsOfServiceAgreed: true,
    ...(external && {
      externalAccountBinding: session.bindExternalAccount(external, newAccount),
    }),
  });
  const kid = answer.headers.location;
  if (kid === undefined) throw new Error('the ACME server named no account');
  return kid;
}
