// The root key derived from a passphrase with scrypt (RFC 7914), off the serving thread. Salt and
// cost are chosen when the store is made and stay with the keyring, so a later release may choose
// dearer ones without losing old stores.
import { randomBytes, scrypt } from 'node:crypto';
import { decodeBase64Url, encodeBase64Url } from '#kernel';
import { type PassphraseConfig, ROOT_KEY_BYTES, rootKeyRefused, type Seal } from './seal.ts';

/** 128 MiB and about a third of a second; OWASP's first choice for scrypt. */
const COST_LOG2 = 17;
const BLOCK_SIZE = 8;
const SALT_BYTES = 32;

/** Characters; who has the database may try passphrases for as long as he likes. */
const PASSPHRASE_LENGTH_MIN = 12;

export interface PassphraseOptions {
  /** log2 of scrypt's N for a new store, 10 to 20. */
  readonly costLog2?: number;
}

/** Compared after Unicode normalization (NFKC), so that keyboards may differ. */
export function passphraseSeal(passphrase: string, options: PassphraseOptions = {}): Seal {
  const normalized = passphrase.normalize('NFKC');
  return {
    async create() {
      if (normalized.length < PASSPHRASE_LENGTH_MIN) {
        throw rootKeyRefused(`A passphrase needs at least ${PASSPHRASE_LENGTH_MIN} characters.`);
      }
      const config: PassphraseConfig = {
        kind: 'passphrase',
        derivation: 'scrypt',
        costLog2: options.costLog2 ?? COST_LOG2,
        blockSize: BLOCK_SIZE,
        parallelization: 1,
        salt: encodeBase64Url(randomBytes(SALT_BYTES)),
      };
      return { rootKey: await derive(normalized, config), config };
    },
    async rootKey(config) {
      if (config.kind === 'passphrase') return derive(normalized, config);
      throw rootKeyRefused('This store is sealed with a key, but a passphrase was given.');
    },
  };
}

function derive(passphrase: string, config: PassphraseConfig): Promise<Uint8Array> {
  const salt = decodeBase64Url(config.salt);
  if (salt === undefined) throw rootKeyRefused('The salt of this store cannot be read.');
  const cost = 2 ** config.costLog2;
  const { blockSize, parallelization } = config;
  // scrypt needs 128 · N · r bytes, and a little for each lane.
  const maxmem = 128 * blockSize * (cost + parallelization + 2);
  return new Promise((resolve, reject) => {
    const settings = { N: cost, r: blockSize, p: parallelization, maxmem };
    scrypt(passphrase, salt, ROOT_KEY_BYTES, settings, (error, key) => {
      if (error === null) resolve(key);
      else reject(rootKeyRefused('The passphrase could not be turned into a key.', error));
    });
  });
}
