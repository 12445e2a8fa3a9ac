// Delete, recover, purge, backup and restore of certificates: key and secret go along in the same
// commit. What is still to be issued is not part of a backup.
import { certificateErrors } from '#errors';
import { ApiError } from '#kernel';
import type { Transaction } from '#storage';
import type { KeyContent, KeyListed } from '../keys/key.ts';
import { keyObjects } from '../keys/key-objects.ts';
import { type Backup, openBackup, readBackup, restore, sealBackup } from '../object/backup.ts';
import type { ObjectLife, Session } from '../object/life.ts';
import { eraseData } from '../object/purge.ts';
import type { PurgeMark } from '../object/records.ts';
import type { SecretContent, SecretListed } from '../secrets/secret.ts';
import { secretObjects } from '../secrets/secret-store.ts';
import { type CertificateContent, type CertificateListed, certificateKind } from './certificate.ts';
import { certificateObjects } from './certificate-objects.ts';

interface CertificateBackup extends Backup<CertificateListed, CertificateContent> {
  /** Absent: nothing was ever issued. */
  readonly key?: Backup<KeyListed, KeyContent>;
  readonly secret?: Backup<SecretListed, SecretContent>;
}

const TRIES_MAX = 20;

/** Attachments that a backup takes along. */
const LASTING: ReadonlySet<string> = new Set(['policy']);

/** `forgetKey` is told which key went with a certificate, for what is held of it in memory. */
export function certificateLife(
  forgetKey: (uid: string) => void,
): ObjectLife<CertificateListed, CertificateContent> {
  return {
    ...others,
    async delete({ view, vault, nowSeconds }, name) {
      const retention = { nowSeconds, retentionDays: vault.softDeleteRetentionDays };
      const { found, key } = await view.transact(async (transaction) => {
        const found = await certificateObjects.remove(transaction, name, retention);
        const key = await keyObjects.findLive(transaction, name);
        await withPartners(async (store) => {
          if ((await store.findLive(transaction, name))?.managed) {
            await store.remove(transaction, name, retention);
          }
        });
        return { found, key };
      });
      if (key?.managed) forgetKey(key.uid);
      return found;
    },
  };
}

const others: Omit<ObjectLife<CertificateListed, CertificateContent>, 'delete'> = {
  recover({ view }, name) {
    return view.transact(async (transaction) => {
      const found = await certificateObjects.recover(transaction, name);
      await withPartners(async (store) => {
        if ((await store.findDeleted(transaction, name))?.managed) {
          await store.recover(transaction, name);
        }
      });
      return found;
    });
  },

  async purge({ view }, name) {
    const marks = await view.transact(async (transaction) => {
      const own = await certificateObjects.purge(transaction, name);
      return [own, ...(await purgePartners(transaction, name))];
    });
    for (const mark of marks) await eraseData(view, mark);
  },

  async backup(session, name) {
    const backup = await readCertificateBackup(session, name);
    return sealBackup({ ...session, kind: certificateKind }, backup);
  },

  restore(session, { blob, idOf }) {
    const backup = openBackup<CertificateBackup>({ ...session, kind: certificateKind }, blob);
    const id = idOf(backup.name);
    return session.view.transact(async (transaction) => {
      await withPartners(async (store) => {
        if (await store.findLive(transaction, backup.name)) {
          throw new ApiError(certificateErrors.restoreConflict, { id });
        }
      });
      const found = await restore(certificateObjects, transaction, { backup, id });
      const { key, secret } = backup;
      if (key) await restore(keyObjects, transaction, { backup: key, id, managed: true });
      if (secret) await restore(secretObjects, transaction, { backup: secret, id, managed: true });
      return found;
    });
  },
};

/** One after the other: both are of one transaction. */
async function withPartners(
  work: (store: typeof keyObjects | typeof secretObjects) => Promise<void>,
): Promise<void> {
  await work(keyObjects);
  await work(secretObjects);
}

async function purgePartners(transaction: Transaction, name: string): Promise<PurgeMark[]> {
  const marks: PurgeMark[] = [];
  await withPartners(async (store) => {
    if ((await store.findDeleted(transaction, name))?.managed) {
      marks.push(await store.purge(transaction, name));
    }
  });
  return marks;
}

async function readCertificateBackup({ view }: Session, name: string): Promise<CertificateBackup> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const own = await readBackup(certificateObjects, view, name);
    const attachments = own.attachments.filter((each) => LASTING.has(each.name));
    const isIssued = own.versions.some(({ content }) => content.cer !== undefined);
    if (!isIssued) return { ...own, attachments };
    const key = await readBackup(keyObjects, view, name);
    const secret = await readBackup(secretObjects, view, name);
    // A version that was added in between would be in one and not in the other: read again.
    if (key.currentVersion !== own.currentVersion) continue;
    if (secret.currentVersion !== own.currentVersion) continue;
    return { ...own, attachments, key, secret };
  }
  throw new Error('the certificate changed all the time while it was read');
}
