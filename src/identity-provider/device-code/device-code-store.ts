// Device sign-ins as records, found by either code. A device code is taken once, in the commit that
// starts its refresh-token family.
import type { View } from '#storage';
import type { AskedScope } from '../sign-in/flow.ts';
import type { RefreshFamily } from '../token/refresh-token.ts';
import { refreshFamilyPath } from '../token/refresh-token-store.ts';
import {
  DEVICE_LIFETIME_S,
  type DeviceApproval,
  type DeviceCodes,
  type DeviceSignIn,
  deviceIdOf,
  hash,
  newDeviceCodes,
  parseUserCode,
} from './device-code.ts';

const PREFIX = 'sign-in/device/';
const BY_USER_CODE = `${PREFIX}by-user-code/`;
/** An expired code is remembered for a while, so that its client is told that it expired. */
const MEMORY_MS = 900_000;

interface UserCodeRecord {
  readonly id: string;
  readonly expiresMs: number;
}

export function startDevice(
  view: View,
  input: { readonly asked: AskedScope; readonly clientAddress: string },
  nowMs: number,
): Promise<DeviceCodes> {
  return view.transact(async (transaction) => {
    const codes = newDeviceCodes();
    const byUserCode = BY_USER_CODE + hash(codes.userCode);
    // Two people would let each other's device in.
    if (await transaction.get<UserCodeRecord>(byUserCode)) throw new Error('user code is taken');
    const id = hash(codes.deviceCode);
    const validUntilMs = nowMs + DEVICE_LIFETIME_S * 1000;
    const expiresMs = validUntilMs + MEMORY_MS;
    const device: DeviceSignIn = { ...input, id, validUntilMs, expiresMs, verdict: 'pending' };
    transaction.put(PREFIX + id, device);
    transaction.put<UserCodeRecord>(byUserCode, { id, expiresMs: validUntilMs });
    return codes;
  });
}

/** The sign-in that waits for this code. */
export async function findDeviceByUserCode(
  view: View,
  text: string,
  nowMs: number,
): Promise<DeviceSignIn | undefined> {
  const code = parseUserCode(text);
  const claim = code && (await view.get<UserCodeRecord>(BY_USER_CODE + hash(code)));
  return claim ? findDevice(view, claim.id, nowMs) : undefined;
}

export async function findDevice(
  view: View,
  id: string,
  nowMs: number,
): Promise<DeviceSignIn | undefined> {
  const device = await view.get<DeviceSignIn>(PREFIX + id);
  return device !== undefined && isWaiting(device, nowMs) ? device : undefined;
}

/** `false` if it waits no longer. Without an approval the person has declined. */
export function settleDevice(
  view: View,
  input: { readonly id: string; readonly approval: DeviceApproval | undefined },
  nowMs: number,
): Promise<boolean> {
  const { id, approval } = input;
  return view.transact(async (transaction) => {
    const device = await transaction.get<DeviceSignIn>(PREFIX + id);
    if (device === undefined || !isWaiting(device, nowMs)) return false;
    const settled: DeviceSignIn = approval
      ? { ...device, verdict: 'approved', approval }
      : { ...device, verdict: 'declined' };
    transaction.put(PREFIX + id, settled);
    return true;
  });
}

export type DevicePoll =
  | { readonly verdict: 'unknown' | 'pending' | 'declined' | 'expired' }
  | { readonly verdict: 'taken'; readonly asked: AskedScope; readonly approval: DeviceApproval };

export interface DeviceTaking {
  readonly deviceCode: string;
  readonly clientId: string;
  /** Makes the refresh-token family that starts with it; throws what is to be refused. */
  readonly start: (asked: AskedScope, approval: DeviceApproval) => RefreshFamily | undefined;
}

export function pollDevice(view: View, input: DeviceTaking, nowMs: number): Promise<DevicePoll> {
  const id = deviceIdOf(input.deviceCode);
  if (id === undefined) return Promise.resolve({ verdict: 'unknown' });
  return view.transact<DevicePoll>(async (transaction) => {
    const device = await transaction.get<DeviceSignIn>(PREFIX + id);
    if (device === undefined || device.asked.clientId !== input.clientId) {
      return { verdict: 'unknown' };
    }
    if (device.validUntilMs <= nowMs) return { verdict: 'expired' };
    const { verdict, asked, approval } = device;
    if (verdict !== 'approved' || approval === undefined) {
      return { verdict: verdict === 'declined' ? 'declined' : 'pending' };
    }
    const family = input.start(asked, approval);
    if (family !== undefined) transaction.put(refreshFamilyPath(family.familyId), family);
    transaction.delete(PREFIX + id);
    return { verdict: 'taken', asked, approval };
  });
}

function isWaiting(device: DeviceSignIn, nowMs: number): boolean {
  return device.verdict === 'pending' && device.validUntilMs > nowMs;
}
