// Secrets in a vault's records: what each operation reads and writes. Secrets that belong to a
// certificate can be read here and nothing else.

import type { Vault } from '#resources';
import type { Storage, View } from '#storage';
import { settableAttributes } from '../object/attributes.ts';
import { openBackup, readBackup, restore, sealBackup } from '../object/backup.ts';
import { changeHeader, guardManaged, ObjectStore, type Slice } from '../object/object-store.ts';
import { eraseData } from '../object/purge.ts';
import type { VersionHeader } from '../object/records.ts';
import {
  type FoundSecret,
  requireEnabled,
  type SecretContent,
  type SecretListed,
  secretKind,
} from './secret.ts';
import type { SecretProperties, SecretSetParameters } from './wire.ts';

export const secretObjects = new ObjectStore<SecretListed, SecretContent>(secretKind);

/** A call's access to the vault's records, and when it came. */
export interface Session {
  readonly view: View;
  readonly vault: Vault;
  readonly nowSeconds: number;
}

export async function getSecret(view: View, name: string, version: string): Promise<FoundSecret> {
  const found = await secretObjects.load(view, name, version);
  requireEnabled(found, 'get');
  return found;
}

export function setSecret(
  session: Session,
  name: string,
  given: SecretSetParameters,
): Promise<FoundSecret> {
  const attributes = settableAttributes(given.attributes);
  return session.view.transact(async (transaction) => {
    const found = await secretObjects.add(transaction, {
      name,
      attributes: withDefaults(attributes),
      tags: given.tags ?? undefined,
      listed: listed(given.contentType),
      content: { value: given.value },
      nowSeconds: session.nowSeconds,
    });
    guardManaged(secretKind, found.head, 'set');
    return found;
  });
}

export function updateSecret(
  session: Session,
  id: { readonly name: string; readonly version: string },
  given: SecretProperties,
): Promise<FoundSecret> {
  const change = { ...settableAttributes(given.attributes), tags: given.tags ?? undefined };
  return session.view.transact(async (transaction) => {
    const found = await secretObjects.load(transaction, id.name, id.version);
    guardManaged(secretKind, found.head, 'update');
    const changed = changeHeader(found.version.header, change, session.nowSeconds);
    const header: VersionHeader<SecretListed> = {
      ...changed,
      listed: given.contentType == null ? changed.listed : listed(given.contentType),
    };
    return secretObjects.replace(transaction, found, { ...found.version, header });
  });
}

export function deleteSecret(session: Session, name: string): Promise<FoundSecret> {
  const { nowSeconds, vault } = session;
  return session.view.transact(async (transaction) => {
    const found = await secretObjects.remove(transaction, name, {
      nowSeconds,
      retentionDays: vault.softDeleteRetentionDays,
    });
    guardManaged(secretKind, found.head, 'delete');
    return found;
  });
}

/** Refuses a disabled secret, as the recorded service does for deleted ones too. */
export async function getDeletedSecret(view: View, name: string): Promise<FoundSecret> {
  const found = await secretObjects.loadDeleted(view, name);
  requireEnabled(found, 'get');
  return found;
}

export function recoverSecret(view: View, name: string): Promise<FoundSecret> {
  return view.transact(async (transaction) => {
    const found = await secretObjects.recover(transaction, name);
    guardManaged(secretKind, found.head, 'recover');
    return found;
  });
}

export async function purgeSecret(view: View, name: string): Promise<void> {
  const mark = await view.transact(async (transaction) => {
    const deleted = await secretObjects.findDeleted(transaction, name);
    if (deleted) guardManaged(secretKind, deleted, 'purge');
    return secretObjects.purge(transaction, name);
  });
  await eraseData(view, mark);
}

export function listSecrets(view: View, state: 'live' | 'deleted', slice: Slice) {
  return secretObjects.list(view, state, slice);
}

export function listSecretVersions(view: View, name: string, slice: Slice) {
  return secretObjects.listVersions(view, name, slice);
}

export interface BackupSession {
  readonly view: View;
  readonly vault: Vault;
  readonly storage: Pick<Storage, 'sealBlob' | 'openBlob'>;
}

export async function backupSecret(session: BackupSession, name: string): Promise<string> {
  const head = await secretObjects.requireLive(session.view, name);
  guardManaged(secretKind, head, 'backup');
  const backup = await readBackup(secretObjects, session.view, name);
  return sealBackup({ ...session, kind: secretKind }, backup);
}

export function restoreSecret(
  session: BackupSession,
  blob: string,
  idOf: (name: string) => string,
): Promise<FoundSecret> {
  const seal = { ...session, kind: secretKind };
  const backup = openBackup<SecretListed, SecretContent>(seal, blob);
  return session.view.transact((transaction) =>
    restore(secretObjects, transaction, { backup, id: idOf(backup.name) }),
  );
}

function listed(contentType: string | null | undefined): SecretListed {
  return contentType == null ? {} : { contentType };
}

function withDefaults(attributes: ReturnType<typeof settableAttributes>) {
  const { enabled = true, nbf, exp } = attributes;
  return { enabled, ...(nbf !== undefined && { nbf }), ...(exp !== undefined && { exp }) };
}
