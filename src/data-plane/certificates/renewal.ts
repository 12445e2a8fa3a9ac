// What a policy's lifetime actions do as a certificate ages: a new version is begun, or the vault's
// contacts are told. Work that was missed, however often, is done once.
import { ApiError } from '#kernel';
import type { Transaction } from '#storage';
import type { KeyProviders } from '../keys/key-providers.ts';
import type { DueHandler, DueOutcome, DueSession } from '../object/due-runner.ts';
import type { DueEntry } from '../object/due-work.ts';
import {
  type CertificateHead,
  certificateObjects,
  loadPending,
  loadPolicy,
  putParts,
} from './certificate-objects.ts';
import { loadContacts } from './contacts.ts';
import { beginIssue } from './creation.ts';
import { nextRetry } from './enrolment.ts';
import type { Mail, Mailer } from './mailer.ts';
import { type CertificatePolicy, UNKNOWN } from './policy.ts';

/** Changed or done by somebody else since it fell due: nothing is left to do. */
class NothingDue extends Error {}

export interface RenewalPorts {
  readonly providers: KeyProviders;
  /** Absent: nobody is told by mail. */
  readonly mailer?: Mailer;
}

export function renewHandler(ports: RenewalPorts): DueHandler {
  return async (session, entry) => {
    const head = await certificateObjects.findLive(session.view, entry.name);
    const policy = head && (await loadPolicy(session.view, head.uid));
    const pending = head && (await loadPending(session.view, head.uid));
    // What is being issued already will be the new version.
    if (head === undefined || policy === undefined || pending?.status === 'inProgress') {
      await session.view.transact((transaction) => certificateObjects.takeDue(transaction, entry));
      return undefined;
    }
    if (policy.issuer.name === UNKNOWN) return await tellContacts(session, entry, ports.mailer);
    await renew(session, entry, { ...ports, head, policy });
    return undefined;
  };
}

interface Renewal extends RenewalPorts {
  readonly head: CertificateHead;
  readonly policy: CertificatePolicy;
}

async function renew(
  session: DueSession,
  entry: DueEntry,
  { providers, head, policy }: Renewal,
): Promise<void> {
  const take = async (transaction: Transaction): Promise<void> => {
    const taken = await certificateObjects.takeDue(transaction, entry);
    if (taken === undefined) throw new NothingDue();
  };
  const { tags } = head.current;
  const preserveCertOrder = false;
  try {
    await beginIssue({ ...session, providers }, head.name, {
      ...{ policy, enabled: true, preserveCertOrder, isRenewal: true, take },
      ...(tags && { tags }),
    });
  } catch (cause) {
    if (cause instanceof NothingDue) return;
    // The issuer is gone, for example: tried again later, and later each time.
    if (cause instanceof ApiError) await retryLater(session, entry);
    throw cause;
  }
}

function retryLater({ view, nowSeconds }: DueSession, entry: DueEntry): Promise<void> {
  return view.transact(async (transaction) => {
    const head = await certificateObjects.takeDue(transaction, entry);
    if (head === undefined) return;
    await putParts(transaction, head, { retry: await nextRetry(transaction, head, nowSeconds) });
  });
}

export function notifyHandler({ mailer }: Pick<RenewalPorts, 'mailer'>): DueHandler {
  return (session, entry) => tellContacts(session, entry, mailer);
}

/** The mail first: if it is not taken, the work stays due. The event is recorded in any case. */
async function tellContacts(
  { view, vault, nowSeconds }: DueSession,
  entry: DueEntry,
  mailer: Mailer | undefined,
): Promise<DueOutcome | undefined> {
  const current = await certificateObjects.findLive(view, entry.name);
  const contacts = await loadContacts(view);
  if (mailer !== undefined && current !== undefined && contacts?.length) {
    const to = contacts.map(({ email }) => email);
    await mailer.send({ to, ...composeMail(current, vault.name) });
  }
  const head = await view.transact(async (transaction) => {
    const taken = await certificateObjects.takeDue(transaction, entry);
    if (taken === undefined) return undefined;
    certificateObjects.recordEvent(transaction, taken, { kind: 'NearExpiry', time: nowSeconds });
    return taken;
  });
  return head && { audit: 'CertificateNearExpiryEventGridNotification', head };
}

function composeMail(head: CertificateHead, vault: string): Omit<Mail, 'to'> {
  const { exp = 0 } = head.current.attributes;
  const date = new Date(exp * 1000).toISOString().slice(0, 10);
  return {
    subject: `Certificate ${head.name} in vault ${vault} expires on ${date}`,
    text: [
      `The certificate ${head.name} in the vault ${vault} expires on ${date}.`,
      '',
      `Version: ${head.current.version}`,
      `Thumbprint: ${Buffer.from(head.current.listed.x5t ?? '', 'base64url').toString('hex')}`,
      '',
      'Please renew it. You get this mail because you are a certificate contact of the vault.',
      '',
    ].join('\n'),
  };
}
