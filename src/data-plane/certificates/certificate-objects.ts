// Certificates as objects in a vault's records, what belongs to one as a whole (its policy and its
// pending operation), and what falls due because of these.
import type { Reader, Transaction } from '#storage';
import { type DuePlan, planExpiry } from '../object/due-work.ts';
import { ObjectStore } from '../object/object-store.ts';
import { type Head, objectPrefix } from '../object/records.ts';
import { type CertificateContent, type CertificateListed, certificateKind } from './certificate.ts';
import type { Pending } from './pending.ts';
import type { CertificatePolicy, LifetimeAction } from './policy.ts';

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

export interface Parts {
  readonly policy?: CertificatePolicy;
  /** `null`: there is none any more. */
  readonly pending?: Pending | null;
  readonly retry?: RenewalRetry | null;
}

/** Writes what belongs to the certificate, then its head again: what falls due depends on it. */
export async function putParts(
  transaction: Transaction,
  head: CertificateHead,
  { policy, pending, retry }: Parts,
): Promise<CertificateHead> {
  if (policy !== undefined) transaction.put(policyPath(head.uid), policy);
  if (pending === null) transaction.delete(pendingPath(head.uid));
  else if (pending !== undefined) transaction.put(pendingPath(head.uid), pending);
  if (retry === null) transaction.delete(retryPath(head.uid));
  else if (retry !== undefined) transaction.put(retryPath(head.uid), retry);
  return await certificateObjects.putHead(transaction, head, head);
}

/** Nothing expires, or is renewed, before it has been issued. */
async function planCertificateDue(reader: Reader, head: CertificateHead): Promise<DuePlan> {
  const pending = await loadPending(reader, head.uid);
  const issue = pending?.work?.nextAttempt;
  const isIssued = head.current.listed.x5t !== undefined;
  const policy = isIssued ? await loadPolicy(reader, head.uid) : undefined;
  return {
    ...(isIssued && planExpiry(head)),
    ...(policy && planLifetime(head, policy, await loadRetry(reader, head.uid))),
    ...(issue !== undefined && { issue }),
  };
}

/** A disabled certificate rests: its successor would be an enabled one. */
export function planLifetime(
  { current }: Pick<CertificateHead, 'current'>,
  { lifetime_actions: actions }: Pick<CertificatePolicy, 'lifetime_actions'>,
  retry: RenewalRetry | undefined,
): DuePlan {
  const { nbf, exp, enabled } = current.attributes;
  if (nbf === undefined || exp === undefined || !enabled) return {};
  const at = (type: LifetimeAction['action']['action_type']) => {
    const found = actions.find(({ action }) => action.action_type === type);
    return found && triggerSeconds(found.trigger, { nbf, exp });
  };
  const renewal = at('AutoRenew');
  const renew = renewal === undefined ? undefined : Math.max(renewal, retry?.at ?? 0);
  const notify = at('EmailContacts');
  return {
    ...(renew !== undefined && { renew }),
    ...(notify !== undefined && { notify }),
  };
}

function triggerSeconds(
  { lifetime_percentage: percentage, days_before_expiry: days }: LifetimeAction['trigger'],
  { nbf, exp }: { readonly nbf: number; readonly exp: number },
): number {
  return percentage === undefined
    ? exp - (days ?? 0) * DAY_SECONDS
    : nbf + Math.floor(((exp - nbf) * percentage) / 100);
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
