// The keys that sign tokens: RSA-2048, RS256 (older validators know nothing else). The next key is
// published long before it signs, and an old one stays published until the last token it signed has
// died. Which key does what follows from the clock; nothing has to happen at the moment of change.
import { createHash, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { exportSpki, type KeyMaterial, openPkcs8 } from '#cryptography';
import type { Clock } from '#kernel';
import type { Projection, View } from '#storage';
import { directoryPrefixes, recordPath } from './paths.ts';
import type { SigningKey } from './records.ts';

const HOUR_MS = 3_600_000;
export const SIGNING_PERIOD_MS = 42 * 24 * HOUR_MS;
/** A key is published at least this long before it signs. */
const PUBLISHED_AHEAD_MS = 24 * HOUR_MS;
/** Longest token lifetime plus clock skew. */
const OUTLIVES_MS = 25 * HOUR_MS;
const KEYS_MAX = 16;

const generate = promisify(generateKeyPair);

/** A public key as JWKS shows it. */
export interface PublishedKey {
  readonly kty: 'RSA';
  readonly use: 'sig';
  readonly kid: string;
  readonly x5t: string;
  readonly n: string;
  readonly e: string;
}

export interface CurrentKey {
  readonly kid: string;
  readonly material: KeyMaterial;
}

interface LoadedKey {
  readonly record: SigningKey;
  readonly material: KeyMaterial;
  readonly publicKey: KeyObject;
  readonly published: PublishedKey;
}

/** Who signs, who is shown and who has died, at one moment. Pure. */
export function decideKeyRoles(keys: readonly SigningKey[], nowMs: number): KeyRoles {
  const withdrawn = keys.filter((key) => key.withdrawnMs !== undefined);
  const byActivation = keys
    .filter((key) => key.withdrawnMs === undefined)
    .sort((a, b) => a.activeFromMs - b.activeFromMs);
  const current = byActivation.findLast((key) => key.activeFromMs <= nowMs);
  const dead = byActivation.filter((_key, at) => {
    const successor = byActivation[at + 1];
    return successor !== undefined && successor.activeFromMs + OUTLIVES_MS <= nowMs;
  });
  return {
    current,
    next: byActivation.find((key) => key.activeFromMs > nowMs),
    dead: [...dead, ...withdrawn.filter((key) => isForgotten(key, nowMs))],
    living: byActivation.filter((key) => !dead.includes(key)),
    withdrawn: withdrawn.filter((key) => !isForgotten(key, nowMs)),
  };
}

/** Tokens of a withdrawn key would have died by now in any case. */
function isForgotten({ withdrawnMs = 0 }: SigningKey, nowMs: number): boolean {
  return withdrawnMs + OUTLIVES_MS <= nowMs;
}

export interface KeyRoles {
  readonly current: SigningKey | undefined;
  readonly next: SigningKey | undefined;
  readonly dead: readonly SigningKey[];
  readonly living: readonly SigningKey[];
  /** Taken back in an emergency; known so that their tokens are refused for the right reason. */
  readonly withdrawn: readonly SigningKey[];
}

export class SigningKeys {
  readonly #clock: Clock;
  readonly #keys = new Map<string, LoadedKey>();
  /** What was decided last. Requests come many to a millisecond, and one moment has one answer. */
  #decided: { readonly nowMs: number; readonly roles: KeyRoles } | undefined;

  constructor(records: Projection<SigningKey>, clock: Clock) {
    this.#clock = clock;
    for (const record of records.values()) this.#keys.set(record.kid, load(record));
    records.subscribe((_key, value, previous) => {
      this.#decided = undefined;
      if (previous) this.#keys.delete(previous.kid);
      if (value) this.#keys.set(value.kid, load(value));
    });
  }

  /** The key that signs now. Throws if the tenant has none (it was never bootstrapped). */
  current(): CurrentKey {
    const kid = this.#roles().current?.kid;
    const key = kid === undefined ? undefined : this.#keys.get(kid);
    if (!key) throw new Error('the tenant has no signing key');
    return { kid: key.record.kid, material: key.material };
  }

  /** Current, next, and those whose tokens may still live. */
  published(): readonly PublishedKey[] {
    return this.#roles().living.flatMap((key) => this.#keys.get(key.kid)?.published ?? []);
  }

  /** `undefined` for a key that is not ours, was withdrawn, or whose tokens have all died. */
  verificationKey(kid: string): KeyObject | undefined {
    const key = this.#keys.get(kid);
    if (!key) return undefined;
    return this.#roles().living.includes(key.record) ? key.publicKey : undefined;
  }

  /**
   * Like `verificationKey`, and withdrawn keys too: to read what a token says of itself, never to
   * believe it.
   */
  recognize(kid: string): KeyObject | undefined {
    const key = this.#keys.get(kid);
    if (!key) return undefined;
    return this.#roles().dead.includes(key.record) ? undefined : key.publicKey;
  }

  #roles(): KeyRoles {
    const nowMs = this.#clock.now();
    if (this.#decided?.nowMs === nowMs) return this.#decided.roles;
    const records = [...this.#keys.values()].map((key) => key.record);
    const roles = decideKeyRoles(records, nowMs);
    this.#decided = { nowMs, roles };
    return roles;
  }
}

/**
 * Makes the keys that are missing and deletes those that have died. Idempotent; call it at start
 * and about once an hour.
 */
export async function maintainSigningKeys(view: View, clock: Clock): Promise<void> {
  const keys = await scanKeys(view);
  const nowMs = clock.now();
  const roles = decideKeyRoles(keys, nowMs);
  const made: SigningKey[] = [];
  let current = roles.current;
  if (!current) {
    current = await makeKey(nowMs, nowMs);
    made.push(current);
  }
  if (!roles.next) {
    const due = current.activeFromMs + SIGNING_PERIOD_MS;
    made.push(await makeKey(nowMs, Math.max(due, nowMs + PUBLISHED_AHEAD_MS)));
  }
  if (made.length + roles.dead.length > 0) {
    await view.transact(async (transaction) => {
      for (const key of made) transaction.put(recordPath('signingKey', keyName(key.kid)), key);
      for (const key of roles.dead) {
        transaction.delete(recordPath('signingKey', keyName(key.kid)));
      }
    });
  }
}

/**
 * Emergency: every key is replaced, and every token that was ever issued is refused from the next
 * request on. The new key signs at once; only relying parties outside that cache the old set until
 * their next look will not know it for a while. Answers the new key's id.
 */
export async function rollSigningKeys(view: View, clock: Clock): Promise<string> {
  const nowMs = clock.now();
  const current = await makeKey(nowMs, nowMs);
  const next = await makeKey(nowMs, nowMs + SIGNING_PERIOD_MS);
  const known = await scanKeys(view);
  await view.transact(async (transaction) => {
    for (const { kid } of known) {
      const path = recordPath('signingKey', keyName(kid));
      const key = await transaction.get<SigningKey>(path);
      // Those of an earlier emergency are forgotten, so that the number of keys stays small.
      if (key === undefined || key.withdrawnMs !== undefined) transaction.delete(path);
      else transaction.put(path, { ...key, withdrawnMs: nowMs });
    }
    for (const key of [current, next]) {
      transaction.put(recordPath('signingKey', keyName(key.kid)), key);
    }
  });
  return current.kid;
}

async function scanKeys(view: View): Promise<readonly SigningKey[]> {
  const entries = await view.scan<SigningKey>({
    prefix: directoryPrefixes.signingKey,
    limit: KEYS_MAX,
  });
  return entries.map((entry) => entry.value);
}

/** Paths are lower case; a thumbprint is not, so the path holds its hex form. */
function keyName(kid: string): string {
  return Buffer.from(kid, 'base64url').toString('hex');
}

async function makeKey(nowMs: number, activeFromMs: number): Promise<SigningKey> {
  const { privateKey, publicKey } = await generate('rsa', { modulusLength: 2048 });
  return {
    kid: thumbprint(publicKey),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    createdMs: nowMs,
    activeFromMs,
  };
}

function load(record: SigningKey): LoadedKey {
  const material = openPkcs8(Buffer.from(record.privateKey, 'base64'));
  const spki = exportSpki(material);
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  return {
    record,
    material,
    publicKey,
    published: { kty: 'RSA', use: 'sig', kid: record.kid, x5t: record.kid, n, e },
  };
}

function thumbprint(publicKey: KeyObject): string {
  const { n, e } = publicKey.export({ format: 'jwk' });
  return createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url');
}
