// Pending operations in a vault's records: looked at, cancelled, forgotten, and completed by a
// certificate that somebody else has signed.
import { exportSpki, orderChain, X509Error } from '#cryptography';
import { certificateErrors, keyVaultErrors } from '#errors';
import { ApiError } from '#kernel';
import type { Reader } from '#storage';
import type { KeyProviders } from '../keys/key-providers.ts';
import type { FoundCertificate } from './certificate.ts';
import {
  type CertificateHead,
  certificateObjects,
  loadPending,
  loadPolicy,
  putParts,
} from './certificate-objects.ts';
import { decodeCertificate } from './certificate-text.ts';
import type { WorkSession } from './creation.ts';
import { type IssuedVersion, prepareIssued, putIssued } from './issued-version.ts';
import {
  concluded,
  type Pending,
  type PendingWork,
  policyFor,
  requireInProgress,
} from './pending.ts';
import { type CertificatePolicy, UNKNOWN } from './policy.ts';
import type { CertificateMergeParameters } from './wire.ts';

export interface FoundPending {
  readonly head: CertificateHead;
  readonly pending: Pending;
}

/** Throws `pendingNotFound`, also if `requestId` asks for another one. */
export async function requirePending(
  reader: Reader,
  name: string,
  requestId?: string,
): Promise<FoundPending> {
  const head = await certificateObjects.findLive(reader, name);
  const pending = head && (await loadPending(reader, head.uid));
  const fits = requestId === undefined || requestId.toLowerCase() === pending?.requestId;
  if (head === undefined || pending === undefined || !fits) {
    throw new ApiError(certificateErrors.pendingNotFound, { id: name });
  }
  return { head, pending };
}

/** Takes effect a moment later, as with Azure. Throws `pendingNotInProgress`. */
export function requestCancellation(
  { view, nowSeconds }: WorkSession,
  name: string,
  cancellationRequested: boolean,
): Promise<FoundPending> {
  return view.transact(async (transaction) => {
    const found = await requirePending(transaction, name);
    const { nextAttempt, ...work } = requireInProgress(found.pending);
    const given = { cancellationRequested, nowSeconds, nextAttempt };
    const pending = {
      ...found.pending,
      cancellationRequested,
      work: { ...work, ...nextStep(found.pending, given) },
    };
    return { head: await putParts(transaction, found.head, { pending }), pending };
  });
}

interface CancellationStep {
  readonly cancellationRequested: boolean;
  readonly nowSeconds: number;
  /** As planned before. */
  readonly nextAttempt: number | undefined;
}

function nextStep(
  { issuer }: Pending,
  { cancellationRequested, nowSeconds, nextAttempt }: CancellationStep,
): Pick<PendingWork, 'nextAttempt'> {
  if (cancellationRequested) return { nextAttempt: nowSeconds };
  // Taken back: who waits for a merge goes on waiting.
  return issuer.name === UNKNOWN || nextAttempt === undefined ? {} : { nextAttempt };
}

/** As it was. What has been issued stays. */
export function deletePending({ view }: WorkSession, name: string): Promise<FoundPending> {
  return view.transact(async (transaction) => {
    const { head, pending } = await requirePending(transaction, name);
    return { head: await putParts(transaction, head, { pending: null }), pending };
  });
}

/**
 * Throws `pendingNotFound`, `mergeForbidden`, `pendingNotInProgress`, what `nameConflict` finds,
 * and for the certificates `valueTooLong`, `unreadable`, `publicKeyMismatch`, `chainInvalid`.
 */
export async function mergeCertificate(
  { view, nowSeconds, providers }: WorkSession,
  name: string,
  given: CertificateMergeParameters | null | undefined,
): Promise<FoundCertificate> {
  const { head, pending } = await requirePending(view, name);
  if (given == null) throw new ApiError(keyVaultErrors.bodyMissing);
  if (pending.issuer.name !== UNKNOWN) {
    throw new ApiError(certificateErrors.mergeForbidden, { issuer: pending.issuer.name });
  }
  const work = requireInProgress(pending);
  const policy = await loadPolicy(view, head.uid);
  if (policy === undefined) throw new ApiError(certificateErrors.pendingNotFound, { id: name });
  const issued = await readMerged(given.x5c, { policy, pending, work, providers });
  return await view.transact(async (transaction) => {
    const now = await requirePending(transaction, name);
    if (now.pending.requestId !== pending.requestId) {
      throw new ApiError(certificateErrors.pendingNotFound, { id: name });
    }
    requireInProgress(now.pending);
    const found = await putIssued(transaction, {
      name: now.head.name,
      version: work.version,
      enabled: given.attributes?.enabled ?? work.enabled,
      tags: given.tags ?? work.tags,
      ...{ issued, nowSeconds, before: now.head },
    });
    const done = concluded(now.pending, { status: 'completed' });
    const saved = await putParts(transaction, found.head, { pending: done, retry: null });
    return { ...found, head: saved };
  });
}

interface Merging {
  readonly policy: CertificatePolicy;
  readonly pending: Pending;
  readonly work: PendingWork;
  readonly providers: KeyProviders;
}

async function readMerged(
  x5c: readonly string[],
  { policy, pending, work, providers }: Merging,
): Promise<IssuedVersion> {
  const key = await providers.open(work.key);
  const given = x5c.map(decodeCertificate);
  try {
    const ordered = orderChain(given, exportSpki(key));
    const { preserveCertOrder } = pending;
    const chain = preserveCertOrder ? given : ordered;
    const input = { key, savedKey: work.key, policy: policyFor(work, policy), preserveCertOrder };
    return await prepareIssued({ ...leafFirst(chain, ordered), ...input });
  } catch (cause) {
    throw chainRefusal(cause);
  }
}

/** The order given, but for the leaf: it comes first in whatever is made of a chain. */
function leafFirst(
  chain: readonly Uint8Array[],
  [leaf = Buffer.alloc(0)]: readonly Buffer[],
): { readonly chain: readonly Uint8Array[] } {
  return { chain: [leaf, ...chain.filter((der) => !leaf.equals(der))] };
}

function chainRefusal(cause: unknown): unknown {
  if (!(cause instanceof X509Error)) return cause;
  if (cause.code === 'publicKey') {
    return new ApiError(certificateErrors.publicKeyMismatch, {}, { cause });
  }
  if (cause.code === 'chain') return new ApiError(certificateErrors.chainInvalid, {}, { cause });
  return new ApiError(certificateErrors.unreadable, {}, { cause });
}
