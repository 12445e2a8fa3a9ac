// Passwords of people: argon2id in the thread pool, kept as a PHC string. Checking a password that
// has no user costs the same as one that has, so time does not tell who exists.
import { type Argon2Parameters, argon2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { isSameSecret } from '#kernel';

// OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, 2 passes, 1 lane.
const MEMORY_KIB = 19_456;
const PASSES = 2;
const LANES = 1;
const SALT_BYTES = 16;
const TAG_BYTES = 32;
/** Entra's limits for a cloud account. */
const LENGTH_MIN = 8;
const LENGTH_MAX = 256;

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const CLASSES = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/];

const derive = promisify(
  (parameters: Argon2Parameters, done: (error: Error | null, key: Buffer) => void) =>
    argon2('argon2id', parameters, done),
);

/** Entra's rule: 8 to 256 characters, three of four classes, and not the user's own name. */
export function decidePasswordStrength(password: string, userName: string): boolean {
  if (password.length < LENGTH_MIN || password.length > LENGTH_MAX) return false;
  if (CLASSES.filter((pattern) => pattern.test(password)).length < 3) return false;
  const name = userName.split('@')[0]?.toLowerCase() ?? '';
  return name.length < 3 || !password.toLowerCase().includes(name);
}

/** 24 random characters that satisfy the rule. */
export function generatePassword(): string {
  for (;;) {
    const password = randomBytes(18).toString('base64url');
    if (decidePasswordStrength(password, '')) return password;
  }
}

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const tag = await derive({
    message: password,
    nonce: salt,
    memory: MEMORY_KIB,
    passes: PASSES,
    parallelism: LANES,
    tagLength: TAG_BYTES,
  });
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${LANES}$${unpadded(salt)}$${unpadded(tag)}`;
}

/** `false` for `undefined` (no such user) as well, after the same work. */
export async function verifyPassword(phc: string | undefined, password: string): Promise<boolean> {
  const fields = PHC.exec(phc ?? '');
  const salt = fields ? Buffer.from(fields[4] ?? '', 'base64') : randomBytes(SALT_BYTES);
  const expected = fields ? Buffer.from(fields[5] ?? '', 'base64') : randomBytes(TAG_BYTES);
  const actual = await derive({
    message: password.slice(0, LENGTH_MAX + 1),
    nonce: salt,
    memory: Number(fields?.[1] ?? MEMORY_KIB),
    passes: Number(fields?.[2] ?? PASSES),
    parallelism: Number(fields?.[3] ?? LANES),
    tagLength: expected.length,
  });
  return isSameSecret(actual, expected) && fields !== null;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
