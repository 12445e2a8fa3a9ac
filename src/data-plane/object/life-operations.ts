// The nine operations that secrets, keys and certificates have in the same form: lists, delete,
// recover, purge, backup, restore. Ids and audit names follow one pattern in the specification:
//
//   Get{Noun}s  Get{Noun}Versions  Delete{Noun}  GetDeleted{Noun}s  GetDeleted{Noun}
//   PurgeDeleted{Noun}  RecoverDeleted{Noun}  Backup{Noun}  Restore{Noun}
import { keyVaultErrors } from '#errors';
import { ApiError, type ErrorDefinition, type Operation, operation, type Result } from '#kernel';
import type { Reader } from '#storage';
import { since } from '../api-version.ts';
import { requireVault, type VaultTarget } from '../vault-target.ts';
import { type ObjectLife, objectLife } from './life.ts';
import type { Found, ObjectStore } from './object-store.ts';
import { parseSlice, renderPage } from './paging.ts';
import type { Head, VersionHeader } from './records.ts';
import { restoreSchema } from './restore-schema.ts';
import {
  dataAccess,
  nameOf,
  nameParameters,
  type ObjectOperationsOptions,
  type PathParams,
  type QueryParams,
  type Shown,
  sessionOf,
  shownIn,
  type VaultCall,
} from './row.ts';

export interface LifeSpec<Listed, Content> {
  readonly noun: 'Secret' | 'Key' | 'Certificate';
  readonly store: ObjectStore<Listed, Content>;
  /** Data action under the collection that reads without content: lists, deleted objects. */
  readonly readAction: string;
  /** Where an object does not live and die alone. */
  readonly life?: ObjectLife<Listed, Content>;
  /** Bundle, or deleted bundle if the object is deleted. */
  readonly renderBundle: (
    found: Found<Listed, Content>,
    shown: Shown,
    reader: Reader,
  ) => object | Promise<object>;
  /** Whether a list shows an object; all of them unless told. */
  readonly isListed?: (head: Head<Listed>, query: QueryParams) => boolean;
  /** List item, or deleted item, of an object. */
  readonly renderItem: (head: Head<Listed>, shown: Shown) => object;
  readonly renderVersionItem: (
    header: VersionHeader<Listed>,
    head: Head<Listed>,
    shown: Shown,
  ) => object;
  /** Throws where a deleted object may not be looked at, and with what. */
  readonly deletedGuard?: {
    readonly check: (found: Found<Listed, Content>) => void;
    readonly error: ErrorDefinition;
  };
  /** After a delete, for what is held in memory. */
  readonly onDeleted?: (head: Head<Listed>) => void;
}

const ALL_VERSIONS = since('7.0');

const row = operation<VaultTarget, PathParams, QueryParams, unknown>;

export function lifeOperations<Listed, Content>(
  spec: LifeSpec<Listed, Content>,
  options: ObjectOperationsOptions,
): Operation<VaultTarget>[] {
  return [
    ...listRows(spec, options),
    ...deleteRows(spec, options),
    ...deletedRows(spec, options),
    ...backupRows(spec, options),
  ];
}

function listRows<Listed, Content>(
  spec: LifeSpec<Listed, Content>,
  { storage }: ObjectOperationsOptions,
): Operation<VaultTarget>[] {
  const { noun, store, renderItem, renderVersionItem, isListed } = spec;
  const { access, paths, list } = namesOf(spec);
  const answerList = async (call: VaultCall, state: 'live' | 'deleted'): Promise<Result> => {
    const shown = shownIn(call);
    const found = await store.list(storage.view(call.grant), state, {
      ...parseSlice(call.query),
      ...(isListed && { keep: (head: Head<Listed>) => isListed(head, call.query) }),
    });
    const body = renderPage({
      request: call.request,
      found,
      render: (head) => renderItem(head, shown),
      marker: (head) => head.name,
    });
    return { body };
  };
  return [
    row({
      ...list,
      id: `Get${noun}s`,
      path: paths.live,
      access: access(spec.readAction, 'list', 'vault'),
      audit: `${noun}List`,
      handle: (call) => answerList(call, 'live'),
    }),
    row({
      ...list,
      id: `GetDeleted${noun}s`,
      path: paths.deleted,
      access: access(spec.readAction, 'list', 'vault'),
      audit: `${noun}ListDeleted`,
      handle: (call) => answerList(call, 'deleted'),
    }),
    row({
      ...list,
      id: `Get${noun}Versions`,
      path: `${paths.liveObject}/versions`,
      access: access(spec.readAction, 'list', 'object'),
      audit: `${noun}ListVersions`,
      handle: async (call) => {
        const shown = shownIn(call);
        const view = storage.view(call.grant);
        const name = nameOf(call, store.kind.collection);
        const found = await store.listVersions(view, name, parseSlice(call.query));
        const body = renderPage({
          request: call.request,
          found,
          render: ({ header, head }) => renderVersionItem(header, head, shown),
          marker: ({ header }) => header.version,
        });
        return { body };
      },
    }),
  ];
}

function deleteRows<Listed, Content>(
  spec: LifeSpec<Listed, Content>,
  options: ObjectOperationsOptions,
): Operation<VaultTarget>[] {
  const { noun, store, renderBundle } = spec;
  const { access, paths, alone } = namesOf(spec);
  const { collection, errors } = store.kind;
  const life = spec.life ?? objectLife(store);
  return [
    row({
      id: `Delete${noun}`,
      method: 'DELETE',
      path: paths.liveObject,
      versions: ALL_VERSIONS,
      access: access('delete', 'delete', 'object'),
      audit: `${noun}Delete`,
      success: 200,
      errors: [errors.notFound, ...alone],
      handle: async (call) => {
        const session = sessionOf(call, options);
        const found = await life.delete(session, nameOf(call, collection));
        spec.onDeleted?.(found.head);
        return { body: await renderBundle(found, shownIn(call), session.view) };
      },
    }),
    row({
      id: `RecoverDeleted${noun}`,
      method: 'POST',
      path: `${paths.deletedObject}/recover`,
      versions: ALL_VERSIONS,
      access: access('recover/action', 'recover', 'object'),
      audit: `${noun}Recover`,
      success: 200,
      errors: [errors.notFound, errors.existsAlready, ...alone],
      handle: async (call) => {
        const session = sessionOf(call, options);
        const found = await life.recover(session, nameOf(call, collection));
        return { body: await renderBundle(found, shownIn(call), session.view) };
      },
    }),
  ];
}

function deletedRows<Listed, Content>(
  spec: LifeSpec<Listed, Content>,
  options: ObjectOperationsOptions,
): Operation<VaultTarget>[] {
  const { noun, store, renderBundle, deletedGuard } = spec;
  const { access, paths, alone } = namesOf(spec);
  const { collection, errors } = store.kind;
  const life = spec.life ?? objectLife(store);
  return [
    row({
      id: `GetDeleted${noun}`,
      method: 'GET',
      path: paths.deletedObject,
      versions: ALL_VERSIONS,
      access: access(spec.readAction, 'get', 'object'),
      audit: `${noun}GetDeleted`,
      success: 200,
      errors: [errors.deletedNotFound, ...(deletedGuard ? [deletedGuard.error] : [])],
      handle: async (call) => {
        const view = options.storage.view(call.grant);
        const found = await store.loadDeleted(view, nameOf(call, collection));
        deletedGuard?.check(found);
        return { body: await renderBundle(found, shownIn(call), view) };
      },
    }),
    row({
      id: `PurgeDeleted${noun}`,
      method: 'DELETE',
      path: paths.deletedObject,
      versions: ALL_VERSIONS,
      access: access('purge/action', 'purge', 'object'),
      audit: `${noun}Purge`,
      success: 204,
      errors: [errors.deletedNotFound, errors.notDeleted, errors.purgeProtected, ...alone],
      handle: async (call) => {
        const { enablePurgeProtection, name, location } = requireVault(call.target);
        if (enablePurgeProtection) {
          throw new ApiError(errors.purgeProtected, { vault: name, location });
        }
        await life.purge(sessionOf(call, options), nameOf(call, collection));
        return {};
      },
    }),
  ];
}

function backupRows<Listed, Content>(
  spec: LifeSpec<Listed, Content>,
  options: ObjectOperationsOptions,
): Operation<VaultTarget>[] {
  const { noun, store, renderBundle } = spec;
  const { access, paths, alone } = namesOf(spec);
  const { collection, errors } = store.kind;
  const life = spec.life ?? objectLife(store);
  return [
    row({
      id: `Backup${noun}`,
      method: 'POST',
      path: `${paths.liveObject}/backup`,
      versions: ALL_VERSIONS,
      access: access('backup/action', 'backup', 'object'),
      audit: `${noun}Backup`,
      success: 200,
      errors: [errors.notFound, errors.backupTooLarge, ...alone],
      handle: async (call) => {
        const session = sessionOf(call, options);
        return { body: { value: await life.backup(session, nameOf(call, collection)) } };
      },
    }),
    operation<VaultTarget, PathParams, QueryParams, { readonly value: string }>({
      id: `Restore${noun}`,
      method: 'POST',
      path: `${paths.live}/restore`,
      versions: ALL_VERSIONS,
      access: access('restore/action', 'restore', 'vault'),
      audit: `${noun}Restore`,
      success: 200,
      errors: [
        errors.backupCorrupt,
        errors.backupUnknown,
        errors.restoreConflict,
        errors.deletedButRecoverable,
      ],
      body: restoreSchema,
      handle: async (call) => {
        const session = sessionOf(call, options);
        const idOf = (name: string) => `${call.request.origin}/${collection}/${name}`;
        const found = await life.restore(session, { blob: call.body.value, idOf });
        return { body: await renderBundle(found, shownIn(call), session.view) };
      },
    }),
  ];
}

function namesOf<Listed, Content>({ store, life }: LifeSpec<Listed, Content>) {
  const { collection, errors } = store.kind;
  const name = nameParameters[collection];
  return {
    access: (action: string, permission: string, at: 'vault' | 'object') =>
      dataAccess({ collection, action, permission, at }),
    paths: {
      live: `/${collection}`,
      liveObject: `/${collection}/{${name}}`,
      deleted: `/deleted${collection}`,
      deletedObject: `/deleted${collection}/{${name}}`,
    },
    /** What takes others along is nobody's partner itself. */
    alone: life === undefined ? [errors.managed] : [],
    list: {
      method: 'GET',
      versions: ALL_VERSIONS,
      success: 200,
      errors: [keyVaultErrors.parameterInvalid],
    } as const,
  };
}
