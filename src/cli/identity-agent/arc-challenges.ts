// Azure Arc's proof that a program may read the agent's files: the agent writes a random secret
// into a file that only its own user (and root) can read, and names the file; who sends the content
// back has read it. Each secret is good for one request, for a minute.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, isSameSecret } from '#kernel';
import { hashSecret } from './agent-files.ts';

const SECRET_BYTES = 32;
const LIFETIME_MS = 60_000;
const PENDING_MAX = 64;
const OWN_FILE = /^strongroom-[0-9a-f-]{36}\.key$/;

interface Pending {
  readonly secretHash: Buffer;
  readonly expiresMs: number;
}

export class ArcChallenges {
  readonly #directory: string;
  readonly #clock: Clock;
  /** By file; oldest first. */
  readonly #pending = new Map<string, Pending>();

  /** Clients accept files of one directory only: `/var/opt/azcmagent/tokens` on Linux. */
  constructor(directory: string, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#removeLeftovers();
  }

  /** The file whose content the next request has to bring. */
  create(): string {
    this.#expire();
    const [oldest] = this.#pending.keys();
    if (this.#pending.size >= PENDING_MAX && oldest !== undefined) this.#drop(oldest);
    const file = join(this.#directory, `strongroom-${randomUUID()}.key`);
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    writeFileSync(file, secret, { mode: 0o600, flag: 'wx' });
    const expiresMs = this.#clock.now() + LIFETIME_MS;
    this.#pending.set(file, { secretHash: Buffer.from(hashSecret(secret)), expiresMs });
    return file;
  }

  /** `true` once for the content of a file that `create` named. */
  redeem(secret: string): boolean {
    this.#expire();
    const given = Buffer.from(hashSecret(secret));
    let fitting: string | undefined;
    for (const [file, { secretHash }] of this.#pending) {
      if (isSameSecret(given, secretHash)) fitting = file;
    }
    if (fitting === undefined) return false;
    this.#drop(fitting);
    return true;
  }

  close(): void {
    for (const file of this.#pending.keys()) this.#drop(file);
  }

  #expire(): void {
    const nowMs = this.#clock.now();
    for (const [file, { expiresMs }] of this.#pending) if (expiresMs <= nowMs) this.#drop(file);
  }

  #drop(file: string): void {
    this.#pending.delete(file);
    rmSync(file, { force: true });
  }

  /** Of an agent that was killed. */
  #removeLeftovers(): void {
    for (const name of readdirSync(this.#directory)) {
      if (OWN_FILE.test(name)) rmSync(join(this.#directory, name), { force: true });
    }
  }
}
