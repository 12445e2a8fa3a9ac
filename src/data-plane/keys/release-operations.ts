// Keys for environments that can prove what they are: release, and wrapping that only such an
// environment can undo. Who may call it is decided as for any operation; that the environment is
// one that the key's policy names, its attestation token has to show as well.
import { randomBytes } from 'node:crypto';
import { encryptTo, secureUnwrapKey, secureWrapKey, wrapForTransfer } from '#cryptography';
import { keyErrors } from '#errors';
import { ApiError, encodeBase64Url, type Operation, operation, type Schema, z } from '#kernel';
import { since } from '../api-version.ts';
import {
  dataAccess,
  nameOf,
  type PathParams,
  placeOf,
  type QueryParams,
  sessionOf,
  shownIn,
  type VaultCall,
} from '../object/row.ts';
import type { VaultTarget } from '../vault-target.ts';
import { Attestations, type Attested } from './attestation.ts';
import { algorithm, attempt, base64Url, USE_ERRORS } from './crypto-operations.ts';
import { type FoundKey, requireUsable } from './key.ts';
import { keyObjects } from './key-objects.ts';
import type { MaterialCache } from './material-cache.ts';
import type { KeyOperationsOptions } from './operations.ts';
import { parsePolicyData } from './release-policy.ts';
import { signRelease } from './release-signer.ts';
import {
  renderTransferBlob,
  TRANSFER_ALGORITHMS,
  type TransferAlgorithm,
} from './transfer-blob.ts';
import { keyId, renderKey } from './wire.ts';

interface ReleaseParameters {
  readonly target: string;
  readonly nonce?: string | null | undefined;
  readonly enc?: TransferAlgorithm | null | undefined;
}

interface SecureWrapParameters {
  readonly alg: string;
}

interface SecureUnwrapParameters extends SecureWrapParameters {
  readonly value: Buffer;
  readonly target: string;
}

const target = z.string().min(1).max(65_536);

const releaseSchema: Schema<ReleaseParameters> = z.object({
  target,
  nonce: z.string().max(1024).nullish(),
  enc: z.enum(['CKM_RSA_AES_KEY_WRAP', 'RSA_AES_KEY_WRAP_256', 'RSA_AES_KEY_WRAP_384']).nullish(),
});
const secureWrapSchema: Schema<SecureWrapParameters> = z.object({ alg: algorithm });
const secureUnwrapSchema: Schema<SecureUnwrapParameters> = z.object({
  alg: algorithm,
  value: base64Url,
  target,
});

/** The key that a secure wrap makes: AES-256. */
const WRAPPED_BYTES = 32;

export function releaseOperations(
  options: KeyOperationsOptions,
  cache: MaterialCache,
): Operation<VaultTarget>[] {
  const attestations = new Attestations(options.attestationAuthorities ?? [], options.clock);
  const parts = { options, cache, attestations };
  return [releaseRow(parts), secureWrapRow(parts), secureUnwrapRow(parts)];
}

interface Parts {
  readonly options: KeyOperationsOptions;
  readonly cache: MaterialCache;
  readonly attestations: Attestations;
}

function releaseRow({ options, cache, attestations }: Parts): Operation<VaultTarget> {
  return operation<VaultTarget, PathParams, QueryParams, ReleaseParameters>({
    id: 'release',
    method: 'POST',
    path: '/keys/{key-name}/{key-version}/release',
    versions: since('7.3'),
    access: access('release/action', 'release'),
    audit: 'KeyRelease',
    success: 200,
    errors: [
      keyErrors.notFound,
      keyErrors.disabled,
      keyErrors.notExportable,
      keyErrors.attestationUnverified,
    ],
    body: releaseSchema,
    handle: async (call) => {
      const session = sessionOf(call, options);
      const found = await load(call, options);
      requireReleasable(found);
      const attested = await requireAttested(attestations, found, call.body.target);
      const enc = call.body.enc ?? 'CKM_RSA_AES_KEY_WRAP';
      const hash = TRANSFER_ALGORITHMS[enc];
      const key = await cache.get(found);
      const ciphertext = await wrapForTransfer(key, { recipient: attested.recipient, hash });
      const blob = renderTransferBlob({ kid: attested.recipientId, ciphertext }, enc);
      const { nonce } = call.body;
      const kid = keyId(placeOf(call), found.head.name, found.version.header.version);
      const request = { 'api-version': call.apiVersion, enc, kid, ...(nonce && { nonce }) };
      const response = { key: withBlob(renderKey(found, shownIn(call)), blob) };
      const value = await signRelease(session, { request, response });
      return { body: { value }, audit: { attestationAuthority: attested.issuer } };
    },
  });
}

/** The bundle as GetKey has it, the key wrapped in it. */
function withBlob(bundle: { readonly key: object }, blob: string): object {
  return { ...bundle, key: { ...bundle.key, key_hsm: blob } };
}

function secureWrapRow({ options, cache }: Parts): Operation<VaultTarget> {
  return operation<VaultTarget, PathParams, QueryParams, SecureWrapParameters>({
    id: 'securewrapkey',
    method: 'POST',
    path: '/keys/{key-name}/{key-version}/securewrapkey',
    versions: since('2026-04-01'),
    access: access('wrap/action', 'wrapKey'),
    audit: 'KeyWrap',
    success: 200,
    errors: USE_ERRORS,
    body: secureWrapSchema,
    handle: async (call) => {
      const found = await load(call, options);
      requireUsable(found, 'secureWrapKey', sessionOf(call, options).nowSeconds);
      const key = await cache.get(found);
      const plaintext = randomBytes(WRAPPED_BYTES);
      const { alg } = call.body;
      const value = await attempt(() => secureWrapKey({ key, algorithm: alg, plaintext }));
      plaintext.fill(0);
      return { body: renderResult(call, found, { alg, value }), audit: { algorithm: alg } };
    },
  });
}

/**
 * The key comes back under the environment's own RSA key (RSA-OAEP-256). What the real service
 * answers there was never recorded in clear; nothing weaker would keep the key from the network.
 */
function secureUnwrapRow({ options, cache, attestations }: Parts): Operation<VaultTarget> {
  return operation<VaultTarget, PathParams, QueryParams, SecureUnwrapParameters>({
    id: 'secureunwrapkey',
    method: 'POST',
    path: '/keys/{key-name}/{key-version}/secureunwrapkey',
    versions: since('2026-04-01'),
    access: access('unwrap/action', 'unwrapKey'),
    audit: 'KeyUnwrap',
    success: 200,
    errors: [...USE_ERRORS, keyErrors.parameterIncorrect, keyErrors.attestationUnverified],
    body: secureUnwrapSchema,
    handle: async (call) => {
      const found = await load(call, options);
      requireUsable(found, 'secureUnwrapKey', sessionOf(call, options).nowSeconds);
      const attested = await requireAttested(attestations, found, call.body.target);
      const key = await cache.get(found);
      const { alg, value: ciphertext } = call.body;
      const plaintext = await attempt(() => secureUnwrapKey({ key, algorithm: alg, ciphertext }));
      const value = encryptTo(attested.recipient, 'sha256', plaintext);
      plaintext.fill(0);
      return {
        body: renderResult(call, found, { alg, value }),
        audit: { algorithm: alg, attestationAuthority: attested.issuer },
      };
    },
  });
}

function access(action: string, permission: string) {
  return dataAccess({ collection: 'keys', action, permission, at: 'object' });
}

function load(call: VaultCall, { storage }: KeyOperationsOptions): Promise<FoundKey> {
  const version = call.params['key-version'] ?? '';
  return keyObjects.load(storage.view(call.grant), nameOf(call, 'keys'), version);
}

/** Released outside its validity as well: what was sealed with it can still be opened. */
function requireReleasable({ version }: FoundKey): void {
  const { attributes, listed } = version.header;
  if (!attributes.enabled) throw new ApiError(keyErrors.disabled, { operation: 'release' });
  if (!listed.exportable) throw new ApiError(keyErrors.notExportable);
}

async function requireAttested(
  attestations: Attestations,
  { version }: FoundKey,
  token: string,
): Promise<Attested> {
  const policy = version.content.releasePolicy;
  const rules = policy && parsePolicyData(policy.data);
  if (rules !== undefined) return attestations.require(token, rules);
  throw new ApiError(keyErrors.attestationUnverified, {}, { reason: 'the key has no policy' });
}

function renderResult(
  call: VaultCall,
  { head, version }: FoundKey,
  { alg, value }: { readonly alg: string; readonly value: Buffer },
): object {
  const kid = keyId(placeOf(call), head.name, version.header.version);
  return { kid, alg, value: encodeBase64Url(value) };
}
