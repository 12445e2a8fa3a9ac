// The pending operation of a certificate: one at a time, from the request to the end of the
// issuing, and kept afterwards so that who asks can see how it ended. The new key stays in it, and
// only there, until there is a certificate for it.
import { type KeyMaterial, type KeyProvider, publicJwk } from '#cryptography';
import { certificateErrors } from '#errors';
import { ApiError } from '#kernel';
import { isAtLeast } from '../api-version.ts';
import type { KeyContent } from '../keys/key.ts';
import { saveMaterial } from '../keys/key-providers.ts';
import type { Shown } from '../object/row.ts';
import {
  type CertificatePolicy,
  type IssuerParameters,
  type KeyProperties,
  UNKNOWN,
} from './policy.ts';

/** A key as its provider wants it kept. */
export interface SavedKey extends Pick<KeyContent, 'material' | 'provider' | 'publicJwk'> {
  /** Of the provider; absent: software. */
  readonly hsmPlatform?: string;
}

export function saveKey(provider: KeyProvider, key: KeyMaterial): SavedKey {
  const saved = { publicJwk: publicJwk(key), ...saveMaterial(provider, key) };
  return saved.provider === undefined ? saved : { ...saved, hsmPlatform: provider.hsmPlatform };
}

/** What is needed to finish; gone once the operation has ended. */
export interface PendingWork {
  readonly key: SavedKey;
  /** What the key was made as, which a later change of the policy does not change. */
  readonly keyProperties?: KeyProperties;
  /** Of the version that comes out of it. */
  readonly version: string;
  readonly enabled: boolean;
  readonly tags?: Readonly<Record<string, string>>;
  /** What the provider wants to be asked with next time. */
  readonly state?: string;
  /** Unix seconds; absent: nothing happens by itself (`Unknown` waits for a merge). */
  readonly nextAttempt?: number;
  /** Attempts that failed in a passing way, one after the other. */
  readonly failures: number;
}

export interface PendingError {
  readonly code: string;
  readonly message: string;
}

/** As stored under the certificate's own data. */
export interface Pending {
  /** 32 hexadecimal digits. */
  readonly requestId: string;
  readonly issuer: IssuerParameters;
  /** base64 of the DER. */
  readonly csr: string;
  readonly status: 'inProgress' | 'completed' | 'cancelled' | 'failed';
  readonly cancellationRequested: boolean;
  readonly details?: string;
  readonly error?: PendingError;
  readonly preserveCertOrder: boolean;
  /** Begun by the policy's lifetime action, not by a caller. */
  readonly isRenewal: boolean;
  readonly work?: PendingWork;
}

export function detailsOf(issuer: IssuerParameters): string {
  return issuer.name === UNKNOWN
    ? 'Pending certificate created. Please Perform Merge to complete the request.'
    : 'Pending certificate created. Certificate request is in progress. This may take some time ' +
        'based on the issuer provider. Please check again later.';
}

/** The operation as it ended: nothing is left to be done, and nobody needs the key in it. */
export function concluded(
  pending: Pending,
  end: Pick<Pending, 'status'> & Partial<Pick<Pending, 'error'>>,
): Pending {
  const { work: _work, details: _details, ...rest } = pending;
  return { ...rest, ...end };
}

/** Throws `pendingNotInProgress`. */
export function requireInProgress(pending: Pending): PendingWork {
  if (pending.status !== 'inProgress' || pending.work === undefined) {
    throw new ApiError(certificateErrors.pendingNotInProgress);
  }
  return pending.work;
}

/** The policy for what comes out of this work: its key is what it was made as. */
export function policyFor(
  { keyProperties }: PendingWork,
  policy: CertificatePolicy,
): CertificatePolicy {
  return keyProperties === undefined ? policy : { ...policy, key_props: keyProperties };
}

/** Seconds after which a client should ask again, while there is something to wait for. */
export const RETRY_AFTER_SECONDS = 10;

export function renderPending(pending: Pending, name: string, shown: Shown): object {
  const { origin } = shown.place;
  const { status, details, error } = pending;
  return {
    id: `${origin}/certificates/${name}/pending`,
    issuer: pending.issuer,
    csr: pending.csr,
    cancellation_requested: pending.cancellationRequested,
    status,
    ...(details !== undefined && { status_details: details }),
    ...(error && { error }),
    ...(status === 'completed' && { target: `${origin}/certificates/${name}` }),
    request_id: pending.requestId,
    ...(isAtLeast(shown.apiVersion, '7.6') && { preserveCertOrder: pending.preserveCertOrder }),
  };
}
