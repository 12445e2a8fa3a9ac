// Where the bytes of the log go. The port is four verbs wide so that a test can be a disk that
// fails; the only real one appends to a file through one descriptor.
import { writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface Sink {
  /** All bytes, at the end. If it rejects, any part of them may have been written. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves once what was written is on the medium. */
  sync(): Promise<void>;
  /** Cuts off what lies beyond `lengthBytes`. */
  truncate(lengthBytes: number): Promise<void>;
  close(): Promise<void>;
}

/** `isNew`: there must be no such file, or an empty one that a crash left. */
export type OpenSink = (path: string, isNew: boolean) => Promise<Sink>;

/** Appends to `path`; what it makes is 0600. */
export const openFileSink: OpenSink = async (path, isNew) => {
  const handle = await open(path, 'a', 0o600);
  try {
    if (isNew) await startFile(handle, path);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    write: (bytes) => writeAll(handle, bytes),
    sync: () => handle.datasync(),
    truncate: (lengthBytes) => handle.truncate(lengthBytes),
    close: () => handle.close(),
  };
};

async function startFile(handle: FileHandle, path: string): Promise<void> {
  const { size } = await handle.stat();
  if (size > 0) throw new Error(`${path} should be empty`);
  // A file survives a power failure only if its name does.
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/**
 * On this thread: every answer waits for its line, the kernel takes a few kilobytes sooner than the
 * thread pool would wake up, and there they would queue behind signatures.
 */
async function writeAll({ fd }: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done);
}
