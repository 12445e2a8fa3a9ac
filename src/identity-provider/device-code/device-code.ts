// Device codes (RFC 8628): a program without a browser shows a short code, a person enters it in a
// browser and lets the program in. Both codes are kept only as hashes. The short one is long enough
// that guessing finds nothing within its quarter of an hour, as tries are limited.
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { decodeBase64Url } from '#kernel';
import type { AskedScope } from '../sign-in/flow.ts';

export const DEVICE_LIFETIME_S = 900;
export const POLL_INTERVAL_S = 5;
const SECRET_BYTES = 32;
/** No vowels, so no words; nothing that looks like something else. 22^9 is about 1.2 × 10^12. */
const ALPHABET = 'BCDFGHJKLMNPQRSTVWXZ34';
const USER_CODE_LENGTH = 9;

export interface DeviceSignIn {
  /** Hash of the device code. */
  readonly id: string;
  readonly asked: AskedScope;
  /** Address of the program that asked, for the person to recognize. */
  readonly clientAddress: string;
  readonly validUntilMs: number;
  /** When the record may be purged. */
  readonly expiresMs: number;
  readonly verdict: 'pending' | 'approved' | 'declined';
  readonly approval?: DeviceApproval;
}

/** Who let the device in, and how he had signed in. */
export interface DeviceApproval {
  readonly userId: string;
  readonly methods: readonly string[];
  readonly signedInAtS: number;
}

export interface DeviceCodes {
  readonly deviceCode: string;
  readonly userCode: string;
}

export function newDeviceCodes(): DeviceCodes {
  const letters = Array.from(
    { length: USER_CODE_LENGTH },
    () => ALPHABET[randomInt(ALPHABET.length)],
  );
  return {
    deviceCode: `1.${randomBytes(SECRET_BYTES).toString('base64url')}`,
    userCode: letters.join(''),
  };
}

/** `undefined` for what is not a device code of ours. */
export function deviceIdOf(deviceCode: string): string | undefined {
  const [version, secret = '', ...more] = deviceCode.split('.');
  const isOurs = version === '1' && more.length === 0;
  return isOurs && decodeBase64Url(secret)?.length === SECRET_BYTES ? hash(deviceCode) : undefined;
}

/** As people type it: in any letters, with spaces or hyphens. `undefined` if it cannot be one. */
export function parseUserCode(text: string): string | undefined {
  const code = text.replace(/[\s-]/g, '').toUpperCase();
  const isCode = code.length === USER_CODE_LENGTH && [...code].every((c) => ALPHABET.includes(c));
  return isCode ? code : undefined;
}

export function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
