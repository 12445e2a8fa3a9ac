// New certificates begun: the key and the request are made at once, the certificate comes later,
// from the background or by a merge. Until the first one is there a placeholder stands for it.
import { buildCertificateRequest, type KeyMaterial, type KeySpec } from '#cryptography';
import { certificateErrors } from '#errors';
import { ApiError, newVersion } from '#kernel';
import type { Reader, Transaction } from '#storage';
import { keyObjects } from '../keys/key-objects.ts';
import type { KeyProviders } from '../keys/key-providers.ts';
import { invalidProperties } from '../object/invalid-property.ts';
import type { Session } from '../object/life.ts';
import {
  type CertificateHead,
  certificateObjects,
  loadPending,
  loadPolicy,
  putParts,
} from './certificate-objects.ts';
import { loadIssuer } from './issuer-store.ts';
import { nameConflict } from './name-conflict.ts';
import { detailsOf, type Pending, type SavedKey, saveKey } from './pending.ts';
import { type CertificatePolicy, createPolicy, profileOf, SELF, UNKNOWN } from './policy.ts';
import { addMonths } from './validity.ts';
import type { CertificateCreateParameters } from './wire.ts';

export interface WorkSession extends Pick<Session, 'view' | 'vault' | 'nowSeconds'> {
  readonly providers: KeyProviders;
}

/**
 * Azure signs within seconds, and lets a request be cancelled until then. A moment is enough for
 * that, and is gone before a client asks for the first time.
 */
const SETTLE_SECONDS = 1;
/** Recorded: certificates begin ten minutes before they are asked for. */
export const BEFORE_SECONDS = 600;

export interface Begun {
  readonly name: string;
  readonly pending: Pending;
}

/**
 * Throws `pendingInProgress`, `deletedButRecoverable`, `nameTaken`, `issuerNamedNotFound`, and
 * whatever is wrong with the policy.
 */
export async function createCertificate(
  session: WorkSession,
  name: string,
  given: CertificateCreateParameters,
): Promise<Begun> {
  const { view, vault, nowSeconds } = session;
  const before = await requireCreatable(view, name);
  const stored = before && (await loadPolicy(view, before.uid));
  const context = { nowSeconds, before: stored, allowHardware: vault.sku === 'premium' };
  const policy = given.policy == null ? stored : createPolicy(given.policy, context);
  if (policy === undefined) throw invalidProperties(['policy']);
  return await beginIssue(session, name, {
    policy,
    enabled: given.attributes?.enabled ?? true,
    ...(given.tags && { tags: given.tags }),
    preserveCertOrder: given.preserveCertOrder ?? false,
    isRenewal: false,
  });
}

export interface BeginInput {
  readonly policy: CertificatePolicy;
  readonly enabled: boolean;
  readonly tags?: Readonly<Record<string, string>>;
  readonly preserveCertOrder: boolean;
  readonly isRenewal: boolean;
  /** Claims the work of a renewal in the transaction that begins it. */
  readonly take?: (transaction: Transaction) => Promise<unknown>;
}

/** Makes key and request, and writes the pending operation. */
export async function beginIssue(
  session: WorkSession,
  name: string,
  input: BeginInput,
): Promise<Begun> {
  const { view, nowSeconds } = session;
  await requireIssuer(view, input.policy);
  const { key, savedKey } = await keyFor(session, name, input.policy);
  const csr = await buildCertificateRequest({ profile: profileOf(input.policy), key });
  const pending = pendingOf(input, { savedKey, csr, nowSeconds });
  return await view.transact(async (transaction) => {
    await input.take?.(transaction);
    const live = await requireCreatable(transaction, name);
    const head = live ?? (await putPlaceholder(transaction, name, { ...input, nowSeconds }));
    await putParts(transaction, head, { policy: input.policy, pending });
    return { name: head.name, pending };
  });
}

interface Made {
  readonly savedKey: SavedKey;
  readonly csr: Buffer;
  readonly nowSeconds: number;
}

function pendingOf(input: BeginInput, { savedKey, csr, nowSeconds }: Made): Pending {
  const { policy, enabled, tags } = input;
  const waits = policy.issuer.name === UNKNOWN;
  return {
    requestId: newVersion(),
    issuer: policy.issuer,
    csr: csr.toString('base64'),
    status: 'inProgress',
    cancellationRequested: false,
    details: detailsOf(policy.issuer),
    preserveCertOrder: input.preserveCertOrder,
    isRenewal: input.isRenewal,
    work: {
      key: savedKey,
      keyProperties: policy.key_props,
      version: newVersion(),
      enabled,
      ...(tags && { tags }),
      ...(!waits && { nextAttempt: nowSeconds + (input.isRenewal ? 0 : SETTLE_SECONDS) }),
      failures: 0,
    },
  };
}

/** The live certificate of that name, if there is one. */
export async function requireCreatable(
  reader: Reader,
  name: string,
): Promise<CertificateHead | undefined> {
  const head = await certificateObjects.findLive(reader, name);
  if (head === undefined) {
    await certificateObjects.requireNameFree(reader, name);
    await requireFreeFor(reader, name);
    return undefined;
  }
  const pending = await loadPending(reader, head.uid);
  if (pending?.status === 'inProgress') throw new ApiError(certificateErrors.pendingInProgress);
  // A placeholder without its key keeps no key of that name from being made.
  if (head.current.listed.x5t === undefined) await requireFreeFor(reader, name);
  return head;
}

async function requireFreeFor(reader: Reader, name: string): Promise<void> {
  const conflict = await nameConflict(reader, name);
  if (conflict !== undefined) throw conflict;
}

async function requireIssuer(reader: Reader, { issuer }: CertificatePolicy): Promise<void> {
  if (issuer.name === SELF || issuer.name === UNKNOWN) return;
  const found = await loadIssuer(reader, issuer.name);
  if (found === undefined) {
    throw new ApiError(certificateErrors.issuerNamedNotFound, { issuer: issuer.name });
  }
}

/**
 * A new key, or the current one if the policy has it used again and it is of the policy's kind. One
 * that was made to stay is not used again where it could leave.
 */
async function keyFor(
  { view, vault, providers }: WorkSession,
  name: string,
  { key_props: wanted }: CertificatePolicy,
): Promise<{ readonly key: KeyMaterial; readonly savedKey: SavedKey }> {
  const head = wanted.reuse_key ? await keyObjects.findLive(view, name) : undefined;
  if (head?.managed) {
    const { header, content } = (await keyObjects.load(view, name, '')).version;
    const { version: own } = await certificateObjects.load(view, name, header.version);
    const mayLeave = own.content.keyExportable === true;
    const key = await providers.open(content);
    const crv = key.kty === 'EC' ? key.crv : undefined;
    const fits = wanted.kty === header.listed.kty && crv === wanted.crv;
    if (
      fits &&
      (mayLeave || !wanted.exportable) &&
      (key.kty === 'EC' || key.sizeBits === wanted.key_size)
    ) {
      const { keyOps: _keyOps, releasePolicy: _releasePolicy, ...savedKey } = content;
      const { hsmPlatform } = header.listed;
      return { key, savedKey: { ...savedKey, ...(hsmPlatform !== undefined && { hsmPlatform }) } };
    }
  }
  const provider = providers.for(wanted);
  const spec: KeySpec =
    wanted.crv === undefined
      ? { kty: 'RSA', sizeBits: wanted.key_size ?? 2048 }
      : { kty: 'EC', crv: wanted.crv };
  const key = await providers.make({ provider, spec }, vault);
  return { key, savedKey: saveKey(provider, key) };
}

/** Recorded: disabled, and with the times that the certificate will have. */
async function putPlaceholder(
  transaction: Transaction,
  name: string,
  { policy, nowSeconds, tags }: BeginInput & { readonly nowSeconds: number },
): Promise<CertificateHead> {
  const { head } = await certificateObjects.add(transaction, {
    ...{ name, tags, nowSeconds },
    attributes: {
      enabled: false,
      nbf: nowSeconds - BEFORE_SECONDS,
      exp: addMonths(nowSeconds, policy.x509_props.validity_months),
    },
    listed: {},
    content: {},
    unannounced: true,
  });
  return head;
}
