// The bytes of the keyring record: a format byte, the seal's configuration, and the keyring sealed
// under the root key with all bytes before it as associated data. Layout:
// docs/internals/storage-format.md.
import { StorageDamaged, StorageError } from '../storage-error.ts';
import { parseSealConfig, type SealConfig } from './seal.ts';

const FORMAT = 0x01;
/** Format byte and 32-bit length of the configuration. */
const FIXED_BYTES = 5;
/** More than any configuration needs; keeps a damaged length from being believed. */
const CONFIG_BYTES_MAX = 4096;
const TAG = Buffer.from('strongroom/keyring/1\n', 'ascii');

export interface KeyringRecord {
  readonly config: SealConfig;
  readonly sealed: Uint8Array;
  readonly associated: Uint8Array;
}

/** `seal` is given the associated data and answers the sealed keyring. */
export function renderKeyringRecord(
  config: SealConfig,
  seal: (associated: Uint8Array) => Uint8Array,
): Uint8Array {
  const configBytes = Buffer.from(JSON.stringify(config), 'utf8');
  const front = Buffer.alloc(FIXED_BYTES);
  front[0] = FORMAT;
  front.writeUInt32BE(configBytes.byteLength, 1);
  const sealed = seal(Buffer.concat([TAG, front, configBytes]));
  return Buffer.concat([front, configBytes, sealed]);
}

/** Throws StorageDamaged, or StorageError `newer_format` for a format byte of a later release. */
export function parseKeyringRecord(bytes: Uint8Array): KeyringRecord {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.byteLength < FIXED_BYTES) throw new StorageDamaged('The keyring is cut short.');
  if (buffer.readUInt8(0) !== FORMAT) {
    throw new StorageError(
      'newer_format',
      'The keyring has a format that this release cannot read.',
    );
  }
  const end = FIXED_BYTES + buffer.readUInt32BE(1);
  if (end > FIXED_BYTES + CONFIG_BYTES_MAX || end > buffer.byteLength) {
    throw new StorageDamaged('The keyring is cut short.');
  }
  const config = parseSealConfig(buffer.toString('utf8', FIXED_BYTES, end));
  return {
    config,
    sealed: buffer.subarray(end),
    associated: Buffer.concat([TAG, buffer.subarray(0, end)]),
  };
}
