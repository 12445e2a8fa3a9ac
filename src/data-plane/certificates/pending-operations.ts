// The four operations on a certificate's pending operation: get, cancel, delete, merge.
import { certificateErrors } from '#errors';
import { type Operation, operation, type Result } from '#kernel';
import { since } from '../api-version.ts';
import type { DueSoon } from '../object/due-soon.ts';
import {
  dataAccess,
  nameOf,
  type ObjectOperationsOptions,
  type PathParams,
  placeOf,
  type QueryParams,
  shownIn,
  type VaultCall,
} from '../object/row.ts';
import type { VaultTarget } from '../vault-target.ts';
import { withParts } from './certificate-store.ts';
import type { WorkSession } from './creation.ts';
import { RETRY_AFTER_SECONDS, renderPending } from './pending.ts';
import {
  deletePending,
  type FoundPending,
  mergeCertificate,
  requestCancellation,
  requirePending,
} from './pending-store.ts';
import {
  type CertificateMergeParameters,
  cancelSchema,
  mergeSchema,
  renderCertificate,
} from './wire.ts';

export interface PendingWorkOptions {
  readonly options: ObjectOperationsOptions & { readonly soon?: DueSoon };
  readonly session: (call: VaultCall) => WorkSession;
}

const row = operation<VaultTarget, PathParams, QueryParams, unknown>;

const PATH = '/certificates/{certificate-name}/pending';

function access(action: string, permission: string) {
  return dataAccess({ collection: 'certificates', action, permission, at: 'object' });
}

const common = { path: PATH, versions: since('7.0'), success: 200 } as const;

export function pendingOperations(work: PendingWorkOptions): Operation<VaultTarget>[] {
  return [getRow(work), cancelRow(work), deleteRow(work), mergeRow(work)];
}

function getRow({ options }: PendingWorkOptions): Operation<VaultTarget> {
  return row({
    ...common,
    id: 'GetCertificateOperation',
    method: 'GET',
    access: access('read', 'get'),
    audit: 'CertificatePendingGet',
    errors: [certificateErrors.pendingNotFound],
    handle: async (call) => {
      const view = options.storage.view(call.grant);
      const name = nameOf(call, 'certificates');
      const found = await requirePending(view, name, call.query.request_id);
      const isOver = found.pending.status !== 'inProgress';
      return {
        ...answer(call, found),
        ...(!isOver && { headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) } }),
      };
    },
  });
}

function cancelRow({ options, session }: PendingWorkOptions): Operation<VaultTarget> {
  return operation<VaultTarget, PathParams, QueryParams, { cancellation_requested: boolean }>({
    ...common,
    id: 'UpdateCertificateOperation',
    method: 'PATCH',
    access: access('update/action', 'update'),
    audit: 'CertificatePendingUpdate',
    errors: [certificateErrors.pendingNotFound, certificateErrors.pendingNotInProgress],
    body: cancelSchema,
    handle: async (call) => {
      const name = nameOf(call, 'certificates');
      const { cancellation_requested: wanted } = call.body;
      const found = await requestCancellation(session(call), name, wanted);
      const at = found.pending.work?.nextAttempt;
      if (at !== undefined) options.soon?.note(placeOf(call).vault.uid, at);
      return answer(call, found);
    },
  });
}

function deleteRow({ session }: PendingWorkOptions): Operation<VaultTarget> {
  return row({
    ...common,
    id: 'DeleteCertificateOperation',
    method: 'DELETE',
    access: access('update/action', 'update'),
    audit: 'CertificatePendingDelete',
    errors: [certificateErrors.pendingNotFound],
    handle: async (call) =>
      answer(call, await deletePending(session(call), nameOf(call, 'certificates'))),
  });
}

function mergeRow({ options, session }: PendingWorkOptions): Operation<VaultTarget> {
  return operation<
    VaultTarget,
    PathParams,
    QueryParams,
    CertificateMergeParameters | null | undefined
  >({
    ...common,
    id: 'MergeCertificate',
    method: 'POST',
    path: `${PATH}/merge`,
    access: access('create/action', 'create'),
    audit: 'CertificatePendingMerge',
    success: 201,
    errors: [
      certificateErrors.pendingNotFound,
      certificateErrors.pendingNotInProgress,
      certificateErrors.mergeForbidden,
      certificateErrors.nameTaken,
      certificateErrors.deletedButRecoverable,
      certificateErrors.valueTooLong,
      certificateErrors.unreadable,
      certificateErrors.publicKeyMismatch,
      certificateErrors.chainInvalid,
    ],
    body: mergeSchema,
    handle: async (call) => {
      const name = nameOf(call, 'certificates');
      const found = await mergeCertificate(session(call), name, call.body);
      const view = await withParts(options.storage.view(call.grant), found);
      const version = encodeURIComponent(call.apiVersion);
      const place = `${call.request.origin}/certificates/${found.head.name}`;
      return {
        body: renderCertificate(view, shownIn(call)),
        headers: { Location: `${place}?api-version=${version}` },
      };
    },
  });
}

function answer(call: VaultCall, { head, pending }: FoundPending): Result {
  return { body: renderPending(pending, head.name, shownIn(call)) };
}
