// Codes of authenticator apps (TOTP, RFC 6238): six digits, a new one every thirty seconds. One
// step before and one after count too, for clocks that differ. That no step counts twice is the
// store's affair (`takeAuthenticatorStep`).
import { Secret, TOTP } from 'otpauth';

const SECRET_BYTES = 20;
const WINDOW_STEPS = 1;

export function newTimeSecret(): string {
  return new Secret({ size: SECRET_BYTES }).base32;
}

/** The step that the code belongs to, or `undefined` if it is wrong now. */
export function timeCodeStep(secret: string, code: string, nowMs: number): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const generator = generatorOf(secret);
  const delta = generator.validate({ token: code, window: WINDOW_STEPS, timestamp: nowMs });
  return delta === null ? undefined : generator.counter({ timestamp: nowMs }) + delta;
}

/** `otpauth://totp/…`, for the app to scan. */
export function enrolmentUri(secret: string, userName: string, host: string): string {
  return generatorOf(secret, { issuer: `Strongroom (${host})`, label: userName }).toString();
}

function generatorOf(secret: string, names: { issuer?: string; label?: string } = {}): TOTP {
  return new TOTP({
    ...names,
    secret: Secret.fromBase32(secret),
    algorithm: 'SHA1',
    digits: 6,
    period: 30,
  });
}
