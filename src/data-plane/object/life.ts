// What happens to an object whatever it holds: delete, recover, purge, backup, restore. One commit
// each, but for the erasing that follows a purge. Objects that belong to a certificate are refused.
import type { Vault } from '#resources';
import type { Storage, View } from '#storage';
import { type Backup, openBackup, readBackup, restore, sealBackup } from './backup.ts';
import { type Found, guardManaged, type ObjectStore } from './object-store.ts';
import { eraseData } from './purge.ts';

/** A call's access to the vault's records, and when it came. */
export interface Session {
  readonly view: View;
  readonly vault: Vault;
  readonly nowSeconds: number;
  readonly storage: Pick<Storage, 'sealBlob' | 'openBlob'>;
}

/** The same five for every kind; certificates take their key and secret along. */
export interface ObjectLife<Listed, Content> {
  delete(session: Session, name: string): Promise<Found<Listed, Content>>;
  recover(session: Session, name: string): Promise<Found<Listed, Content>>;
  purge(session: Session, name: string): Promise<void>;
  backup(session: Session, name: string): Promise<string>;
  restore(session: Session, input: RestoreInput): Promise<Found<Listed, Content>>;
}

/** The life of an object that stands for itself. */
export function objectLife<Listed, Content>(
  store: ObjectStore<Listed, Content>,
): ObjectLife<Listed, Content> {
  return {
    delete: (session, name) => deleteObject(store, session, name),
    recover: (session, name) => recoverObject(store, session, name),
    purge: (session, name) => purgeObject(store, session, name),
    backup: (session, name) => backupObject(store, session, name),
    restore: (session, input) => restoreObject(store, session, input),
  };
}

function deleteObject<Listed, Content>(
  store: ObjectStore<Listed, Content>,
  { view, vault, nowSeconds }: Session,
  name: string,
): Promise<Found<Listed, Content>> {
  const retention = { nowSeconds, retentionDays: vault.softDeleteRetentionDays };
  return view.transact(async (transaction) => {
    const found = await store.remove(transaction, name, retention);
    guardManaged(store.kind, found.head, 'delete');
    return found;
  });
}

function recoverObject<Listed, Content>(
  store: ObjectStore<Listed, Content>,
  { view }: Session,
  name: string,
): Promise<Found<Listed, Content>> {
  return view.transact(async (transaction) => {
    const found = await store.recover(transaction, name);
    guardManaged(store.kind, found.head, 'recover');
    return found;
  });
}

async function purgeObject<Listed, Content>(
  store: ObjectStore<Listed, Content>,
  { view }: Session,
  name: string,
): Promise<void> {
  const mark = await view.transact(async (transaction) => {
    const deleted = await store.findDeleted(transaction, name);
    if (deleted) guardManaged(store.kind, deleted, 'purge');
    return store.purge(transaction, name);
  });
  await eraseData(view, mark);
}

/** → backup blob, base64url. */
async function backupObject<Listed, Content>(
  store: ObjectStore<Listed, Content>,
  session: Session,
  name: string,
): Promise<string> {
  const head = await store.requireLive(session.view, name);
  guardManaged(store.kind, head, 'backup');
  const backup = await readBackup(store, session.view, name);
  return sealBackup({ ...session, kind: store.kind }, backup);
}

export interface RestoreInput {
  /** Backup blob, base64url. */
  readonly blob: string;
  /** An object's id by its name, for the refusal. */
  readonly idOf: (name: string) => string;
}

function restoreObject<Listed, Content>(
  store: ObjectStore<Listed, Content>,
  session: Session,
  { blob, idOf }: RestoreInput,
): Promise<Found<Listed, Content>> {
  const seal = { ...session, kind: store.kind };
  const backup = openBackup<Backup<Listed, Content>>(seal, blob);
  return session.view.transact((transaction) =>
    restore(store, transaction, { backup, id: idOf(backup.name) }),
  );
}
