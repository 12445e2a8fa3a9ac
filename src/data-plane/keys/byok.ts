// Keys brought from elsewhere without being seen on the way: wrapped under a key of this vault that
// was made for that alone (key_ops `import`). Whatever is wrong with a blob is one and the same
// answer.
import { KeyError, type KeyMaterial, unwrapTransfer } from '#cryptography';
import { keyErrors } from '#errors';
import { ApiError } from '#kernel';
import { baseType, type FoundKey, type KeyType, requireUsable } from './key.ts';
import { keyObjects } from './key-objects.ts';
import type { KeySession } from './key-store.ts';
import { parseTransferBlob } from './transfer-blob.ts';

const KEY_ID = /^https:\/\/([^/]+)\/keys\/([0-9a-zA-Z-]{1,127})(?:\/([0-9a-f]{32}))?$/i;

export interface BroughtKey {
  readonly kty: Exclude<KeyType, 'AKP'>;
  /** `key_hsm`: base64url of a transfer blob. */
  readonly blob: string;
  /** `{vault}.vault.D[:port]`, where the key exchange key must be. */
  readonly host: string;
}

export async function openBroughtKey(
  session: KeySession,
  { kty, blob, host }: BroughtKey,
): Promise<KeyMaterial> {
  const transfer = parseTransferBlob(blob);
  const [, at, name = '', version = ''] = KEY_ID.exec(transfer?.kid ?? '') ?? [];
  if (transfer === undefined || at?.toLowerCase() !== host) throw refused('not a blob for here');
  const exchange = await findExchangeKey(session, { name, version });
  try {
    const receiver = await session.providers.open(exchange.version.content);
    return await unwrapTransfer(receiver, { kty: baseType(kty), ciphertext: transfer.ciphertext });
  } catch (cause) {
    throw cause instanceof KeyError ? refused(cause.code) : cause;
  }
}

/** Throws as `requireUsable`: an exchange key has its two days. */
async function findExchangeKey(
  { view, nowSeconds }: KeySession,
  id: { readonly name: string; readonly version: string },
): Promise<FoundKey> {
  const found = await keyObjects.load(view, id.name, id.version);
  requireUsable(found, 'import', nowSeconds);
  return found;
}

function refused(reason: string): ApiError {
  return new ApiError(keyErrors.transferInvalid, {}, { reason });
}
