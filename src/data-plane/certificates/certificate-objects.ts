// Certificates as objects in a vault's records, what belongs to one as a whole (its policy and its
// pending operation), and what falls due because of these.
import type { Reader, Transaction } from '#storage';
import { type DuePlan, planExpiry } from '../object/due-work.ts';
import { ObjectStore } from '../object/object-store.ts';
import { type Head, objectPrefix } from '../object/records.ts';
import { type CertificateContent, type CertificateListed, certificateKind } from './certificate.ts';
import type { Pending } from './pending.ts';
import { type CertificatePolicy, LIFETIME_PERCENTAGE, type LifetimeAction } from './policy.ts';

export type CertificateHead = Head<CertificateListed>;

const DAY_SECONDS = 86_400;

export const certificateObjects = new ObjectStore<CertificateListed, CertificateContent>(
  certificateKind,
  planCertificateDue,
);

export function loadPolicy(reader: Reader, uid: string): Promise<CertificatePolicy | undefined> {
  return reader.get(policyPath(uid));
}

export function loadPending(reader: Reader, uid: string): Promise<Pending | undefined> {
  return reader.get(pendingPath(uid));
}

/** When a renewal that failed is tried again, and how often it failed since the last success. */
export interface RenewalRetry {
  readonly at: number;
  readonly failures: number;
}

export function loadRetry(reader: Reader, uid: string): Promise<RenewalRetry | undefined> {
  return reader.get(retryPath(uid));
}

/** How far telling the contacts of one version has come. */
export interface Notice {
  readonly version: string;
  /** When it fell due, and when it goes on. Unix seconds. */
  readonly plannedAt: number;
  readonly at: number;
  /** Addresses whose mail was taken. */
  readonly told: readonly string[];
  readonly failures: number;
}

/** A renewal that only somebody outside can do is a notice, too. */
export type NoticeTask = 'notify' | 'renew';

export type Notices = Readonly<Partial<Record<NoticeTask, Notice>>>;

export function loadNotices(reader: Reader, uid: string): Promise<Notices | undefined> {
  return reader.get(noticesPath(uid));
}

export interface Parts {
  readonly policy?: CertificatePolicy;
  /** `null`: there is none any more. */
  readonly pending?: Pending | null;
  readonly retry?: RenewalRetry | null;
  readonly notices?: Notices;
}

/** Writes what belongs to the certificate, then its head again: what falls due depends on it. */
export async function putParts(
  transaction: Transaction,
  head: CertificateHead,
  { policy, pending, retry, notices }: Parts,
): Promise<CertificateHead> {
  if (policy !== undefined) transaction.put(policyPath(head.uid), policy);
  if (pending === null) transaction.delete(pendingPath(head.uid));
  else if (pending !== undefined) transaction.put(pendingPath(head.uid), pending);
  if (retry === null) transaction.delete(retryPath(head.uid));
  else if (retry !== undefined) transaction.put(retryPath(head.uid), retry);
  if (notices !== undefined) transaction.put(noticesPath(head.uid), notices);
  return await certificateObjects.putHead(transaction, head, head);
}

/** Nothing expires, or is renewed, before it has been issued. */
async function planCertificateDue(reader: Reader, head: CertificateHead): Promise<DuePlan> {
  const pending = await loadPending(reader, head.uid);
  const issue = pending?.work?.nextAttempt;
  const isIssued = head.current.listed.x5t !== undefined;
  const policy = isIssued ? await loadPolicy(reader, head.uid) : undefined;
  const retry = policy && (await loadRetry(reader, head.uid));
  const notices = policy && (await loadNotices(reader, head.uid));
  return {
    ...(isIssued && planExpiry(head)),
    ...(policy && planLifetime(head, policy, { retry, notices })),
    ...(issue !== undefined && { issue }),
  };
}

interface SoFar {
  readonly retry: RenewalRetry | undefined;
  readonly notices: Notices | undefined;
}

/** A disabled certificate rests: its successor would be an enabled one. */
function planLifetime(
  { current }: Pick<CertificateHead, 'current'>,
  { lifetime_actions: actions }: Pick<CertificatePolicy, 'lifetime_actions'>,
  { retry, notices }: SoFar,
): DuePlan {
  const { version } = current;
  const { nbf, exp, enabled } = current.attributes;
  if (nbf === undefined || exp === undefined || !enabled) return {};
  const at = (
    task: NoticeTask,
    type: LifetimeAction['action']['action_type'],
    earliest: number,
  ) => {
    const found = actions.find(({ action }) => action.action_type === type);
    if (found === undefined) return {};
    const planned = Math.max(triggerSeconds(found.trigger, { nbf, exp }), earliest);
    const notice = notices?.[task];
    const isBegun = notice?.version === version && notice.plannedAt === planned;
    return { [task]: isBegun ? notice.at : planned };
  };
  return {
    ...at('renew', 'AutoRenew', retry?.at ?? 0),
    ...at('notify', 'EmailContacts', 0),
  };
}

/**
 * An issuer may give less time than was asked, down to less than the days before expiry: counted
 * from the end, the successor would be due as soon as it is there, and so would its own.
 */
function triggerSeconds(
  { lifetime_percentage: percentage, days_before_expiry: days = 0 }: LifetimeAction['trigger'],
  { nbf, exp }: { readonly nbf: number; readonly exp: number },
): number {
  const atPart = (percent: number) => nbf + Math.floor(((exp - nbf) * percent) / 100);
  if (percentage !== undefined) return atPart(percentage);
  const fromEnd = exp - days * DAY_SECONDS;
  return fromEnd < nbf + DAY_SECONDS ? atPart(LIFETIME_PERCENTAGE) : fromEnd;
}

function policyPath(uid: string): string {
  return `${objectPrefix('certificates', uid)}policy`;
}

function pendingPath(uid: string): string {
  return `${objectPrefix('certificates', uid)}pending`;
}

function retryPath(uid: string): string {
  return `${objectPrefix('certificates', uid)}renewal`;
}

function noticesPath(uid: string): string {
  return `${objectPrefix('certificates', uid)}notices`;
}
