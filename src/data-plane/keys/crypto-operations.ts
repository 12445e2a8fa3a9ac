// encrypt, decrypt, sign, verify, wrapKey, unwrapKey. The key's own restrictions (enabled,
// validity, key_ops) are checked before its material is opened; results carry the id of the version
// used.
import {
  decrypt,
  encrypt,
  KeyError,
  type KeyMaterial,
  sign,
  unwrapKey,
  verify,
  wrapKey,
} from '#cryptography';
import { keyErrors } from '#errors';
import {
  ApiError,
  decodeBase64Url,
  encodeBase64Url,
  type Operation,
  operation,
  type Schema,
  unixSeconds,
  z,
} from '#kernel';
import { since } from '../api-version.ts';
import { forbiddenByRbac } from '../forbidden.ts';
import { invalidProperties } from '../object/invalid-property.ts';
import {
  dataAccess,
  nameOf,
  type ObjectOperationsOptions,
  type PathParams,
  placeOf,
  type QueryParams,
  type VaultCall,
} from '../object/row.ts';
import { requireVault, type VaultTarget } from '../vault-target.ts';
import { type FoundKey, requireUsable } from './key.ts';
import { keyObjects } from './key-objects.ts';
import type { MaterialCache } from './material-cache.ts';
import { keyId } from './wire.ts';

interface OperationParameters {
  readonly alg: string;
  readonly value: Buffer;
  readonly iv?: Buffer | undefined;
  readonly aad?: Buffer | undefined;
  readonly tag?: Buffer | undefined;
}

interface SignParameters {
  readonly alg: string;
  readonly value: Buffer;
}

interface VerifyParameters extends SignParameters {
  readonly digest: Buffer;
}

export const algorithm = z.string().max(64);

export const base64Url = z.string().transform((text, context): Buffer => {
  const bytes = decodeBase64Url(text);
  if (bytes === undefined) context.addIssue({ code: 'custom', message: 'not base64url' });
  return bytes ?? Buffer.alloc(0);
});

const optionalBytes = z
  .union([base64Url, z.null()])
  .optional()
  .transform((bytes): Buffer | undefined => bytes ?? undefined);

const operationSchema: Schema<OperationParameters> = z.object({
  alg: algorithm,
  value: base64Url,
  iv: optionalBytes,
  aad: optionalBytes,
  tag: optionalBytes,
});

const signSchema: Schema<SignParameters> = z.object({ alg: algorithm, value: base64Url });

const verifySchema: Schema<VerifyParameters> = z.object({
  alg: algorithm,
  value: base64Url,
  digest: base64Url,
});

export const USE_ERRORS = [
  keyErrors.notFound,
  keyErrors.disabled,
  keyErrors.notYetValid,
  keyErrors.expired,
  keyErrors.operationForbidden,
];

/** What a result holds beside `kid`. */
type Fields = Readonly<Record<string, string>>;

interface CryptoRow<Body> {
  readonly id: string;
  readonly action: string;
  /** Operation as it stands in key_ops and access policies. */
  readonly operation: string;
  readonly audit: string;
  /** With a public key anyone can do the same, so reading the key is enough (RBAC only). */
  readonly isPublic: boolean;
  readonly body: Schema<Body>;
  readonly run: (material: KeyMaterial, body: Body) => Promise<Fields | boolean>;
}

export function cryptographyOperations(
  options: ObjectOperationsOptions,
  cache: MaterialCache,
): Operation<VaultTarget>[] {
  return [
    cryptoRow(encryptSpec, options, cache),
    cryptoRow(decryptSpec, options, cache),
    cryptoRow(signSpec, options, cache),
    cryptoRow(verifySpec, options, cache),
    cryptoRow(wrapSpec, options, cache),
    cryptoRow(unwrapSpec, options, cache),
  ];
}

const encryptSpec: CryptoRow<OperationParameters> = {
  id: 'encrypt',
  action: 'encrypt/action',
  operation: 'encrypt',
  audit: 'KeyEncrypt',
  isPublic: true,
  body: operationSchema,
  run: async (key, { alg: algorithm, value: plaintext, iv, aad, tag }) => {
    if (tag !== undefined) throw new KeyError('parameterNotAllowed', 'tag');
    const sealed = await encrypt({ key, algorithm, plaintext, iv, aad });
    return {
      value: encodeBase64Url(sealed.ciphertext),
      ...(sealed.iv && { iv: encodeBase64Url(sealed.iv) }),
      ...(sealed.tag && { tag: encodeBase64Url(sealed.tag) }),
      ...(aad && { aad: encodeBase64Url(aad) }),
    };
  },
};

const decryptSpec: CryptoRow<OperationParameters> = {
  id: 'decrypt',
  action: 'decrypt/action',
  operation: 'decrypt',
  audit: 'KeyDecrypt',
  isPublic: false,
  body: operationSchema,
  run: async (key, { alg: algorithm, value: ciphertext, iv, tag, aad }) => ({
    value: encodeBase64Url(await decrypt({ key, algorithm, ciphertext, iv, tag, aad })),
  }),
};

const signSpec: CryptoRow<SignParameters> = {
  id: 'sign',
  action: 'sign/action',
  operation: 'sign',
  audit: 'KeySign',
  isPublic: false,
  body: signSchema,
  run: async (key, { alg: algorithm, value: digest }) => ({
    value: encodeBase64Url(await sign({ key, algorithm, digest })),
  }),
};

const verifySpec: CryptoRow<VerifyParameters> = {
  id: 'verify',
  action: 'verify/action',
  operation: 'verify',
  audit: 'KeyVerify',
  isPublic: true,
  body: verifySchema,
  run: (key, { alg: algorithm, digest, value: signature }) =>
    verify({ key, algorithm, digest, signature }),
};

const wrapSpec: CryptoRow<SignParameters> = {
  id: 'wrapKey',
  action: 'wrap/action',
  operation: 'wrapKey',
  audit: 'KeyWrap',
  isPublic: true,
  body: signSchema,
  run: async (key, { alg: algorithm, value: plaintext }) => ({
    value: encodeBase64Url(await wrapKey({ key, algorithm, plaintext })),
  }),
};

const unwrapSpec: CryptoRow<SignParameters> = {
  id: 'unwrapKey',
  action: 'unwrap/action',
  operation: 'unwrapKey',
  audit: 'KeyUnwrap',
  isPublic: false,
  body: signSchema,
  run: async (key, { alg: algorithm, value: ciphertext }) => ({
    value: encodeBase64Url(await unwrapKey({ key, algorithm, ciphertext })),
  }),
};

function cryptoRow<Body extends { readonly alg: string }>(
  spec: CryptoRow<Body>,
  { storage, clock }: ObjectOperationsOptions,
  cache: MaterialCache,
): Operation<VaultTarget> {
  const { id, action, operation: permission, audit, isPublic } = spec;
  return operation<VaultTarget, PathParams, QueryParams, Body>({
    id,
    method: 'POST',
    path: `/keys/{key-name}/{key-version}/${id.toLowerCase()}`,
    versions: since('7.0'),
    access: dataAccess({
      ...{ collection: 'keys', action, permission, at: 'object' },
      ...(isPublic && { alternatives: ['read'] }),
    }),
    audit,
    success: 200,
    errors: isPublic ? USE_ERRORS : [...USE_ERRORS, keyErrors.parameterIncorrect],
    body: spec.body,
    handle: async (call) => {
      const version = call.params['key-version'] ?? '';
      const found = await keyObjects.load(storage.view(call.grant), nameOf(call, 'keys'), version);
      if (isPublic) requireOwnAction(call, found, action);
      requireUsable(found, permission, unixSeconds(clock));
      const key = await cache.get(found);
      const result = await attempt(() => spec.run(key, call.body));
      const kid = keyId(placeOf(call), found.head.name, found.version.header.version);
      const body = typeof result === 'boolean' ? { value: result } : { kid, ...result };
      return { body, audit: { algorithm: call.body.alg } };
    },
  });
}

const READ = 'Microsoft.KeyVault/vaults/keys/read';

/** A symmetric key has no public part: who may only read it, may not use it. */
export function requireOwnAction(call: VaultCall, found: FoundKey, action: string): void {
  const { grant, principal } = call;
  const isSymmetric = found.version.content.publicJwk.kty === 'oct';
  if (!isSymmetric || grant.by !== 'rbac' || grant.action !== READ) return;
  if (principal === undefined) throw new Error('a role without a principal');
  const vault = requireVault(call.target);
  const asked = { principalId: principal.objectId, action: READ, scope: grant.scope };
  throw forbiddenByRbac({
    ...{ vault, principal },
    action: `Microsoft.KeyVault/vaults/keys/${action}`,
    objectScope: `keys/${found.head.name}`,
    reason: { ...asked, code: 'NoRoleAllows', considered: [] },
  });
}

/**
 * KeyErrors in Azure's words. Whatever kept a ciphertext from opening is one and the same answer.
 */
export async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof KeyError)) throw cause;
    if (cause.code === 'undecryptable') {
      throw new ApiError(keyErrors.parameterIncorrect, {}, { reason: cause.code });
    }
    const isAboutAlgorithm =
      cause.code === 'unknownAlgorithm' || cause.code === 'algorithmNotForKey';
    throw invalidProperties([isAboutAlgorithm ? 'alg' : cause.subject], cause);
  }
}
