// Loads a PKCS#11 module and signs in to one of its tokens.
import pkcs11, { type Handle, type PKCS11 } from 'pkcs11js';
import { TokenError } from './token-error.ts';
import type { TokenAccess } from './token-task.ts';

/** Throws TokenError `unavailable`. */
export function loadModule({ module }: TokenAccess): PKCS11 {
  const library = new pkcs11.PKCS11();
  said(`the PKCS#11 module ${module} cannot be loaded`, () => library.load(module));
  return library;
}

/** Ends the module for all threads: no call may be in it, and no session is used after it. */
export function endModule(library: PKCS11): void {
  unless(pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED, () =>
    said('the PKCS#11 module does not end', () => library.C_Finalize()),
  );
}

/**
 * Throws TokenError `unavailable` or `pinRefused`, in words for the operator; the PIN is in none of
 * them.
 */
export function openSession(library: PKCS11, { label, pin }: TokenAccess): Handle {
  // Threads share the module: the first initializes it, and the first signs in.
  unless(pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED, () =>
    said('the PKCS#11 module does not start', () =>
      library.C_Initialize({ flags: pkcs11.CKF_OS_LOCKING_OK }),
    ),
  );
  const slot = findSlot(library, label);
  const session = said(`no session with the token "${label}"`, () =>
    library.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION | pkcs11.CKF_RW_SESSION),
  );
  unless(pkcs11.CKR_USER_ALREADY_LOGGED_IN, () =>
    said(`the token "${label}" refuses the PIN`, () =>
      library.C_Login(session, pkcs11.CKU_USER, pin),
    ),
  );
  return session;
}

function findSlot(library: PKCS11, label: string): Handle {
  const slots = said('the PKCS#11 module lists no slots', () => library.C_GetSlotList(true));
  const labels = slots.map((slot) => labelOf(library, slot));
  const fitting = slots.filter((_slot, index) => labels[index] === label);
  const [slot] = fitting;
  if (slot === undefined || fitting.length > 1) {
    const there = labels.map((name) => `"${name}"`).join(', ') || 'none';
    const what = slot === undefined ? 'no token' : 'more than one token';
    throw new TokenError('unavailable', `${what} is called "${label}"; there are: ${there}`);
  }
  return slot;
}

/** Another token that is broken, or just being taken away, keeps nobody from his own. */
function labelOf(library: PKCS11, slot: Handle): string {
  try {
    return library.C_GetTokenInfo(slot).label.trimEnd();
  } catch (cause) {
    return `not readable: ${cause instanceof Error ? cause.message : 'unknown'}`;
  }
}

function said<T>(failure: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const name = cause instanceof Error ? cause.message : 'unknown';
    const code = cause instanceof pkcs11.Pkcs11Error ? cause.code : undefined;
    throw new SessionError(`${failure} (${name})`, code);
  }
}

/** After these the same PIN is not tried again. */
const PIN_REFUSALS: ReadonlySet<number | undefined> = new Set([
  pkcs11.CKR_PIN_EXPIRED,
  pkcs11.CKR_PIN_INCORRECT,
  pkcs11.CKR_PIN_INVALID,
  pkcs11.CKR_PIN_LEN_RANGE,
  pkcs11.CKR_PIN_LOCKED,
]);

class SessionError extends TokenError {
  readonly returnValue: number | undefined;

  constructor(message: string, returnValue: number | undefined) {
    super(PIN_REFUSALS.has(returnValue) ? 'pinRefused' : 'unavailable', message);
    this.returnValue = returnValue;
  }
}

function unless(returnValue: number, work: () => void): void {
  try {
    work();
  } catch (cause) {
    if (!(cause instanceof SessionError) || cause.returnValue !== returnValue) throw cause;
  }
}
