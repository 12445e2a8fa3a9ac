// The twelve secret operations: get, set and update here, the other nine as all objects have them.
import { secretErrors } from '#errors';
import { type Operation, operation } from '#kernel';
import { isAtLeast, since } from '../api-version.ts';
import { type LifeSpec, lifeOperations } from '../object/life-operations.ts';
import {
  dataAccess,
  nameOf,
  type ObjectOperationsOptions,
  type PathParams,
  type QueryParams,
  sessionOf,
  shownIn,
} from '../object/row.ts';
import type { VaultTarget } from '../vault-target.ts';
import { requireEnabled, type SecretContent, type SecretListed } from './secret.ts';
import { getSecret, secretObjects, setSecret, updateSecret } from './secret-store.ts';
import { transformSecret } from './transform.ts';
import {
  renderItem,
  renderSecret,
  renderSecretWithValue,
  renderVersionItem,
  type SecretProperties,
  type SecretSetParameters,
  setSchema,
  updateSchema,
} from './wire.ts';

const ALL_VERSIONS = since('7.0');

const life: LifeSpec<SecretListed, SecretContent> = {
  noun: 'Secret',
  store: secretObjects,
  readAction: 'readMetadata/action',
  renderBundle: renderSecret,
  renderItem,
  renderVersionItem,
  // Recorded: a deleted secret that is disabled is not shown either.
  deletedGuard: {
    check: (found) => requireEnabled(found, 'get'),
    error: secretErrors.disabled,
  },
};

export function secretOperations(options: ObjectOperationsOptions): Operation<VaultTarget>[] {
  return [getRow(options), setRow(options), updateRow(options), ...lifeOperations(life, options)];
}

function access(action: string, permission: string) {
  return dataAccess({ collection: 'secrets', action, permission, at: 'object' });
}

/** The hot path: two record reads, no schema, nothing awaited but those. */
function getRow({ storage }: ObjectOperationsOptions): Operation<VaultTarget> {
  return operation<VaultTarget, PathParams, QueryParams>({
    id: 'GetSecret',
    method: 'GET',
    path: '/secrets/{secret-name}/{secret-version}',
    versions: ALL_VERSIONS,
    access: access('getSecret/action', 'get'),
    audit: 'SecretGet',
    success: 200,
    errors: [secretErrors.notFound, secretErrors.disabled, secretErrors.transformation],
    handle: async (call) => {
      const version = call.params['secret-version'] ?? '';
      const found = await getSecret(storage.view(call.grant), nameOf(call, 'secrets'), version);
      const shown = shownIn(call);
      const wanted = call.query.outContentType;
      if (wanted === undefined || !isAtLeast(call.apiVersion, '2025-07-01')) {
        return { body: renderSecretWithValue(found, shown) };
      }
      return { body: renderSecretWithValue(await transformSecret(found, wanted), shown) };
    },
  });
}

function setRow(options: ObjectOperationsOptions): Operation<VaultTarget> {
  return operation<VaultTarget, PathParams, QueryParams, SecretSetParameters>({
    id: 'SetSecret',
    method: 'PUT',
    path: '/secrets/{secret-name}',
    versions: ALL_VERSIONS,
    access: access('setSecret/action', 'set'),
    audit: 'SecretSet',
    success: 200,
    errors: [secretErrors.deletedButRecoverable, secretErrors.managed],
    body: setSchema,
    handle: async (call) => {
      const session = sessionOf(call, options);
      const found = await setSecret(session, nameOf(call, 'secrets'), call.body);
      return { body: renderSecretWithValue(found, shownIn(call)) };
    },
  });
}

function updateRow(options: ObjectOperationsOptions): Operation<VaultTarget> {
  return operation<VaultTarget, PathParams, QueryParams, SecretProperties>({
    id: 'UpdateSecret',
    method: 'PATCH',
    path: '/secrets/{secret-name}/{secret-version}',
    versions: ALL_VERSIONS,
    access: access('update/action', 'set'),
    audit: 'SecretUpdate',
    success: 200,
    errors: [secretErrors.notFound, secretErrors.managed],
    body: updateSchema,
    handle: async (call) => {
      const session = sessionOf(call, options);
      const version = call.params['secret-version'] ?? '';
      const id = { name: nameOf(call, 'secrets'), version };
      return { body: renderSecret(await updateSecret(session, id, call.body), shownIn(call)) };
    },
  });
}
