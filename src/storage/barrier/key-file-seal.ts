// The root key in a file of its own: one line of base64url, made at the first start, readable by
// its owner only. It never overwrites a file, and never makes one for a store that already has
// records.
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { encodeBase64Url } from '#kernel';
import { parseRootKey } from './environment-seal.ts';
import { checkKeyConfig, newRootKey, rootKeyRefused, type Seal } from './seal.ts';

const OWNER_ONLY = 0o600;
const GROUP_AND_OTHERS = 0o077;
/** More than the line needs: a longer file is not a key file, and is not read to its end. */
const FILE_BYTES_MAX = 256;

export function keyFileSeal(path: string): Seal {
  return {
    async create() {
      const rootKey = (await load(path)) ?? (await make(path));
      return { rootKey, config: { kind: 'key' } };
    },
    async rootKey(config) {
      checkKeyConfig(config);
      const rootKey = await load(path);
      if (rootKey !== undefined) return rootKey;
      throw rootKeyRefused(`The key file ${path} of this store does not exist.`);
    },
  };
}

/** `undefined` if there is no such file. */
async function load(path: string): Promise<Uint8Array | undefined> {
  const file = await openFile(path, constants.O_RDONLY);
  if (file === 'absent') return undefined;
  try {
    return await readKey(file, path);
  } finally {
    await file.close();
  }
}

async function readKey(file: FileHandle, path: string): Promise<Uint8Array> {
  // Asked of the open file, so that it cannot be exchanged between the look and the reading.
  const status = await file.stat();
  if (!status.isFile()) throw rootKeyRefused(`The key file ${path} is not a file.`);
  // Windows has no such bits; Node makes them up there.
  if (process.platform !== 'win32' && (status.mode & GROUP_AND_OTHERS) !== 0) {
    throw rootKeyRefused(`The key file ${path} can be read by others; run chmod 600 on it.`);
  }
  const buffer = Buffer.alloc(FILE_BYTES_MAX);
  const { bytesRead } = await file.read(buffer, 0, FILE_BYTES_MAX, 0);
  const text = buffer.toString('latin1', 0, bytesRead);
  buffer.fill(0);
  return parseRootKey(text.replace(/\r?\n$/, ''), `The content of the key file ${path}`);
}

async function make(path: string): Promise<Uint8Array> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await openFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
  if (file === 'absent') throw rootKeyRefused(`The key file ${path} cannot be made.`);
  const rootKey = newRootKey();
  try {
    await file.writeFile(`${encodeBase64Url(rootKey)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncDirectory(dirname(path));
  return rootKey;
}

/** Without this a power cut may keep the store and lose the name of its key. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function openFile(path: string, flags: number): Promise<FileHandle | 'absent'> {
  try {
    return await open(path, flags, OWNER_ONLY);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return 'absent';
    throw rootKeyRefused(`The key file ${path} cannot be opened.`, cause);
  }
}
