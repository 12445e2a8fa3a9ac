// Certificates in a vault's records: read, updated, and their policies. What makes new versions is
// in `creation.ts`, `import.ts` and `enrolment.ts`.
import { certificateErrors } from '#errors';
import { ApiError } from '#kernel';
import type { Reader, Transaction } from '#storage';
import { keyObjects } from '../keys/key-objects.ts';
import { settableAttributes } from '../object/attributes.ts';
import { changeHeader, type ObjectStore, type VersionChange } from '../object/object-store.ts';
import { secretObjects } from '../secrets/secret-store.ts';
import type { FoundCertificate } from './certificate.ts';
import { certificateObjects, loadPending, loadPolicy, putParts } from './certificate-objects.ts';
import type { WorkSession } from './creation.ts';
import { type CertificatePolicy, changePolicy } from './policy.ts';
import type { GivenPolicy } from './policy-wire.ts';
import type { CertificateProperties, CertificateView } from './wire.ts';

export interface VersionId {
  readonly name: string;
  /** '' for the latest. */
  readonly version: string;
}

/** Recorded: who asks for one version is told about that version only. */
export async function getCertificate(reader: Reader, id: VersionId): Promise<CertificateView> {
  const found = await certificateObjects.load(reader, id.name, id.version);
  return id.version === '' ? await withParts(reader, found) : { found };
}

/** The certificate with its policy, and whether there is a pending operation. */
export async function withParts(reader: Reader, found: FoundCertificate): Promise<CertificateView> {
  const { uid } = found.head;
  const pending = await loadPending(reader, uid);
  return { found, policy: await loadPolicy(reader, uid), hasPending: pending !== undefined };
}

export interface FoundPolicy {
  /** In the letters that the certificate was made with. */
  readonly name: string;
  readonly policy: CertificatePolicy;
}

/** Throws `notFound`. */
export async function getPolicy(reader: Reader, name: string): Promise<FoundPolicy> {
  const head = await certificateObjects.requireLive(reader, name);
  const policy = await loadPolicy(reader, head.uid);
  if (policy === undefined) throw new ApiError(certificateErrors.notFound, { id: name });
  return { name: head.name, policy };
}

/** Throws `notFound`, and whatever is wrong with the policy. */
export function patchPolicy(
  session: WorkSession,
  name: string,
  given: GivenPolicy,
): Promise<FoundPolicy> {
  return session.view.transact(async (transaction) => {
    const before = await getPolicy(transaction, name);
    const head = await certificateObjects.requireLive(transaction, name);
    const policy = changed(session, before.policy, given);
    await putParts(transaction, head, { policy });
    return { name: head.name, policy };
  });
}

function changed(
  { vault, nowSeconds }: WorkSession,
  before: CertificatePolicy,
  given: GivenPolicy,
): CertificatePolicy {
  return changePolicy(given, before, { nowSeconds, allowHardware: vault.sku === 'premium' });
}

/**
 * Key and secret follow. The times are the certificate's own and stay. Throws `notFound`, and
 * whatever is wrong with the policy.
 */
export function updateCertificate(
  session: WorkSession,
  { name, version }: VersionId,
  given: CertificateProperties,
): Promise<CertificateView> {
  const { nowSeconds, view } = session;
  const { enabled } = settableAttributes(given.attributes);
  const change: VersionChange = { enabled, tags: given.tags ?? undefined };
  return view.transact(async (transaction) => {
    const found = await certificateObjects.load(transaction, name, version);
    const { header } = found.version;
    const replaced = await certificateObjects.replace(transaction, found, {
      ...found.version,
      header: changeHeader(header, change, nowSeconds),
    });
    const update = { name, version: header.version, change, nowSeconds };
    await updatePartner(transaction, keyObjects, update);
    await updatePartner(transaction, secretObjects, update);
    const policy = await loadPolicy(transaction, replaced.head.uid);
    if (given.policy != null && policy !== undefined) {
      const after = changed(session, policy, given.policy);
      const head = await putParts(transaction, replaced.head, { policy: after });
      return await shown(transaction, { ...replaced, head }, version);
    }
    return await shown(transaction, replaced, version);
  });
}

/** Recorded: an update of one version tells of the pending operation, but not of the policy. */
async function shown(
  reader: Reader,
  found: FoundCertificate,
  version: string,
): Promise<CertificateView> {
  const { policy, ...view } = await withParts(reader, found);
  return version === '' ? { ...view, policy } : view;
}

interface PartnerUpdate extends VersionId {
  readonly change: VersionChange;
  readonly nowSeconds: number;
}

async function updatePartner<Listed, Content>(
  transaction: Transaction,
  store: ObjectStore<Listed, Content>,
  { name, version, change, nowSeconds }: PartnerUpdate,
): Promise<void> {
  const head = await store.findLive(transaction, name);
  if (!head?.managed) return;
  const found = await store.load(transaction, name, version);
  const header = changeHeader(found.version.header, change, nowSeconds);
  await store.replace(transaction, found, { ...found.version, header });
}
