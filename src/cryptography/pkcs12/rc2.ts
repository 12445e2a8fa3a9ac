// RC2 in CBC mode, only to read: certificates in PFX files that older Windows and OpenSSL versions
// exported. OpenSSL 3 has it in a provider that Node does not load. The
// library is loaded when such a file comes.
import { Pkcs12Error } from './pkcs12-error.ts';

export interface Rc2Input {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  /** Effective bits of the key. */
  readonly bits: number;
}

const BLOCK_BYTES = 8;

/** Pkcs12Error `password` if the padding does not come out. */
export async function decryptRc2(data: Uint8Array, { key, iv, bits }: Rc2Input): Promise<Buffer> {
  if (data.length === 0 || data.length % BLOCK_BYTES !== 0) {
    throw new Pkcs12Error('malformed', 'length');
  }
  const { default: forge } = await import('node-forge');
  const cipher = forge.rc2.createDecryptionCipher(toText(key), bits);
  cipher.start(toText(iv));
  cipher.update(forge.util.createBuffer(toText(data)));
  // The padding is checked here, whole: the library looks at its last byte only.
  cipher.finish(() => true);
  const padded = Buffer.from(cipher.output.getBytes(), 'latin1');
  const padding = padded[padded.length - 1] ?? 0;
  const tail = padded.subarray(padded.length - padding);
  if (padding < 1 || padding > BLOCK_BYTES || tail.some((byte) => byte !== padding)) {
    throw new Pkcs12Error('password', 'padding');
  }
  return padded.subarray(0, padded.length - padding);
}

/** The library's strings are bytes. */
function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
