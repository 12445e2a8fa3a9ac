// The JSON in which a wrapped key travels (`key_hsm` of a JSON Web Key): Microsoft's BYOK
// specification 1.0.0, which secure key release uses in the other direction.
import type { TransferHash } from '#cryptography';
import { decodeBase64Url, encodeBase64Url, parseJson, z } from '#kernel';

export const TRANSFER_ALGORITHMS = {
  CKM_RSA_AES_KEY_WRAP: 'sha1',
  RSA_AES_KEY_WRAP_256: 'sha256',
  RSA_AES_KEY_WRAP_384: 'sha384',
} as const satisfies Record<string, TransferHash>;

export type TransferAlgorithm = keyof typeof TRANSFER_ALGORITHMS;

export interface TransferBlob {
  /** Of the key that the content is wrapped under. */
  readonly kid: string;
  readonly ciphertext: Buffer;
}

const CHARACTERS_MAX = 16_384;

const blobSchema = z.object({
  schema_version: z.string().regex(/^1\.0(\.0)?$/),
  header: z.object({
    kid: z.string().min(1).max(1024),
    alg: z.literal('dir'),
    enc: z.literal('CKM_RSA_AES_KEY_WRAP'),
  }),
  ciphertext: z.string().min(1),
});

/** base64 of the JSON → its parts; `undefined` if it is anything else. */
export function parseTransferBlob(text: string): TransferBlob | undefined {
  const json = text.length > CHARACTERS_MAX ? undefined : decodeEitherBase64(text);
  if (json === undefined) return undefined;
  try {
    const { header, ciphertext } = blobSchema.parse(parseJson(json.toString('utf8')));
    const bytes = decodeEitherBase64(ciphertext);
    return bytes && { kid: header.kid, ciphertext: bytes };
  } catch {
    return undefined;
  }
}

/**
 * The specification says base64url of the inner part and "Base64" of the whole, and tools of third
 * parties take it at its word; the SDKs send base64url.
 */
function decodeEitherBase64(text: string): Buffer | undefined {
  return decodeBase64Url(text.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_'));
}

export function renderTransferBlob(blob: TransferBlob, enc: TransferAlgorithm): string {
  const { kid, ciphertext } = blob;
  const json = {
    schema_version: '1.0',
    header: { kid, alg: 'dir', enc },
    ciphertext: encodeBase64Url(ciphertext),
  };
  return encodeBase64Url(Buffer.from(JSON.stringify(json)));
}
