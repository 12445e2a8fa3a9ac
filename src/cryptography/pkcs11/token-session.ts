// Loads a PKCS#11 module and signs in to one of its tokens.
import pkcs11, { type Handle, type PKCS11 } from 'pkcs11js';
import { TokenError } from './token-error.ts';
import type { TokenAccess } from './token-task.ts';

export interface TokenSession {
  readonly library: PKCS11;
  readonly session: Handle;
}

/** Throws TokenError `unavailable`, in words for the operator; the PIN is in none of them. */
export function openSession({ module, label, pin }: TokenAccess): TokenSession {
  const library = new pkcs11.PKCS11();
  said(`the PKCS#11 module ${module} cannot be loaded`, () => library.load(module));
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
  return { library, session };
}

function findSlot(library: PKCS11, label: string): Handle {
  const slots = said('the PKCS#11 module lists no slots', () => library.C_GetSlotList(true));
  const labels = slots.map((slot) => library.C_GetTokenInfo(slot).label.trimEnd());
  const fitting = slots.filter((_slot, index) => labels[index] === label);
  const [slot] = fitting;
  if (slot === undefined || fitting.length > 1) {
    const there = labels.map((name) => `"${name}"`).join(', ') || 'none';
    const what = slot === undefined ? 'no token' : 'more than one token';
    throw new TokenError('unavailable', `${what} is called "${label}"; there are: ${there}`);
  }
  return slot;
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

class SessionError extends TokenError {
  readonly returnValue: number | undefined;

  constructor(message: string, returnValue: number | undefined) {
    super('unavailable', message);
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
