// An intermediate that must be trusted no more, for example because its key was seen elsewhere: the
// root says so, and another one issues from then on, or nothing happens at all.
import type { RevocationReason } from '#cryptography';
import type { View } from '#storage';
import {
  type AuthorityContext,
  loadAuthority,
  loadSettings,
  openKey,
  putNextIntermediate,
  ROOT,
} from './authorities.ts';
import { AuthorityError } from './authority-error.ts';
import {
  type AuthorityRecord,
  paths,
  type Revocation,
  type RevocationListRecord,
  type RevokedEntry,
} from './records.ts';
import { currentRevocationList } from './revocation-status.ts';

export interface IntermediateRevocation {
  readonly name: string;
  readonly reason: RevocationReason;
}

/**
 * Final; the first revocation and its reason stand. All that the intermediate issued counts no more
 * either. AuthorityError `missing`, `notFound` (the root too: nobody stands above it),
 * `rootOffline`.
 */
export async function revokeIntermediate(
  view: View,
  { name, reason }: IntermediateRevocation,
  context: AuthorityContext,
): Promise<AuthorityRecord> {
  const revoked = await view.transact(async (transaction) => {
    const authority = await loadAuthority(transaction, name);
    if (authority.kind === 'root') throw new AuthorityError('notFound');
    if (authority.revocation !== undefined) return authority;
    // Without it no list could say so.
    openKey(await loadAuthority(transaction, ROOT));
    const { active } = await loadSettings(transaction);
    if (active === name) await putNextIntermediate(transaction, context);
    const revocation: Revocation = { revokedAtMs: context.clock.now(), reason };
    const record: AuthorityRecord = { ...authority, revocation };
    const { serialNumber, notAfterMs } = authority;
    transaction.put(paths.authority(name), record);
    transaction.put<RevokedEntry>(paths.revokedOne(ROOT, serialNumber), {
      ...revocation,
      notAfterMs,
    });
    const list = await transaction.get<RevocationListRecord>(paths.revocationList(ROOT));
    if (list !== undefined) {
      transaction.put(paths.revocationList(ROOT), { ...list, isStale: true });
    }
    return record;
  });
  await currentRevocationList(view, ROOT, context);
  return revoked;
}
