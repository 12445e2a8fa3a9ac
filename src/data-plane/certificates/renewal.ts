// What a policy's lifetime actions do as a certificate ages: a new version is begun, or the vault's
// contacts are told. Work that was missed, however often, is done once.
import { ApiError } from '#kernel';
import type { Transaction } from '#storage';
import type { KeyProviders } from '../keys/key-providers.ts';
import type { DueHandler, DueSession } from '../object/due-runner.ts';
import type { DueEntry } from '../object/due-work.ts';
import {
  type CertificateHead,
  certificateObjects,
  loadPending,
  loadPolicy,
  putParts,
} from './certificate-objects.ts';
import { beginIssue } from './creation.ts';
import { nextRetry } from './enrolment.ts';
import { type CertificatePolicy, UNKNOWN } from './policy.ts';

/** Changed or done by somebody else since it fell due: nothing is left to do. */
class NothingDue extends Error {}

export interface RenewalPorts {
  readonly providers: KeyProviders;
  /** Where nobody here can renew it. */
  readonly tellContacts: DueHandler;
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
    if (policy.issuer.name === UNKNOWN) return await ports.tellContacts(session, entry);
    await renew(session, entry, { ...ports, head, policy });
    return undefined;
  };
}

interface Renewal extends Pick<RenewalPorts, 'providers'> {
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
