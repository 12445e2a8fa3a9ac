// Rotation policies read and set. Setting one changes what falls due for the key, not its version.
import type { Reader } from '#storage';
import type { Session } from '../object/life.ts';
import { guardManaged } from '../object/object-store.ts';
import { keyKind } from './key.ts';
import { keyObjects } from './key-objects.ts';
import {
  type GivenRotationPolicy,
  parseRotationPolicy,
  type RotationPolicy,
} from './rotation-policy.ts';
import { loadRotationPolicy, policyPath } from './rotation-record.ts';

/** A policy with the name of its key in the letters it was made with. */
export interface FoundPolicy {
  readonly name: string;
  readonly policy: RotationPolicy | undefined;
}

/** Throws KeyNotFound. */
export async function getRotationPolicy(reader: Reader, name: string): Promise<FoundPolicy> {
  const head = await keyObjects.requireLive(reader, name);
  return { name: head.name, policy: await loadRotationPolicy(reader, head.uid) };
}

export function putRotationPolicy(
  { view, nowSeconds }: Session,
  name: string,
  given: GivenRotationPolicy,
): Promise<FoundPolicy> {
  return view.transact(async (transaction) => {
    const head = await keyObjects.requireLive(transaction, name);
    guardManaged(keyKind, head, 'setrotationpolicy');
    const before = await loadRotationPolicy(transaction, head.uid);
    const created = before?.created ?? nowSeconds;
    const policy = parseRotationPolicy(given, { created, updated: nowSeconds });
    transaction.put(policyPath(head.uid), policy);
    await keyObjects.putHead(transaction, head, head);
    return { name: head.name, policy };
  });
}
