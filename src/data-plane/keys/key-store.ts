// Keys in a vault's records: create, import, update, rotate. Key material is made before the commit
// and kept only in the version's sealed record.
import {
  type CurveName,
  exportJwk,
  isPostQuantumName,
  KeyError,
  type KeyMaterial,
  type KeyProvider,
  type KeySpec,
  type PrivateJwk,
  type PublicJwk,
  publicJwk,
  softwareProvider,
} from '#cryptography';
import { keyErrors } from '#errors';
import { ApiError } from '#kernel';
import type { Vault } from '#resources';
import type { Transaction } from '#storage';
import { newAttributes, settableAttributes } from '../object/attributes.ts';
import { invalidProperties } from '../object/invalid-property.ts';
import type { Session } from '../object/life.ts';
import { changeHeader, guardManaged, type NewVersion } from '../object/object-store.ts';
import { type BroughtKey, openBroughtKey } from './byok.ts';
import {
  CURVES,
  decideReleasePolicy,
  defaultKeyOps,
  type FoundKey,
  IMPORT_KEY_SECONDS,
  isHardware,
  type KeyContent,
  type KeyListed,
  type KeyType,
  keyKind,
  type ReleasePolicy,
  requireOneUse,
} from './key.ts';
import { keyObjects } from './key-objects.ts';
import { type KeyProviders, type KeyRequest, saveMaterial } from './key-providers.ts';
import { rotatedExpiry } from './rotation-policy.ts';
import { loadRotationPolicy } from './rotation-record.ts';
import {
  type KeyCreateParameters,
  type KeyImportParameters,
  type KeyProperties,
  releasePolicyOf,
} from './wire.ts';

export interface KeySession extends Session {
  readonly providers: KeyProviders;
}

/** Octet keys came to vaults, as a preview of Premium, with this api-version. */
export interface CreateOptions {
  readonly allowOct: boolean;
}

export async function createKey(
  session: KeySession,
  name: string,
  input: { readonly given: KeyCreateParameters; readonly options: CreateOptions },
): Promise<FoundKey> {
  const allowPostQuantum = session.vault.enablePostQuantumKeys === true;
  const { kty, spec } = parseSpec(input.given, { ...input.options, allowPostQuantum });
  requireHardware(session.vault, kty);
  const draft = draftOf(session, name, { kty, given: input.given });
  // Making a key is expensive: what will be refused anyway is refused first.
  await requireWritable(session, name);
  const provider = session.providers.for({ kty, exportable: draft.exportable });
  const made = { kty, provider, material: await make(session, { provider, spec }) };
  return addKey(session, withMaterial(draft, made));
}

export async function importKey(
  session: KeySession,
  name: string,
  { given, host }: { readonly given: KeyImportParameters; readonly host: string },
): Promise<FoundKey> {
  const kty = importedType(given);
  requireHardware(session.vault, kty);
  const keyOps = given.key_ops ?? given.key.key_ops;
  const draft = draftOf(session, name, { kty, given: { ...given, key_ops: keyOps } });
  await requireWritable(session, name);
  const provider = session.providers.for({ kty, exportable: draft.exportable });
  const material = await (given.key.key_hsm === undefined
    ? materialOf(provider, given.key)
    : bring(session, provider, { kty, blob: given.key.key_hsm, host }));
  const version = withMaterial(draft, { kty, provider, material });
  const written = writtenOtherwise(given.key, version.content.publicJwk);
  const content = { ...version.content, ...(written && { written }) };
  return addKey(session, { ...version, content });
}

/** What to give back as it came: Azure neither pads coordinates nor renames curves. */
function writtenOtherwise({ crv, x, y }: PrivateJwk, jwk: PublicJwk): KeyContent['written'] {
  if (jwk.kty !== 'EC' || x === undefined || y === undefined) return undefined;
  const differs = crv !== jwk.crv || x !== jwk.x || y !== jwk.y;
  return differs ? { ...(crv !== undefined && { crv }), x, y } : undefined;
}

export function updateKey(
  session: Session,
  id: { readonly name: string; readonly version: string },
  given: KeyProperties,
): Promise<FoundKey> {
  const change = { ...settableAttributes(given.attributes), tags: given.tags ?? undefined };
  return session.view.transact(async (transaction) => {
    const found = await keyObjects.load(transaction, id.name, id.version);
    guardManaged(keyKind, found.head, 'update');
    const { header, content } = found.version;
    const { exportable } = header.listed;
    if ((given.attributes?.exportable ?? exportable) !== exportable) {
      throw invalidProperties(['attributes.exportable']);
    }
    const keyOps = given.key_ops ?? content.keyOps;
    requireOneUse(keyOps, content.keyOps);
    const releasePolicy = decideReleasePolicy({
      ...{ exportable, keyOps },
      before: content.releasePolicy,
      given: releasePolicyOf(given.release_policy),
    });
    return keyObjects.replace(transaction, found, {
      header: changeHeader(header, change, session.nowSeconds),
      content: {
        ...content,
        keyOps,
        ...(releasePolicy && { releasePolicy }),
      },
    });
  });
}

/** A new version like the current one, with the expiry that the rotation policy gives. */
export async function rotateKey(session: KeySession, name: string): Promise<FoundKey> {
  for (;;) {
    const before = await keyObjects.load(session.view, name, '');
    guardManaged(keyKind, before.head, 'rotate');
    const made = await makeLike(session, before);
    const rotated = await session.view.transact((transaction) =>
      addRotated(transaction, before, { ...made, nowSeconds: session.nowSeconds }),
    );
    if (rotated !== undefined) return rotated;
  }
}

/**
 * The same where a schedule asks for it. `take` claims the work in the transaction that does it;
 * `undefined` if it is not there to be claimed.
 */
export async function rotateDueKey(
  session: Pick<KeySession, 'view' | 'vault' | 'nowSeconds' | 'providers'>,
  name: string,
  take: (transaction: Transaction) => Promise<unknown>,
): Promise<FoundKey | undefined> {
  const { view, nowSeconds } = session;
  const head = await keyObjects.findLive(view, name);
  if (head === undefined) {
    await view.transact(take);
    return undefined;
  }
  const before = await keyObjects.load(view, name, head.current.version);
  const made = await makeLike(session, before);
  return view.transact(async (transaction) => {
    if ((await take(transaction)) === undefined) return undefined;
    const rotated = await addRotated(transaction, before, { ...made, nowSeconds });
    // Nothing is written then: the work stays due and is done at the next run.
    if (rotated === undefined) throw new Error('the key was given a version meanwhile');
    return rotated;
  });
}

/**
 * `undefined` if another version has become the current one since, which may be of another type.
 */
async function addRotated(
  transaction: Transaction,
  before: FoundKey,
  { nowSeconds, ...made }: MadeKey & { readonly nowSeconds: number },
): Promise<FoundKey | undefined> {
  const { name, uid } = before.head;
  const { version } = await keyObjects.load(transaction, name, '');
  if (version.header.version !== before.version.header.version) return undefined;
  const policy = await loadRotationPolicy(transaction, uid);
  const exp = policy && rotatedExpiry(policy, nowSeconds);
  const { listed, tags } = version.header;
  const { keyOps, releasePolicy } = version.content;
  return keyObjects.add(transaction, {
    ...{ name, tags, nowSeconds, listed: listedOf(made, listed.exportable) },
    attributes: { enabled: true, ...(exp !== undefined && { exp }) },
    content: { keyOps, ...kept(made), ...(releasePolicy && { releasePolicy }) },
  });
}

type Maker = Pick<KeySession, 'providers' | 'vault'>;

async function makeLike(maker: Maker, before: FoundKey): Promise<MadeKey> {
  const { kty, exportable } = before.version.header.listed;
  const provider = maker.providers.for({ kty, exportable });
  return { kty, provider, material: await make(maker, { provider, spec: specOf(before) }) };
}

interface MadeKey {
  readonly kty: KeyType;
  readonly provider: KeyProvider;
  readonly material: KeyMaterial;
}

type KeyDraft = KeyProperties & Pick<KeyCreateParameters, 'alg'>;

type Draft = Omit<NewVersion<KeyListed, KeyContent>, 'listed' | 'content'> & {
  readonly exportable: boolean;
  readonly keyOps: readonly string[];
  readonly releasePolicy: ReleasePolicy | undefined;
};

function draftOf(
  { nowSeconds }: Session,
  name: string,
  { kty, given }: { readonly kty: KeyType; readonly given: KeyDraft },
): Draft {
  const exportable = given.attributes?.exportable ?? false;
  const keyOps = [...new Set(given.key_ops ?? defaultKeyOps(kty, given.alg))];
  requireOneUse(keyOps);
  const releasePolicy = decideReleasePolicy({
    ...{ exportable, keyOps },
    before: undefined,
    given: releasePolicyOf(given.release_policy),
  });
  const attributes = newAttributes(given.attributes);
  const isImportKey = keyOps.includes('import');
  if (isImportKey && (keyOps.length > 1 || kty !== 'RSA-HSM')) throw invalidProperties(['key_ops']);
  const exp = attributes.exp ?? (isImportKey ? nowSeconds + IMPORT_KEY_SECONDS : undefined);
  return {
    name,
    attributes: { ...attributes, ...(exp !== undefined && { exp }) },
    tags: given.tags ?? undefined,
    ...{ exportable, keyOps, releasePolicy, nowSeconds },
  };
}

function withMaterial(draft: Draft, made: MadeKey): NewVersion<KeyListed, KeyContent> {
  const { exportable, keyOps, releasePolicy, ...version } = draft;
  return {
    ...version,
    listed: listedOf(made, exportable),
    content: { keyOps, ...kept(made), ...(releasePolicy && { releasePolicy }) },
  };
}

function listedOf({ kty, provider, material }: MadeKey, exportable: boolean): KeyListed {
  const { hsmPlatform } = provider;
  const isHeld = provider !== softwareProvider;
  return { kty, sizeBits: material.sizeBits, exportable, ...(isHeld && { hsmPlatform }) };
}

function kept({ provider, material }: MadeKey) {
  return { publicJwk: publicJwk(material), ...saveMaterial(provider, material) };
}

function addKey(session: Session, draft: NewVersion<KeyListed, KeyContent>): Promise<FoundKey> {
  return session.view.transact(async (transaction) => {
    const found = await keyObjects.add(transaction, draft);
    guardManaged(keyKind, found.head, 'create');
    return found;
  });
}

async function requireWritable({ view }: Session, name: string): Promise<void> {
  const head = await keyObjects.findLive(view, name);
  if (head) guardManaged(keyKind, head, 'create');
  else await keyObjects.requireNameFree(view, name);
}

function requireHardware(vault: Vault, kty: KeyType): void {
  if (isHardware(kty) && vault.sku !== 'premium') {
    throw new ApiError(keyErrors.hardwareNotSupported);
  }
}

const RSA_SIZES_BITS: readonly number[] = [2048, 3072, 4096];
const OCT_SIZES_BITS: readonly number[] = [128, 192, 256];

function parseSpec(
  given: KeyCreateParameters,
  { allowOct, allowPostQuantum }: CreateOptions & { readonly allowPostQuantum: boolean },
): { kty: KeyType; spec: KeySpec } {
  const { kty } = given;
  switch (kty) {
    case 'RSA':
    case 'RSA-HSM':
      return { kty, spec: { kty: 'RSA', sizeBits: parseSize(given, RSA_SIZES_BITS, 2048) } };
    case 'EC':
    case 'EC-HSM':
      return { kty, spec: { kty: 'EC', crv: parseCurve(given.crv) } };
    case 'oct-HSM':
      if (!allowOct) break;
      return { kty, spec: { kty: 'oct', sizeBits: parseSize(given, OCT_SIZES_BITS, 256) } };
    case 'AKP':
      if (!allowPostQuantum) break;
      if (!isPostQuantumName(given.alg)) throw invalidProperties(['alg']);
      return { kty, spec: { kty: 'AKP', alg: given.alg } };
  }
  throw invalidProperties(['kty']);
}

function parseSize(given: KeyCreateParameters, sizes: readonly number[], normal: number): number {
  const size = given.key_size ?? normal;
  if (!sizes.includes(size)) throw invalidProperties(['key_size']);
  return size;
}

/** Recorded: an empty curve is no curve, and none is P-256. */
function parseCurve(given: string | null | undefined): CurveName {
  const curve = CURVES.find((known) => known === (given || 'P-256'));
  if (curve === undefined) throw invalidProperties(['crv']);
  return curve;
}

function importedType({ key, Hsm }: KeyImportParameters): Exclude<KeyType, 'AKP'> {
  const base = key.kty?.replace(/-HSM$/, '');
  const hardware = Hsm === true || key.kty?.endsWith('-HSM') === true;
  if (base === 'RSA') return hardware ? 'RSA-HSM' : 'RSA';
  if (base === 'EC') return hardware ? 'EC-HSM' : 'EC';
  if (base === 'oct' && hardware) return 'oct-HSM';
  throw new ApiError(keyErrors.jwkInvalid);
}

/** Not every HSM makes every key. */
async function make({ providers, vault }: Maker, request: KeyRequest): Promise<KeyMaterial> {
  try {
    return await providers.make(request, vault);
  } catch (cause) {
    if (!(cause instanceof KeyError)) throw cause;
    throw invalidProperties([cause.subject], cause);
  }
}

/** Every flaw of an imported key is one and the same answer; which one it was, the log knows. */
async function materialOf(provider: KeyProvider, jwk: PrivateJwk): Promise<KeyMaterial> {
  try {
    return await provider.import(jwk);
  } catch (cause) {
    if (!(cause instanceof KeyError)) throw cause;
    throw new ApiError(keyErrors.jwkInvalid, {}, { cause, reason: cause.code });
  }
}

async function bring(
  session: KeySession,
  provider: KeyProvider,
  brought: BroughtKey,
): Promise<KeyMaterial> {
  const material = await openBroughtKey(session, brought);
  return provider === softwareProvider ? material : materialOf(provider, exportJwk(material));
}

function specOf({ version }: FoundKey): KeySpec {
  const { publicJwk: jwk } = version.content;
  const { sizeBits } = version.header.listed;
  switch (jwk.kty) {
    case 'RSA':
      return { kty: 'RSA', sizeBits };
    case 'EC':
      return { kty: 'EC', crv: jwk.crv };
    case 'oct':
      return { kty: 'oct', sizeBits };
    case 'AKP':
      return { kty: 'AKP', alg: jwk.alg };
  }
}
