// Certificates issued in the background: what is pending is signed by its own key, or by the
// provider of its issuer, and becomes a version. Whatever happens in between, a restart too, the
// pending operation is where it goes on from.
import type { IssueOutcome, IssueRequest } from '#certificate-authority';
import {
  exportSpki,
  type KeyMaterial,
  orderChain,
  selfSignCertificate,
  X509Error,
} from '#cryptography';
import type { ApiError } from '#kernel';
import type { Reader, Transaction } from '#storage';
import type { KeyProviders } from '../keys/key-providers.ts';
import type { DueHandler, DueOutcome, DueSession } from '../object/due-runner.ts';
import type { DueEntry } from '../object/due-work.ts';
import { backOffSeconds } from './back-off.ts';
import {
  type CertificateHead,
  certificateObjects,
  loadPending,
  loadPolicy,
  loadRetry,
  putParts,
  type RenewalRetry,
} from './certificate-objects.ts';
import { loadContacts } from './contacts.ts';
import { BEFORE_SECONDS } from './creation.ts';
import { type IssuedVersion, prepareIssued, putIssued } from './issued-version.ts';
import { issuerAccount } from './issuer-account.ts';
import { loadIssuer } from './issuer-store.ts';
import { nameConflict } from './name-conflict.ts';
import {
  concluded,
  type Pending,
  type PendingError,
  type PendingWork,
  policyFor,
} from './pending.ts';
import { type CertificatePolicy, profileOf, SELF, UNKNOWN } from './policy.ts';
import type { FindProvider } from './providers.ts';
import { addMonths } from './validity.ts';

/** A provider that does not answer is asked again after a minute, then after two, … */
const FIRST_RETRY_SECONDS = 60;
/** A renewal that failed is tried again after an hour, then after two, … */
const FIRST_RENEWAL_RETRY_SECONDS = 3600;

interface Task {
  readonly head: CertificateHead;
  readonly pending: Pending;
  readonly work: PendingWork;
  readonly policy: CertificatePolicy;
}

/** How one attempt ended. */
type Attempt =
  | { readonly kind: 'issued'; readonly issued: IssuedVersion }
  | Exclude<IssueOutcome, { readonly kind: 'issued' }>
  | { readonly kind: 'cancelled' };

export interface EnrolmentPorts {
  readonly findProvider: FindProvider;
  readonly providers: KeyProviders;
}

export function issueHandler(ports: EnrolmentPorts): DueHandler {
  return async (session, entry) => {
    const task = await loadTask(session.view, entry.name);
    if (task === undefined) {
      await session.view.transact((transaction) => certificateObjects.takeDue(transaction, entry));
      return undefined;
    }
    const attempt = await attemptIssue(session, task, ports);
    if (!(attempt instanceof Error)) {
      return await conclude(session, entry, { task, attempt });
    }
    await postpone(session, entry, task);
    throw attempt;
  };
}

async function loadTask(reader: Reader, name: string): Promise<Task | undefined> {
  const head = await certificateObjects.findLive(reader, name);
  const pending = head && (await loadPending(reader, head.uid));
  const policy = head && (await loadPolicy(reader, head.uid));
  const work = pending?.status === 'inProgress' ? pending.work : undefined;
  return head && pending && work && policy && { head, pending, work, policy };
}

/** An error is a passing one: nobody has decided anything yet. */
async function attemptIssue(
  session: DueSession,
  task: Task,
  { findProvider, providers }: EnrolmentPorts,
): Promise<Attempt | Error> {
  if (task.pending.cancellationRequested) return { kind: 'cancelled' };
  try {
    const conflict = await nameConflict(session.view, task.head.name);
    if (conflict !== undefined) return failed(conflict.definition.code, conflict.message);
    const key = await providers.open(task.work.key);
    const outcome = await signedBy(session, { task, key, findProvider });
    return outcome.kind === 'issued' ? await accept(outcome.chain, task, key) : outcome;
  } catch (cause) {
    return new Error('the certificate could not be issued yet', { cause });
  }
}

interface Signing {
  readonly task: Task;
  readonly key: KeyMaterial;
  readonly findProvider: FindProvider;
}

async function signedBy(
  { view, vault, nowSeconds }: DueSession,
  { task, key, findProvider }: Signing,
): Promise<IssueOutcome> {
  const { pending, policy, work } = task;
  const { name, cty } = pending.issuer;
  // A request of an unknown issuer is here only to be cancelled, and was not.
  if (name === UNKNOWN) throw new Error('an unknown issuer signs nothing by itself');
  const months = policy.x509_props.validity_months;
  if (name === SELF) {
    const certificate = await selfSignCertificate({
      profile: profileOf(policy),
      key,
      notBeforeMs: (nowSeconds - BEFORE_SECONDS) * 1000,
      notAfterMs: addMonths(nowSeconds, months) * 1000,
    });
    return { kind: 'issued', chain: [certificate] };
  }
  const issuer = await loadIssuer(view, name);
  if (issuer === undefined) return failed('IssuerNotFound', `The issuer ${name} was deleted.`);
  if (!issuer.enabled) return failed('IssuerDisabled', `The issuer ${name} is disabled.`);
  const previous = await currentLeaf(view, task.head);
  const request: IssueRequest = {
    tenantId: vault.tenantId,
    account: issuerAccount(issuer, (await loadContacts(view)) ?? []),
    requestId: pending.requestId,
    csr: Buffer.from(pending.csr, 'base64'),
    validityMonths: months,
    ...(cty !== undefined && { certificateType: cty }),
    state: work.state,
    ...(previous && { previous }),
  };
  return await findProvider(issuer.provider).issue(request);
}

function failed(code: string, message: string) {
  return { kind: 'failed', code, message } as const;
}

async function currentLeaf(reader: Reader, head: CertificateHead): Promise<Buffer | undefined> {
  const { version } = await certificateObjects.load(reader, head.name, head.current.version);
  const { cer } = version.content;
  return cer === undefined ? undefined : Buffer.from(cer, 'base64');
}

/** A certificate for another key, or one that does not hang together, is a failure for good. */
async function accept(
  chain: readonly Uint8Array[],
  { policy, pending, work }: Task,
  key: KeyMaterial,
): Promise<Attempt> {
  try {
    const ordered = orderChain(chain, exportSpki(key));
    const { preserveCertOrder } = pending;
    const issued = await prepareIssued({
      ...{ chain: ordered, key, savedKey: work.key, preserveCertOrder },
      policy: policyFor(work, policy),
    });
    return { kind: 'issued', issued };
  } catch (cause) {
    if (!(cause instanceof X509Error)) throw cause;
    const message = 'The issuer answered with a certificate that does not fit the request.';
    return { kind: 'failed', code: 'InvalidCertificate', message };
  }
}

interface Ended {
  readonly task: Task;
  readonly attempt: Attempt;
}

function conclude(
  { view, nowSeconds }: DueSession,
  entry: DueEntry,
  { task, attempt }: Ended,
): Promise<DueOutcome | undefined> {
  return view.transact(async (transaction) => {
    const head = await certificateObjects.takeDue(transaction, entry);
    const pending = head && (await loadPending(transaction, head.uid));
    // Cancelled, deleted or replaced while it was being signed.
    if (pending?.requestId !== task.pending.requestId) return undefined;
    if (head === undefined || pending.status !== 'inProgress') return undefined;
    const conflict = await nameConflict(transaction, head.name);
    if (attempt.kind === 'issued' && !pending.cancellationRequested && conflict === undefined) {
      return await complete(transaction, { head, task, issued: attempt.issued, nowSeconds });
    }
    if (attempt.kind === 'pending' && !pending.cancellationRequested) {
      await putParts(transaction, head, { pending: waiting(pending, attempt, nowSeconds) });
      return undefined;
    }
    const error = failureOf(attempt, conflict);
    const end = error ? ({ status: 'failed', error } as const) : ({ status: 'cancelled' } as const);
    const retry = await nextRetry(transaction, head, nowSeconds);
    await putParts(transaction, head, { pending: concluded(pending, end), retry });
    return undefined;
  });
}

function failureOf(attempt: Attempt, conflict: ApiError | undefined): PendingError | undefined {
  if (attempt.kind === 'failed') return { code: attempt.code, message: attempt.message };
  // The name was taken while it was being signed.
  if (attempt.kind !== 'issued' || conflict === undefined) return undefined;
  return { code: conflict.definition.code, message: conflict.message };
}

interface Completion {
  readonly head: CertificateHead;
  readonly task: Task;
  readonly issued: IssuedVersion;
  readonly nowSeconds: number;
}

async function complete(
  transaction: Transaction,
  { head, task, issued, nowSeconds }: Completion,
): Promise<DueOutcome> {
  const { work, pending } = task;
  const found = await putIssued(transaction, {
    name: head.name,
    version: work.version,
    enabled: work.enabled,
    tags: work.tags,
    ...{ issued, nowSeconds, before: head },
  });
  const done = concluded(pending, { status: 'completed' });
  const saved = await putParts(transaction, found.head, { pending: done, retry: null });
  return { audit: pending.isRenewal ? 'CertificateRenew' : 'CertificateEnroll', head: saved };
}

function waiting(
  pending: Pending,
  outcome: Extract<IssueOutcome, { readonly kind: 'pending' }>,
  nowSeconds: number,
): Pending {
  const { work } = pending;
  const details = outcome.details ?? pending.details;
  const nextAttempt = nowSeconds + Math.max(1, outcome.retryAfterSeconds);
  return {
    ...pending,
    ...(details !== undefined && { details }),
    ...(work && { work: { ...work, state: outcome.state, nextAttempt, failures: 0 } }),
  };
}

/** Later each time; other work of the vault does not wait for it. */
function postpone(
  { view, nowSeconds }: DueSession,
  entry: DueEntry,
  task: Task,
): Promise<CertificateHead | undefined> {
  return view.transact(async (transaction) => {
    const head = await certificateObjects.takeDue(transaction, entry);
    const pending = head && (await loadPending(transaction, head.uid));
    if (head === undefined || pending?.requestId !== task.pending.requestId) return undefined;
    if (pending.work === undefined) return undefined;
    const { failures } = pending.work;
    const nextAttempt = nowSeconds + backOffSeconds(FIRST_RETRY_SECONDS, failures);
    const work = { ...pending.work, nextAttempt, failures: failures + 1 };
    return await putParts(transaction, head, { pending: { ...pending, work } });
  });
}

/** After an issue that came to nothing, a renewal that is due is tried again. */
export async function nextRetry(
  reader: Reader,
  { uid }: CertificateHead,
  nowSeconds: number,
): Promise<RenewalRetry> {
  const failures = (await loadRetry(reader, uid))?.failures ?? 0;
  const at = nowSeconds + backOffSeconds(FIRST_RENEWAL_RETRY_SECONDS, failures);
  return { at, failures: failures + 1 };
}
