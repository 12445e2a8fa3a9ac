// Key operations but for cryptography itself: create, import, get, attest, update, release, rotate,
// rotation policy here, the nine of every object's life as all objects have them.
import { keyErrors } from '#errors';
import { type Access, type Operation, operation } from '#kernel';
import { isAtLeast, since } from '../api-version.ts';
import { invalidProperties } from '../object/invalid-property.ts';
import { lifeOperations } from '../object/life-operations.ts';
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
import type { AttestationAuthority } from './attestation.ts';
import { cryptographyOperations } from './crypto-operations.ts';
import { isSecureWrapping } from './key.ts';
import { keyObjects } from './key-objects.ts';
import type { KeyProviders } from './key-providers.ts';
import { createKey, importKey, type KeySession, rotateKey, updateKey } from './key-store.ts';
import type { MaterialCache } from './material-cache.ts';
import { releaseOperations } from './release-operations.ts';
import {
  type GivenRotationPolicy,
  renderRotationPolicy,
  rotationPolicySchema,
} from './rotation-policy.ts';
import { getRotationPolicy, putRotationPolicy } from './rotation-store.ts';
import {
  createSchema,
  importSchema,
  type KeyCreateParameters,
  type KeyImportParameters,
  type KeyProperties,
  renderItem,
  renderKey,
  renderVersionItem,
  updateSchema,
} from './wire.ts';

const ALL_VERSIONS = since('7.0');
const ROTATION = since('7.3');
const ATTESTATION = since('7.6');

const row = operation<VaultTarget, PathParams, QueryParams, unknown>;

export interface KeyOperationsOptions extends ObjectOperationsOptions {
  /** Opened keys; its providers make new ones. */
  readonly materials: MaterialCache;
  /** Whose attestation tokens open a release; absent: nobody's. */
  readonly attestationAuthorities?: readonly AttestationAuthority[];
}

export function keyOperations(options: KeyOperationsOptions): Operation<VaultTarget>[] {
  const cache = options.materials;
  const life = lifeOperations(
    {
      noun: 'Key',
      store: keyObjects,
      readAction: 'read',
      renderBundle: renderKey,
      renderItem,
      renderVersionItem,
      onDeleted: (head) => cache.forget(head.uid),
    },
    options,
  );
  return [
    ...makeRows(options, cache.providers),
    ...readRows(options),
    ...versionRows(options),
    ...rotationRows(options),
    ...cryptographyOperations(options, cache),
    ...releaseOperations(options, cache),
    ...life,
  ];
}

function access(action: string, permission: string): Access {
  return dataAccess({ collection: 'keys', action, permission, at: 'object' });
}

const creationErrors = [
  keyErrors.deletedButRecoverable,
  keyErrors.managed,
  keyErrors.hardwareNotSupported,
  keyErrors.exportableWithoutPolicy,
  keyErrors.policyWithoutExportable,
];

function makeRows(
  options: ObjectOperationsOptions,
  providers: KeyProviders,
): Operation<VaultTarget>[] {
  const keySessionOf = (call: VaultCall): KeySession => ({
    ...sessionOf(call, options),
    providers,
  });
  return [
    operation<VaultTarget, PathParams, QueryParams, KeyCreateParameters>({
      id: 'CreateKey',
      method: 'POST',
      path: '/keys/{key-name}/create',
      versions: ALL_VERSIONS,
      access: access('create/action', 'create'),
      audit: 'KeyCreate',
      success: 200,
      errors: [...creationErrors, keyErrors.throttled],
      body: createSchema,
      handle: async (call) => {
        requireKnownOperations(call, call.body);
        const allowOct = isAtLeast(call.apiVersion, '2026-04-01');
        const input = { given: call.body, options: { allowOct } };
        const found = await createKey(keySessionOf(call), nameOf(call, 'keys'), input);
        return { body: renderKey(found, shownIn(call)) };
      },
    }),
    operation<VaultTarget, PathParams, QueryParams, KeyImportParameters>({
      id: 'ImportKey',
      method: 'PUT',
      path: '/keys/{key-name}',
      versions: ALL_VERSIONS,
      access: access('import/action', 'import'),
      audit: 'KeyImport',
      success: 200,
      errors: [
        ...creationErrors,
        keyErrors.jwkInvalid,
        keyErrors.transferInvalid,
        keyErrors.notFound,
        keyErrors.disabled,
        keyErrors.notYetValid,
        keyErrors.expired,
        keyErrors.operationForbidden,
      ],
      body: importSchema,
      handle: async (call) => {
        const name = nameOf(call, 'keys');
        requireKnownOperations(call, { key_ops: call.body.key_ops ?? call.body.key.key_ops });
        const { host } = new URL(call.request.origin);
        const found = await importKey(keySessionOf(call), name, { given: call.body, host });
        return { body: renderKey(found, shownIn(call)) };
      },
    }),
    row({
      id: 'RotateKey',
      method: 'POST',
      path: '/keys/{key-name}/rotate',
      versions: ROTATION,
      access: access('rotate/action', 'rotate'),
      audit: 'KeyRotate',
      success: 200,
      errors: [keyErrors.notFound, keyErrors.managed, keyErrors.throttled],
      handle: async (call) => {
        const found = await rotateKey(keySessionOf(call), nameOf(call, 'keys'));
        return { body: renderKey(found, shownIn(call)) };
      },
    }),
  ];
}

/** `secureWrapKey` and `secureUnwrapKey` came with 2026-04-01. */
function requireKnownOperations(
  { apiVersion }: Pick<VaultCall, 'apiVersion'>,
  { key_ops: keyOps }: Pick<KeyProperties, 'key_ops'>,
): void {
  if (isSecureWrapping(keyOps ?? []) && !isAtLeast(apiVersion, '2026-04-01')) {
    throw invalidProperties(['key_ops']);
  }
}

/**
 * Both answer the key as it is. `attributes.attestation` is a statement signed by an HSM, whose
 * absence the specification allows: software holds these keys, so there is none to give.
 */
function readRows({ storage }: ObjectOperationsOptions): Operation<VaultTarget>[] {
  const read = {
    method: 'GET',
    access: access('read', 'get'),
    audit: 'KeyGet',
    success: 200,
    errors: [keyErrors.notFound],
    handle: async (call: VaultCall) => {
      const version = call.params['key-version'] ?? '';
      const found = await keyObjects.load(storage.view(call.grant), nameOf(call, 'keys'), version);
      return { body: renderKey(found, shownIn(call)) };
    },
  } as const;
  return [
    row({
      id: 'GetKey',
      path: '/keys/{key-name}/{key-version}',
      versions: ALL_VERSIONS,
      ...read,
    }),
    row({
      id: 'GetKeyAttestation',
      path: '/keys/{key-name}/{key-version}/attestation',
      versions: ATTESTATION,
      ...read,
    }),
  ];
}

function versionRows(options: ObjectOperationsOptions): Operation<VaultTarget>[] {
  return [
    operation<VaultTarget, PathParams, QueryParams, KeyProperties>({
      id: 'UpdateKey',
      method: 'PATCH',
      path: '/keys/{key-name}/{key-version}',
      versions: ALL_VERSIONS,
      access: access('update/action', 'update'),
      audit: 'KeyUpdate',
      success: 200,
      errors: [
        keyErrors.notFound,
        keyErrors.managed,
        keyErrors.releasePolicyImmutable,
        keyErrors.policyWithoutExportable,
      ],
      body: updateSchema,
      handle: async (call) => {
        requireKnownOperations(call, call.body);
        const id = { name: nameOf(call, 'keys'), version: call.params['key-version'] ?? '' };
        const found = await updateKey(sessionOf(call, options), id, call.body);
        return { body: renderKey(found, shownIn(call)) };
      },
    }),
  ];
}

function rotationRows(options: ObjectOperationsOptions): Operation<VaultTarget>[] {
  const policyAccess = (verb: 'read' | 'write', permission: string): Access => ({
    kind: 'data',
    action: `Microsoft.KeyVault/vaults/keyrotationpolicies/${verb}`,
    policy: [`keys/${permission}`],
    at: 'object',
  });
  return [
    row({
      id: 'GetKeyRotationPolicy',
      method: 'GET',
      path: '/keys/{key-name}/rotationpolicy',
      versions: ROTATION,
      access: policyAccess('read', 'getrotationpolicy'),
      audit: 'KeyRotationPolicyGet',
      success: 200,
      errors: [keyErrors.notFound],
      handle: async (call) => {
        const view = options.storage.view(call.grant);
        const { policy, name } = await getRotationPolicy(view, nameOf(call, 'keys'));
        return { body: renderRotationPolicy(policy, name, placeOf(call)) };
      },
    }),
    operation<VaultTarget, PathParams, QueryParams, GivenRotationPolicy>({
      id: 'UpdateKeyRotationPolicy',
      method: 'PUT',
      path: '/keys/{key-name}/rotationpolicy',
      versions: ROTATION,
      access: policyAccess('write', 'setrotationpolicy'),
      audit: 'KeyRotationPolicySet',
      success: 200,
      errors: [keyErrors.notFound, keyErrors.managed],
      body: rotationPolicySchema,
      handle: async (call) => {
        const session = sessionOf(call, options);
        const { policy, name } = await putRotationPolicy(session, nameOf(call, 'keys'), call.body);
        return { body: renderRotationPolicy(policy, name, placeOf(call)) };
      },
    }),
  ];
}
