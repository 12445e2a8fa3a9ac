// Certificate operations: create, import, get, update and policies here, pending operations,
// issuers and contacts beside, the nine of every object's life as all objects have them.
import { certificateErrors } from '#errors';
import { type Operation, operation } from '#kernel';
import { since } from '../api-version.ts';
import type { MaterialCache } from '../keys/material-cache.ts';
import type { DueSoon } from '../object/due-soon.ts';
import { type LifeSpec, lifeOperations } from '../object/life-operations.ts';
import {
  dataAccess,
  nameOf,
  type ObjectOperationsOptions,
  type PathParams,
  placeOf,
  type QueryParams,
  sessionOf,
  shownIn,
  type VaultCall,
} from '../object/row.ts';
import type { VaultTarget } from '../vault-target.ts';
import type { CertificateContent, CertificateListed } from './certificate.ts';
import { certificateLife } from './certificate-life.ts';
import { certificateObjects } from './certificate-objects.ts';
import {
  getCertificate,
  getPolicy,
  patchPolicy,
  updateCertificate,
  withParts,
} from './certificate-store.ts';
import { contactOperations } from './contact-operations.ts';
import { createCertificate, type WorkSession } from './creation.ts';
import { importCertificate } from './import.ts';
import { issuerOperations } from './issuer-operations.ts';
import { RETRY_AFTER_SECONDS, renderPending } from './pending.ts';
import { pendingOperations } from './pending-operations.ts';
import { type GivenPolicy, policySchema, renderPolicy } from './policy-wire.ts';
import {
  type CertificateCreateParameters,
  type CertificateImportParameters,
  type CertificateProperties,
  createSchema,
  importSchema,
  renderCertificate,
  renderItem,
  renderVersionItem,
  updateSchema,
} from './wire.ts';

export interface CertificateOperationsOptions extends ObjectOperationsOptions {
  /** Opened keys, those of certificates among them; its providers make new ones. */
  readonly materials: MaterialCache;
  /** Told of what is to be issued in a moment. */
  readonly soon?: DueSoon;
}

const ALL_VERSIONS = since('7.0');

const row = operation<VaultTarget, PathParams, QueryParams, unknown>;

const life: Omit<LifeSpec<CertificateListed, CertificateContent>, 'life'> = {
  noun: 'Certificate',
  store: certificateObjects,
  readAction: 'read',
  renderBundle: async (found, shown, reader) =>
    renderCertificate(await withParts(reader, found), shown),
  isListed: ({ current }, query) =>
    current.listed.x5t !== undefined || query.includePending?.toLowerCase() === 'true',
  renderItem,
  renderVersionItem,
};

export function certificateOperations(
  options: CertificateOperationsOptions,
): Operation<VaultTarget>[] {
  const { providers } = options.materials;
  const work: CertificateWork = {
    options,
    session: (call) => ({ ...sessionOf(call, options), providers }),
  };
  const forgetKey = (uid: string) => options.materials.forget(uid);
  return [
    createRow(work),
    importRow(work),
    ...readRows(work),
    ...updateRows(work),
    ...pendingOperations(work),
    ...contactOperations(options),
    ...issuerOperations(options),
    ...lifeOperations({ ...life, life: certificateLife(forgetKey) }, options),
  ];
}

/** What the rows of this folder work with. */
interface CertificateWork {
  readonly options: CertificateOperationsOptions;
  readonly session: (call: VaultCall) => WorkSession;
}

function access(action: string, permission: string) {
  return dataAccess({ collection: 'certificates', action, permission, at: 'object' });
}

/** What both ways to a new version can be refused for. */
const creationErrors = [
  certificateErrors.deletedButRecoverable,
  certificateErrors.nameTaken,
  certificateErrors.pendingInProgress,
  certificateErrors.hardwareNotSupported,
];

function createRow({ options, session }: CertificateWork): Operation<VaultTarget> {
  return operation<VaultTarget, PathParams, QueryParams, CertificateCreateParameters>({
    id: 'CreateCertificate',
    method: 'POST',
    path: '/certificates/{certificate-name}/create',
    versions: ALL_VERSIONS,
    access: access('create/action', 'create'),
    audit: 'CertificateCreate',
    success: 202,
    errors: [
      ...creationErrors,
      certificateErrors.subjectInvalid,
      certificateErrors.issuerNamedNotFound,
      certificateErrors.throttled,
    ],
    body: createSchema,
    handle: async (call) => {
      const name = nameOf(call, 'certificates');
      const begun = await createCertificate(session(call), name, call.body);
      const at = begun.pending.work?.nextAttempt;
      if (at !== undefined) options.soon?.note(placeOf(call).vault.uid, at);
      return {
        body: renderPending(begun.pending, begun.name, shownIn(call)),
        headers: {
          Location: pendingLocation(call, begun.name, begun.pending.requestId),
          'Retry-After': String(RETRY_AFTER_SECONDS),
        },
      };
    },
  });
}

function pendingLocation(call: VaultCall, name: string, requestId: string): string {
  const version = encodeURIComponent(call.apiVersion);
  const place = `${call.request.origin}/certificates/${name}/pending`;
  return `${place}?api-version=${version}&request_id=${requestId}`;
}

function importRow({ session }: CertificateWork): Operation<VaultTarget> {
  return operation<VaultTarget, PathParams, QueryParams, CertificateImportParameters>({
    id: 'ImportCertificate',
    method: 'POST',
    path: '/certificates/{certificate-name}/import',
    versions: ALL_VERSIONS,
    access: access('import/action', 'import'),
    audit: 'CertificateImport',
    success: 200,
    errors: [
      ...creationErrors,
      certificateErrors.valueTooLong,
      certificateErrors.valueNotBase64,
      certificateErrors.pkcs12Invalid,
      certificateErrors.pemInvalid,
      certificateErrors.passwordWrong,
      certificateErrors.encryptionUnsupported,
      certificateErrors.tooMuch,
      certificateErrors.privateKeyMissing,
      certificateErrors.severalKeys,
      certificateErrors.keyUnsupported,
      certificateErrors.publicKeyMismatch,
      certificateErrors.unreadable,
    ],
    body: importSchema,
    handle: async (call) => {
      const name = nameOf(call, 'certificates');
      const imported = await importCertificate(session(call), name, call.body);
      return { body: renderCertificate(imported, shownIn(call)) };
    },
  });
}

function readRows({ options }: CertificateWork): Operation<VaultTarget>[] {
  return [
    row({
      id: 'GetCertificate',
      method: 'GET',
      path: '/certificates/{certificate-name}/{certificate-version}',
      versions: ALL_VERSIONS,
      access: access('read', 'get'),
      audit: 'CertificateGet',
      success: 200,
      errors: [certificateErrors.notFound],
      handle: async (call) => {
        const view = await getCertificate(options.storage.view(call.grant), versionIdOf(call));
        return { body: renderCertificate(view, shownIn(call)) };
      },
    }),
    row({
      id: 'GetCertificatePolicy',
      method: 'GET',
      path: '/certificates/{certificate-name}/policy',
      versions: ALL_VERSIONS,
      access: access('read', 'get'),
      audit: 'CertificatePolicyGet',
      success: 200,
      errors: [certificateErrors.notFound],
      handle: async (call) => {
        const view = options.storage.view(call.grant);
        const { name, policy } = await getPolicy(view, nameOf(call, 'certificates'));
        return { body: renderPolicy(policy, name, shownIn(call)) };
      },
    }),
  ];
}

const policyErrors = [
  certificateErrors.notFound,
  certificateErrors.subjectInvalid,
  certificateErrors.hardwareNotSupported,
];

function updateRows({ session }: CertificateWork): Operation<VaultTarget>[] {
  return [
    operation<VaultTarget, PathParams, QueryParams, CertificateProperties>({
      id: 'UpdateCertificate',
      method: 'PATCH',
      path: '/certificates/{certificate-name}/{certificate-version}',
      versions: ALL_VERSIONS,
      access: access('update/action', 'update'),
      audit: 'CertificateUpdate',
      success: 200,
      errors: policyErrors,
      body: updateSchema,
      handle: async (call) => {
        const view = await updateCertificate(session(call), versionIdOf(call), call.body);
        return { body: renderCertificate(view, shownIn(call)) };
      },
    }),
    operation<VaultTarget, PathParams, QueryParams, GivenPolicy>({
      id: 'UpdateCertificatePolicy',
      method: 'PATCH',
      path: '/certificates/{certificate-name}/policy',
      versions: ALL_VERSIONS,
      access: access('update/action', 'update'),
      audit: 'CertificatePolicyUpdate',
      success: 200,
      errors: policyErrors,
      body: policySchema,
      handle: async (call) => {
        const patched = await patchPolicy(session(call), nameOf(call, 'certificates'), call.body);
        return { body: renderPolicy(patched.policy, patched.name, shownIn(call)) };
      },
    }),
  ];
}

function versionIdOf(call: VaultCall) {
  return {
    name: nameOf(call, 'certificates'),
    version: call.params['certificate-version'] ?? '',
  };
}
