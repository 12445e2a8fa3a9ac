// The twelve secret operations, as the specification has them.

import { keyVaultErrors, secretErrors } from '#errors';
import { ApiError, type Clock, type Operation, operation, type Result, unixSeconds } from '#kernel';
import type { Storage } from '#storage';
import { isAtLeast, since } from '../api-version.ts';
import { parseSlice, renderPage } from '../object/paging.ts';
import { restoreSchema } from '../object/restore-schema.ts';
import {
  dataAccess,
  nameOf,
  type PathParams,
  placeOf,
  type QueryParams,
  type VaultCall,
} from '../object/row.ts';
import { requireVault, type VaultTarget } from '../vault-target.ts';
import { type FoundSecret, formatName } from './secret.ts';
import {
  backupSecret,
  deleteSecret,
  getDeletedSecret,
  getSecret,
  listSecrets,
  listSecretVersions,
  purgeSecret,
  recoverSecret,
  restoreSecret,
  type Session,
  setSecret,
  updateSecret,
} from './secret-store.ts';
import {
  renderItem,
  renderSecret,
  renderVersionItem,
  type SecretProperties,
  type SecretSetParameters,
  secretId,
  setSchema,
  updateSchema,
} from './wire.ts';

export interface ObjectOperationsOptions {
  readonly storage: Storage;
  readonly clock: Clock;
}

const COLLECTION = 'secrets';
const ALL_VERSIONS = since('7.0');

function access(action: string, permission: string, at: 'vault' | 'object') {
  return dataAccess({ collection: COLLECTION, action, permission, at });
}

/** Row with unchecked path and query: this file's handlers check what they use of them. */
const row = operation<VaultTarget, PathParams, QueryParams, unknown>;

export function secretOperations(options: ObjectOperationsOptions): Operation<VaultTarget>[] {
  return [
    ...readRows(options),
    ...writeRows(options),
    ...deletedRows(options),
    ...backupRows(options),
  ];
}

function readRows({ storage }: ObjectOperationsOptions): Operation<VaultTarget>[] {
  return [
    row({
      id: 'GetSecret',
      method: 'GET',
      path: '/secrets/{secret-name}/{secret-version}',
      versions: ALL_VERSIONS,
      access: access('getSecret/action', 'get', 'object'),
      audit: 'SecretGet',
      success: 200,
      errors: [secretErrors.notFound, secretErrors.disabled, secretErrors.transformation],
      handle: async (call) => {
        const version = call.params['secret-version'] ?? '';
        const found = await getSecret(storage.view(call.grant), nameOf(call, COLLECTION), version);
        checkOutContentType(call, found);
        return answer(call, found, { withValue: true });
      },
    }),
    row({
      id: 'GetSecrets',
      method: 'GET',
      path: '/secrets',
      versions: ALL_VERSIONS,
      access: access('readMetadata/action', 'list', 'vault'),
      audit: 'SecretList',
      success: 200,
      errors: [keyVaultErrors.parameterInvalid],
      handle: (call) => answerList(call, storage, 'live'),
    }),
    row({
      id: 'GetSecretVersions',
      method: 'GET',
      path: '/secrets/{secret-name}/versions',
      versions: ALL_VERSIONS,
      access: access('readMetadata/action', 'list', 'object'),
      audit: 'SecretListVersions',
      success: 200,
      errors: [keyVaultErrors.parameterInvalid],
      handle: async (call) => {
        const place = placeOf(call);
        const slice = parseSlice(call.query);
        const view = storage.view(call.grant);
        const { name, headers } = await listSecretVersions(view, nameOf(call, COLLECTION), slice);
        const body = renderPage({
          request: call.request,
          found: headers,
          render: (header) => renderVersionItem(header, name, place),
          marker: (header) => header.version,
        });
        return { body };
      },
    }),
  ];
}

function writeRows({ storage, clock }: ObjectOperationsOptions): Operation<VaultTarget>[] {
  return [
    operation<VaultTarget, PathParams, QueryParams, SecretSetParameters>({
      id: 'SetSecret',
      method: 'PUT',
      path: '/secrets/{secret-name}',
      versions: ALL_VERSIONS,
      access: access('setSecret/action', 'set', 'object'),
      audit: 'SecretSet',
      success: 200,
      throttle: 'secrets-create',
      errors: [secretErrors.deletedButRecoverable, secretErrors.managed],
      body: setSchema,
      handle: async (call) => {
        const session = sessionOf(call, storage, clock);
        const found = await setSecret(session, nameOf(call, COLLECTION), call.body);
        return answer(call, found, { withValue: true });
      },
    }),
    operation<VaultTarget, PathParams, QueryParams, SecretProperties>({
      id: 'UpdateSecret',
      method: 'PATCH',
      path: '/secrets/{secret-name}/{secret-version}',
      versions: ALL_VERSIONS,
      access: access('update/action', 'set', 'object'),
      audit: 'SecretUpdate',
      success: 200,
      errors: [secretErrors.notFound, secretErrors.managed],
      body: updateSchema,
      handle: async (call) => {
        const session = sessionOf(call, storage, clock);
        const version = call.params['secret-version'] ?? '';
        const id = { name: nameOf(call, COLLECTION), version };
        return answer(call, await updateSecret(session, id, call.body));
      },
    }),
    row({
      id: 'DeleteSecret',
      method: 'DELETE',
      path: '/secrets/{secret-name}',
      versions: ALL_VERSIONS,
      access: access('delete', 'delete', 'object'),
      audit: 'SecretDelete',
      success: 200,
      errors: [secretErrors.notFound, secretErrors.managed],
      handle: async (call) => {
        const session = sessionOf(call, storage, clock);
        return answer(call, await deleteSecret(session, nameOf(call, COLLECTION)));
      },
    }),
  ];
}

function deletedRows({ storage }: ObjectOperationsOptions): Operation<VaultTarget>[] {
  return [
    row({
      id: 'GetDeletedSecrets',
      method: 'GET',
      path: '/deletedsecrets',
      versions: ALL_VERSIONS,
      access: access('readMetadata/action', 'list', 'vault'),
      audit: 'SecretListDeleted',
      success: 200,
      errors: [keyVaultErrors.parameterInvalid],
      handle: (call) => answerList(call, storage, 'deleted'),
    }),
    row({
      id: 'GetDeletedSecret',
      method: 'GET',
      path: '/deletedsecrets/{secret-name}',
      versions: ALL_VERSIONS,
      access: access('readMetadata/action', 'get', 'object'),
      audit: 'SecretGetDeleted',
      success: 200,
      errors: [secretErrors.deletedNotFound, secretErrors.disabled],
      handle: async (call) => {
        const view = storage.view(call.grant);
        return answer(call, await getDeletedSecret(view, nameOf(call, COLLECTION)));
      },
    }),
    row({
      id: 'PurgeDeletedSecret',
      method: 'DELETE',
      path: '/deletedsecrets/{secret-name}',
      versions: ALL_VERSIONS,
      access: access('purge/action', 'purge', 'object'),
      audit: 'SecretPurge',
      success: 204,
      errors: [
        secretErrors.deletedNotFound,
        secretErrors.notDeleted,
        secretErrors.purgeProtected,
        secretErrors.managed,
      ],
      handle: async (call) => {
        const vault = requireVault(call.target);
        if (vault.enablePurgeProtection) {
          const { name, location } = vault;
          throw new ApiError(secretErrors.purgeProtected, { vault: name, location });
        }
        await purgeSecret(storage.view(call.grant), nameOf(call, COLLECTION));
        return {};
      },
    }),
    row({
      id: 'RecoverDeletedSecret',
      method: 'POST',
      path: '/deletedsecrets/{secret-name}/recover',
      versions: ALL_VERSIONS,
      access: access('recover/action', 'recover', 'object'),
      audit: 'SecretRecover',
      success: 200,
      errors: [secretErrors.notFound, secretErrors.existsAlready, secretErrors.managed],
      handle: async (call) => {
        const view = storage.view(call.grant);
        return answer(call, await recoverSecret(view, nameOf(call, COLLECTION)));
      },
    }),
  ];
}

function backupRows({ storage }: ObjectOperationsOptions): Operation<VaultTarget>[] {
  return [
    row({
      id: 'BackupSecret',
      method: 'POST',
      path: '/secrets/{secret-name}/backup',
      versions: ALL_VERSIONS,
      access: access('backup/action', 'backup', 'object'),
      audit: 'SecretBackup',
      success: 200,
      errors: [secretErrors.notFound, secretErrors.backupTooLarge, secretErrors.managed],
      handle: async (call) => {
        const session = { storage, ...viewOf(call, storage) };
        return { body: { value: await backupSecret(session, nameOf(call, COLLECTION)) } };
      },
    }),
    operation<VaultTarget, PathParams, QueryParams, { readonly value: string }>({
      id: 'RestoreSecret',
      method: 'POST',
      path: '/secrets/restore',
      versions: ALL_VERSIONS,
      access: access('restore/action', 'restore', 'vault'),
      audit: 'SecretRestore',
      success: 200,
      throttle: 'secrets-create',
      errors: [
        secretErrors.backupCorrupt,
        secretErrors.backupUnknown,
        secretErrors.restoreConflict,
        secretErrors.deletedButRecoverable,
      ],
      body: restoreSchema,
      handle: async (call) => {
        const session = { storage, ...viewOf(call, storage) };
        const place = placeOf(call);
        const idOf = (name: string) => secretId(place, name);
        return answer(call, await restoreSecret(session, call.body.value, idOf));
      },
    }),
  ];
}

function viewOf(call: VaultCall, storage: Storage) {
  return { view: storage.view(call.grant), vault: requireVault(call.target) };
}

function sessionOf(call: VaultCall, storage: Storage, clock: Clock): Session {
  return { ...viewOf(call, storage), nowSeconds: unixSeconds(clock) };
}

function answer(call: VaultCall, found: FoundSecret, options?: { withValue: boolean }): Result {
  const place = placeOf(call);
  return { body: renderSecret(found, { place, apiVersion: call.apiVersion, ...options }) };
}

async function answerList(
  call: VaultCall,
  storage: Storage,
  state: 'live' | 'deleted',
): Promise<Result> {
  const place = placeOf(call);
  const found = await listSecrets(storage.view(call.grant), state, parseSlice(call.query));
  const body = renderPage({
    request: call.request,
    found,
    render: (head) => renderItem(head, place),
    marker: (head) => head.name,
  });
  return { body };
}

/** Throws `transformation` for every conversion but those that change nothing. */
function checkOutContentType(call: VaultCall, found: FoundSecret): void {
  const wanted = call.query.outContentType;
  if (wanted === undefined || !isAtLeast(call.apiVersion, '2025-07-01')) return;
  if (formatName(wanted) === 'Unsupported') {
    throw new ApiError(keyVaultErrors.parameterInvalid, { parameter: 'outContentType' });
  }
  const { contentType } = found.version.header.listed;
  if (contentType === wanted) return;
  const names = { from: formatName(contentType), to: formatName(wanted) };
  throw new ApiError(secretErrors.transformation, names);
}
