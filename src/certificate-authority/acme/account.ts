// Accounts at ACME servers: one per directory and external account, its key sealed like every
// record.
import { createHash } from 'node:crypto';
import { deserializeKey, generateKey } from '#cryptography';
import type { View } from '#storage';
import { sealable } from '../authorities.ts';
import type { AcmePorts } from './acme-ports.ts';
import { AcmeProblem, AcmeSession, type ExternalAccount } from './acme-session.ts';

interface AccountRecord {
  /** Serialized, base64. */
  readonly key: string;
  readonly kid?: string;
  /** Addresses that the server was told last, whether it took them or not. */
  readonly emails?: readonly string[];
}

export interface AccountHolder {
  readonly external: ExternalAccount | undefined;
  /** Whom the server may write about the account. None leaves whom it knows. */
  readonly emails: readonly string[];
}

const CONTACT_PROBLEMS: ReadonlySet<string> = new Set(['invalidContact', 'unsupportedContact']);
const EMAILS_MAX = 10;
/** One address and nothing that a `mailto` could add (RFC 8555 §7.3). */
const EMAIL = /^[\w.!#$'*+/=^`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}$/;

/** Signs in, with a new account if there is none yet. Throws AcmeProblem. */
export async function openAccount(
  view: View,
  { external, emails: given }: AccountHolder,
  ports: AcmePorts,
): Promise<AcmeSession> {
  const emails = given.filter((email) => EMAIL.test(email)).slice(0, EMAILS_MAX);
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
  const { kid = await register(new AcmeSession(ports, { key }), { external, emails }) } = record;
  const session = new AcmeSession(ports, { key, kid });
  const isKnown = emails.length === 0 || emails.join() === record.emails?.join();
  if (record.kid !== undefined && isKnown) return session;
  if (record.kid !== undefined) await acceptRefusal(() => session.post(kid, contactOf(emails)));
  const kept = { ...record, kid, ...(emails.length > 0 && { emails }) };
  await view.transact(async (transaction) => transaction.put<AccountRecord>(path, kept));
  return session;
}

/** For a key that the server knows it answers with the account that is there. */
async function register(
  session: AcmeSession,
  { external, emails }: AccountHolder,
): Promise<string> {
  const { newAccount } = await session.directory();
  const post = (contact: object) =>
    session.post(newAccount, {
      termsOfServiceAgreed: true,
      ...contact,
      ...(external && {
        externalAccountBinding: session.bindExternalAccount(external, newAccount),
      }),
    });
  const answer = (await acceptRefusal(() => post(contactOf(emails)))) ?? (await post({}));
  const kid = answer.headers.location;
  if (kid === undefined) throw new Error('the ACME server named no account');
  return kid;
}

function contactOf(emails: readonly string[]) {
  return emails.length === 0 ? {} : { contact: emails.map((email) => `mailto:${encode(email)}`) };
}

/** Of what an address may hold these mean something in an URL (RFC 6068 §2). */
function encode(email: string): string {
  return email.replace(/[#/^`{|}]/g, encodeURIComponent);
}

/** Certificates do not depend on an address that the server does not like. */
async function acceptRefusal<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AcmeProblem && CONTACT_PROBLEMS.has(error.type)) return undefined;
    throw error;
  }
}
