// Backup blobs: an object with all its versions, sealed by storage. A blob is bound to its tenant,
// subscription, geography and kind of object; anywhere else it is as good as garbage.
//
//   1 byte   length of the label
//   label    `StrongroomBackup1.<collection>`, in clear: tells a wrong kind from damage
//   rest     storage's sealed blob of the JSON of a `Backup`

import { ApiError, decodeBase64Url, encodeBase64Url, newGuid, parseSealed } from '#kernel';
import type { Vault } from '#resources';
import type { Storage, Transaction, View } from '#storage';
import { geography } from './geography.ts';
import type { ObjectKind } from './kind.ts';
import { nameKey } from './name.ts';
import type { Found, ObjectStore } from './object-store.ts';
import { type Head, objectPrefix, type Version, versionPrefix } from './records.ts';

/** Documented limit (`azure/semantics.md` §5). */
const VERSIONS_MAX = 500;
const ATTACHMENTS_MAX = 10;

export interface Backup<Listed, Content> {
  readonly name: string;
  readonly currentVersion: string;
  readonly versions: readonly Version<Listed, Content>[];
  /** What belongs to the object as a whole, for example a rotation policy. */
  readonly attachments: readonly { readonly name: string; readonly value: unknown }[];
}

export interface BackupSeal {
  readonly storage: Pick<Storage, 'sealBlob' | 'openBlob'>;
  readonly vault: Vault;
  readonly kind: ObjectKind;
}

/** Reads everything of a live object. Throws `notFound` or `backupTooLarge`. */
export async function readBackup<Listed, Content>(
  store: ObjectStore<Listed, Content>,
  view: View,
  name: string,
): Promise<Backup<Listed, Content>> {
  const { collection, errors } = store.kind;
  for (;;) {
    const head = await store.requireLive(view, name);
    const prefix = versionPrefix(collection, head.uid);
    const limit = VERSIONS_MAX + 1;
    const entries = await view.scan<Version<Listed, Content>>({ prefix, limit });
    if (entries.length > VERSIONS_MAX) {
      throw new ApiError(errors.backupTooLarge, { max: String(VERSIONS_MAX) });
    }
    const attachments = await readAttachments(view, objectPrefix(collection, head.uid));
    const after = await store.findLive(view, name);
    // A version added in between would be in the blob without being its latest: read again.
    if (after?.current.version !== head.current.version) continue;
    return {
      name: head.name,
      currentVersion: head.current.version,
      versions: entries.map((entry) => entry.value),
      attachments,
    };
  }
}

async function readAttachments(view: View, prefix: string) {
  const entries = await view.scan({ prefix, limit: ATTACHMENTS_MAX });
  return entries.map(({ path, value }) => ({ name: path.slice(prefix.length), value }));
}

export interface RestoreParts<Listed, Content> {
  readonly backup: Backup<Listed, Content>;
  /** The object's id, for the refusal. */
  readonly id: string;
  readonly managed?: true;
}

/** Brings an object back with its versions. Throws `restoreConflict` or `deletedButRecoverable`. */
export async function restore<Listed, Content>(
  store: ObjectStore<Listed, Content>,
  transaction: Transaction,
  input: RestoreParts<Listed, Content>,
): Promise<Found<Listed, Content>> {
  const { backup, id, managed } = input;
  const { collection, errors } = store.kind;
  if ((await store.findLive(transaction, backup.name)) !== undefined) {
    throw new ApiError(errors.restoreConflict, { id });
  }
  await store.requireNameFree(transaction, backup.name);
  const current = backup.versions.find(
    (version) => version.header.version === backup.currentVersion,
  );
  if (current === undefined) throw new ApiError(errors.backupCorrupt);
  const head: Head<Listed> = {
    uid: newGuid(),
    name: backup.name,
    ...(managed && { managed }),
    current: current.header,
  };
  const versions = versionPrefix(collection, head.uid);
  for (const version of backup.versions) {
    transaction.put(versions + version.header.version, version);
  }
  for (const attachment of backup.attachments) {
    transaction.put(objectPrefix(collection, head.uid) + attachment.name, attachment.value);
  }
  // Last: what falls due depends on what came back with the object.
  return { head: await store.putHead(transaction, head), version: current };
}

/** → base64url, as it goes over the wire. */
export function sealBackup(seal: BackupSeal, backup: Backup<unknown, unknown>): string {
  const label = Buffer.from(labelOf(seal.kind));
  const plaintext = Buffer.from(JSON.stringify(backup));
  const sealed = seal.storage.sealBlob(contextOf(seal), plaintext);
  return encodeBase64Url(Buffer.concat([Buffer.of(label.length), label, sealed]));
}

/** Throws `backupCorrupt` or `backupUnknown` for whatever was not sealed for this very place. */
export function openBackup<Content extends Backup<unknown, unknown>>(
  seal: BackupSeal,
  text: string,
): Content {
  const { errors } = seal.kind;
  const blob = decodeBase64Url(text);
  const labelLength = blob?.[0];
  if (blob === undefined || labelLength === undefined || blob.length <= labelLength + 1) {
    throw new ApiError(errors.backupCorrupt);
  }
  const label = blob.toString('latin1', 1, labelLength + 1);
  if (label !== labelOf(seal.kind)) throw new ApiError(errors.backupUnknown);
  const plaintext = seal.storage.openBlob(contextOf(seal), blob.subarray(labelLength + 1));
  if (plaintext === undefined) throw new ApiError(errors.backupCorrupt);
  return parseSealed<Content>(Buffer.from(plaintext).toString('utf8'));
}

function labelOf(kind: ObjectKind): string {
  return `StrongroomBackup1.${kind.collection}`;
}

function contextOf({ vault, kind }: BackupSeal): string {
  const place = [vault.tenantId, vault.subscriptionId, geography(vault.location)];
  return ['backup', ...place, kind.collection].map(nameKey).join('/');
}
