// Where a key's rotation policy is kept, and what falls due because of it. It stands under the
// key's own data: it is purged and backed up with the key.
import type { Reader } from '#storage';
import { type DuePlan, planExpiry } from '../object/due-work.ts';
import { type Head, objectPrefix } from '../object/records.ts';
import type { KeyListed } from './key.ts';
import { addDuration, type RotationPolicy, subtractDuration } from './rotation-policy.ts';

export function policyPath(uid: string): string {
  return `${objectPrefix('keys', uid)}rotationpolicy`;
}

export function loadRotationPolicy(
  reader: Reader,
  uid: string,
): Promise<RotationPolicy | undefined> {
  return reader.get(policyPath(uid));
}

export async function planKeyDue(reader: Reader, head: Head<KeyListed>): Promise<DuePlan> {
  const policy = await loadRotationPolicy(reader, head.uid);
  return policy === undefined ? planExpiry(head) : planByPolicy(head, policy);
}

/**
 * The notice comes when the policy says instead of 30 days before the expiry. A disabled key rests:
 * its new version would be an enabled one.
 */
export function planByPolicy(
  head: Pick<Head<KeyListed>, 'current'>,
  policy: Pick<RotationPolicy, 'lifetimeActions'>,
): DuePlan {
  const { created, exp, enabled } = head.current.attributes;
  const notice = actionOf(policy, 'Notify')?.timeBeforeExpiry;
  const { timeAfterCreate, timeBeforeExpiry } = actionOf(policy, 'Rotate') ?? {};
  const rotate =
    timeAfterCreate === undefined
      ? before(exp, timeBeforeExpiry)
      : addDuration(created, timeAfterCreate);
  const nearExpiry = before(exp, notice);
  return {
    ...planExpiry(head),
    ...(nearExpiry !== undefined && { nearExpiry }),
    ...(rotate !== undefined && enabled && { rotate }),
  };
}

function before(exp: number | undefined, duration: string | undefined): number | undefined {
  return exp === undefined || duration === undefined ? undefined : subtractDuration(exp, duration);
}

function actionOf({ lifetimeActions }: Pick<RotationPolicy, 'lifetimeActions'>, type: string) {
  return lifetimeActions.find(({ action }) => action.type === type)?.trigger;
}
