// The root's private key: taken out of the instance, and brought back when it has to sign. What it
// signed goes on being served without it.
import {
  exportPkcs8,
  exportSpki,
  importPkcs8,
  type KeyMaterial,
  readCertificate,
} from '#cryptography';
import type { View } from '#storage';
import { type AuthorityContext, loadAuthority, openKey, ROOT, sealable } from './authorities.ts';
import { AuthorityError } from './authority-error.ts';
import { type AuthorityRecord, paths } from './records.ts';
import { currentRevocationList, responderOf } from './revocation-status.ts';

/** PKCS#8, PEM. AuthorityError `missing`, `rootOffline`. */
export async function exportRootKey(view: View): Promise<string> {
  const der = exportPkcs8(openKey(await loadAuthority(view, ROOT)));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  der.fill(0);
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

/** From now on new intermediates, and the root's next list, need the key to be brought back. */
export async function removeRootKey(
  view: View,
  context: AuthorityContext,
): Promise<AuthorityRecord> {
  // What it has to say of intermediates it says before it goes.
  await currentRevocationList(view, ROOT, context);
  await responderOf(view, await loadAuthority(view, ROOT), context);
  return await view.transact(async (transaction) => {
    const { key: _gone, ...rest } = await loadAuthority(transaction, ROOT);
    transaction.put<AuthorityRecord>(paths.authority(ROOT), rest);
    return rest;
  });
}

/** AuthorityError `missing`, `keyMismatch`. */
export async function importRootKey(view: View, pem: string): Promise<AuthorityRecord> {
  const key = await parseKey(pem);
  return await view.transact(async (transaction) => {
    const root = await loadAuthority(transaction, ROOT);
    const { spki } = await readCertificate(Buffer.from(root.certificate, 'base64'));
    if (!exportSpki(key).equals(spki)) throw new AuthorityError('keyMismatch');
    const whole: AuthorityRecord = { ...root, key: sealable(key) };
    transaction.put(paths.authority(ROOT), whole);
    return whole;
  });
}

async function parseKey(pem: string): Promise<KeyMaterial> {
  const base64 =
    /^-----BEGIN PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END PRIVATE KEY-----\s*$/.exec(
      pem.trim(),
    )?.[1];
  try {
    return await importPkcs8(Buffer.from(base64 ?? '', 'base64'));
  } catch (cause) {
    throw new AuthorityError('keyMismatch', undefined, { cause });
  }
}
