// The authorities themselves: a root that signs nothing but intermediates, so that its key can be
// taken away, and intermediates that issue to vaults and nobody below them. A retired intermediate
// issues no more but goes on saying what was revoked, until it ends.
import { randomBytes } from 'node:crypto';
import {
  type Authority,
  deserializeKey,
  exportSpki,
  generateKey,
  issueCertificate,
  type KeyMaterial,
  type NameConstraints,
  readCertificate,
  selfSignCertificate,
  serializeKey,
} from '#cryptography';
import type { Clock } from '#kernel';
import type { Reader, Transaction, View } from '#storage';
import { AuthorityError } from './authority-error.ts';
import { type AuthorityRecord, type AuthoritySettings, paths } from './records.ts';

export interface AuthorityContext {
  readonly clock: Clock;
  /** `https://pki.D[:port]`, or plain http where that is served; no slash at the end. */
  readonly address: string;
}

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
const ROOT_MS = 20 * YEAR_MS;
const INTERMEDIATE_MS = 5 * YEAR_MS;
/** A verifier's clock may be this far behind ours. */
export const CLOCK_SKEW_MS = 600_000;
const AUTHORITIES_MAX = 1000;
export const ROOT = 'root';
const NAME = /^(?:root|intermediate-\d{1,6})$/;

/** AuthorityError `exists`; X509Error for constraints that are none. */
export async function createAuthority(
  view: View,
  constraints: NameConstraints | undefined,
  context: AuthorityContext,
): Promise<readonly AuthorityRecord[]> {
  if ((await view.get(paths.settings)) !== undefined) throw new AuthorityError('exists');
  const root = await makeRoot(context.clock.now());
  const first = await makeIntermediate(root, { number: 1, constraints, context });
  return await view.transact(async (transaction) => {
    if ((await transaction.get(paths.settings)) !== undefined) throw new AuthorityError('exists');
    transaction.put<AuthoritySettings>(paths.settings, {
      ...(constraints && { constraints }),
      active: first.name,
      intermediates: 1,
    });
    for (const record of [root, first]) transaction.put(paths.authority(record.name), record);
    return [root, first];
  });
}

/** A new intermediate, which issues from now on. AuthorityError `missing`, `rootOffline`. */
export async function renewIntermediate(
  view: View,
  context: AuthorityContext,
): Promise<AuthorityRecord> {
  return await view.transact((transaction) => putNextIntermediate(transaction, context));
}

/** AuthorityError `missing`, `rootOffline`. */
export async function putNextIntermediate(
  transaction: Transaction,
  context: AuthorityContext,
): Promise<AuthorityRecord> {
  const settings = await loadSettings(transaction);
  const root = await loadAuthority(transaction, ROOT);
  const number = settings.intermediates + 1;
  const made = await makeIntermediate(root, { ...settings, number, context });
  transaction.put(paths.authority(made.name), made);
  transaction.put<AuthoritySettings>(paths.settings, {
    ...settings,
    active: made.name,
    intermediates: number,
  });
  return made;
}

/** AuthorityError `missing` if there is no authority at all. */
export async function loadSettings(reader: Reader): Promise<AuthoritySettings> {
  const settings = await reader.get<AuthoritySettings>(paths.settings);
  if (settings === undefined) throw new AuthorityError('missing');
  return settings;
}

/** AuthorityError `missing` if there is none at all, `notFound` if none of that name. */
export async function loadAuthority(reader: Reader, name: string): Promise<AuthorityRecord> {
  await loadSettings(reader);
  if (!NAME.test(name)) throw new AuthorityError('notFound');
  const record = await reader.get<AuthorityRecord>(paths.authority(name));
  if (record === undefined) throw new AuthorityError('notFound');
  return record;
}

/** Root first, newest intermediate last. */
export async function listAuthorities(reader: Reader): Promise<AuthorityRecord[]> {
  const range = { prefix: paths.authorities, limit: AUTHORITIES_MAX };
  const records = (await reader.scan<AuthorityRecord>(range)).map(({ value }) => value);
  return records.sort((a, b) => rank(a) - rank(b));
}

/** AuthorityError `rootOffline` if the key is not here. */
export function openAuthority(record: AuthorityRecord): Authority {
  return { certificate: Buffer.from(record.certificate, 'base64'), key: openKey(record) };
}

/** Whether half of the lifetime is over: what is issued must not end with its issuer too soon. */
export function isRenewalDue(record: AuthorityRecord, nowMs: number): boolean {
  return nowMs >= (record.notBeforeMs + record.notAfterMs) / 2;
}

/** The key as a record holds it. */
export function sealable(key: KeyMaterial): string {
  const bytes = serializeKey(key);
  const text = bytes.toString('base64');
  bytes.fill(0);
  return text;
}

export function openKey({ key }: AuthorityRecord): KeyMaterial {
  if (key === undefined) throw new AuthorityError('rootOffline');
  return deserializeKey(Buffer.from(key, 'base64'));
}

async function makeRoot(nowMs: number): Promise<AuthorityRecord> {
  const key = await generateKey({ kty: 'EC', crv: 'P-384' });
  const subject = `CN=Strongroom Root CA ${randomBytes(4).toString('hex')}`;
  const certificate = await selfSignCertificate({
    profile: {
      subject,
      basicConstraints: { isAuthority: true, pathLength: 1 },
      keyUsages: ['keyCertSign', 'cRLSign'],
    },
    key,
    notBeforeMs: nowMs - CLOCK_SKEW_MS,
    notAfterMs: nowMs + ROOT_MS,
  });
  return await recordOf({ name: ROOT, kind: 'root', certificate, key });
}

interface IntermediateInput {
  readonly number: number;
  readonly constraints?: NameConstraints | undefined;
  readonly context: AuthorityContext;
}

async function makeIntermediate(
  root: AuthorityRecord,
  { number, constraints, context }: IntermediateInput,
): Promise<AuthorityRecord> {
  const authority = openAuthority(root);
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  const nowMs = context.clock.now();
  const certificate = await issueCertificate({
    profile: {
      subject: `CN=Strongroom Intermediate CA ${number} ${randomBytes(4).toString('hex')}`,
      basicConstraints: { isAuthority: true, pathLength: 0 },
      keyUsages: ['keyCertSign', 'cRLSign'],
    },
    spki: exportSpki(key),
    authority,
    notBeforeMs: Math.max(nowMs - CLOCK_SKEW_MS, root.notBeforeMs),
    notAfterMs: Math.min(nowMs + INTERMEDIATE_MS, root.notAfterMs),
    nameConstraints: constraints,
    addresses: addressesOf(ROOT, context),
  });
  return await recordOf({ name: `intermediate-${number}`, kind: 'intermediate', certificate, key });
}

/** Where verifiers of what `authority` issued ask. */
export function addressesOf(authority: string, { address }: Pick<AuthorityContext, 'address'>) {
  const own = `${address}/authorities/${authority}`;
  return {
    ocsp: `${address}/ocsp`,
    issuer: `${own}/authority.cer`,
    revocationList: `${own}/revoked.crl`,
  };
}

interface Made extends Pick<AuthorityRecord, 'name' | 'kind'> {
  readonly certificate: Buffer;
  readonly key: KeyMaterial;
}

async function recordOf({ name, kind, certificate, key }: Made): Promise<AuthorityRecord> {
  const { subject, serialNumber, notBeforeMs, notAfterMs } = await readCertificate(certificate);
  return {
    ...{ name, kind, subject, serialNumber, notBeforeMs, notAfterMs },
    certificate: certificate.toString('base64'),
    key: sealable(key),
  };
}

function rank({ kind, name }: AuthorityRecord): number {
  return kind === 'root' ? 0 : Number(name.slice('intermediate-'.length));
}
