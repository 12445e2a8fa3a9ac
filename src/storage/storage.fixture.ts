// What the tests of storage share: seals, grants, and a backend that can be looked at from behind.
import assert from 'node:assert/strict';
import { encodeBase64Url, issueGrant, ManualClock } from '#kernel';
import { environmentSeal } from './barrier/environment-seal.ts';
import { openStorage, type SealedStorage } from './barrier/open-storage.ts';
import type { Seal } from './barrier/seal.ts';
import { memoryPhysical } from './physical/memory.ts';
import type { Physical } from './physical/physical.ts';
import type { Storage, View } from './view.ts';

export const PARTITION = 'vault/7d3c/';

/** Always the same key for the same number. */
export function testSeal(number = 1): Seal {
  return environmentSeal(encodeBase64Url(new Uint8Array(32).fill(number)));
}

export function viewOf(storage: Storage, partition = PARTITION): View {
  const by = 'system' as const;
  return storage.view(
    issueGrant({ principal: undefined, action: 'test', scope: '/', partition, by }),
  );
}

export async function put(view: View, path: string, value: unknown): Promise<void> {
  await view.transact(async (transaction) => transaction.put(path, value));
}

/** A store over a backend that the test keeps hold of, as its attacker does. */
export async function openOver(
  physical: Physical = memoryPhysical(),
  options: { readonly seal?: Seal; readonly cacheBytesMax?: number } = {},
): Promise<{ storage: SealedStorage; view: View; physical: Physical }> {
  const { seal = testSeal(), ...rest } = options;
  const storage = await openStorage({
    physical,
    keyring: seal,
    clock: new ManualClock(),
    ...rest,
  });
  return { storage, view: viewOf(storage), physical };
}

/** Opens a second store over the same bytes; closing either leaves the bytes. */
export function shared(physical: Physical): Physical {
  return {
    get: (key) => physical.get(key),
    scan: (range) => physical.scan(range),
    commit: (commit) => physical.commit(commit),
    changesSince: (sequence) => physical.changesSince(sequence),
    subscribe: (listener) => physical.subscribe(listener),
    close: async () => undefined,
  };
}

export async function bytesAt(physical: Physical, key: string): Promise<Uint8Array> {
  const row = await physical.get(key);
  assert.ok(row !== undefined, `${key} is stored`);
  return row.value;
}

/** Writes to the backend as someone would who has the database but no key. */
export async function overwrite(
  physical: Physical,
  key: string,
  value: Uint8Array | undefined,
): Promise<void> {
  await physical.commit({
    expectations: new Map(),
    puts: new Map(value === undefined ? [] : [[key, value]]),
    deletes: new Set(value === undefined ? [key] : []),
  });
}
