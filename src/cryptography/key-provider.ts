// Who makes and holds private keys. What a provider gives is a KeyMaterial, and everything that is
// done with one (sign, decrypt, …) goes through the functions of this folder, whoever holds it. The
// record of a key keeps the bytes that `save` gives: a serialized key here, elsewhere a blob that
// only the token can open. So a provider keeps nothing itself, and a key whose record is erased is
// destroyed.
import { generateKey, type KeySpec } from './generate-key.ts';
import { importJwk, type PrivateJwk } from './import-key.ts';
import { deserializeKey, type KeyMaterial, serializeKey } from './key-material.ts';

export interface KeyProvider {
  /** Stands in the records of keys that it holds; never to be changed or used twice. */
  readonly name: string;
  /** `attributes.hsmPlatform`: `0` software, `1` FIPS 140-2 level 2, `2` FIPS 140-3 level 3. */
  readonly hsmPlatform: string;
  /** KeyError for a type or size it does not have. */
  make(spec: KeySpec): Promise<KeyMaterial>;
  /** KeyError as `importJwk`, and for a type or size it does not have. */
  import(jwk: PrivateJwk): Promise<KeyMaterial>;
  /** What the key's record keeps. Secret; the caller seals and wipes it. */
  save(material: KeyMaterial): Buffer;
  /** The inverse of `save`, for bytes that our own seal has authenticated. */
  open(saved: Uint8Array): Promise<KeyMaterial>;
}

/** Keys in this process's memory and, sealed, in the store. */
export const softwareProvider: KeyProvider = {
  name: 'software',
  hsmPlatform: '0',
  make: generateKey,
  import: importJwk,
  save: serializeKey,
  open: async (saved) => deserializeKey(saved),
};
