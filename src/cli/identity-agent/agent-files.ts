// What an agent keeps in its directory: its private key, where it is registered, the authority it
// trusts, and the workloads it answers. All of it for its own user only; a key that others can read
// is not used.
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseJson, type Schema, z } from '#kernel';
import { CommandFailure } from '../command-failure.ts';

const PRIVATE_FILE = 0o600;
const PRIVATE_DIRECTORY = 0o700;
const OTHERS = 0o077;
const WORKLOADS_MAX = 1000;

const registrationSchema = z.object({
  login: z.url({ protocol: /^https$/ }),
  tenantId: z.guid(),
  /** ARM id of the machine. */
  machine: z.string().startsWith('/subscriptions/'),
});

export type Registration = z.infer<typeof registrationSchema>;

const workloadSchema = z.object({
  name: z.string(),
  /** SHA-256 of its secret, base64url. */
  secretHash: z.string(),
  /** Client or resource ids that it may use; none: all that the machine has. */
  identities: z.array(z.string()),
});

export type Workload = z.infer<typeof workloadSchema>;

const workloadsSchema = z.object({ workloads: z.array(workloadSchema).max(WORKLOADS_MAX) });

export class AgentFiles {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Makes a key at the first call. Throws CommandFailure for one that others can read. */
  key(): KeyObject {
    const file = this.#path('key.pem');
    if (!existsSync(file)) {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      this.#write('key.pem', privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
      return privateKey;
    }
    if ((statSync(file).mode & OTHERS) !== 0) {
      throw new CommandFailure(`${file} is open to other users: chmod 600 it, or make a new key.`);
    }
    try {
      return createPrivateKey(readFileSync(file, 'utf8'));
    } catch {
      throw new CommandFailure(`${file} is not a private key.`);
    }
  }

  /** `undefined` if it was never registered. */
  registration(): Registration | undefined {
    return this.#read('registration.json', registrationSchema);
  }

  saveRegistration(registration: Registration): void {
    this.#write('registration.json', `${JSON.stringify(registration, undefined, 2)}\n`);
  }

  /** PEM of the authority that signs the identity provider's certificate, if it is not public. */
  authority(): string | undefined {
    const file = this.#path('ca.pem');
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  saveAuthority(pem: string): void {
    this.#write('ca.pem', pem);
  }

  workloads(): readonly Workload[] {
    return this.#read('workloads.json', workloadsSchema)?.workloads ?? [];
  }

  /** Replaces the workload of this name; `environment` is what its program is started with. */
  saveWorkload(workload: Workload, environment: string): string {
    const others = this.workloads().filter(({ name }) => name !== workload.name);
    if (others.length >= WORKLOADS_MAX) {
      throw new CommandFailure(`An agent has at most ${WORKLOADS_MAX} workloads.`);
    }
    this.#saveWorkloads([...others, workload]);
    const file = `workload-${workload.name}.env`;
    this.#write(file, environment);
    return this.#path(file);
  }

  /** `false` if there is none of this name. */
  removeWorkload(name: string): boolean {
    const present = this.workloads();
    const left = present.filter((workload) => workload.name !== name);
    this.#saveWorkloads(left);
    rmSync(this.#path(`workload-${name}.env`), { force: true });
    return left.length < present.length;
  }

  #saveWorkloads(workloads: readonly Workload[]): void {
    this.#write('workloads.json', `${JSON.stringify({ workloads }, undefined, 2)}\n`);
  }

  #path(name: string): string {
    return join(this.directory, name);
  }

  #read<T>(name: string, schema: Schema<T>): T | undefined {
    const file = this.#path(name);
    if (!existsSync(file)) return undefined;
    const text = readFileSync(file, 'utf8');
    const parsed = schema.safeParse(parsedOrNothing(text));
    if (!parsed.success) throw new CommandFailure(`${file} cannot be understood.`);
    return parsed.data;
  }

  /** Whole or not at all: a crash leaves the old file. */
  #write(name: string, text: string): void {
    mkdirSync(this.directory, { recursive: true, mode: PRIVATE_DIRECTORY });
    const file = this.#path(name);
    writeFileSync(`${file}.new`, text, { mode: PRIVATE_FILE });
    renameSync(`${file}.new`, file);
  }
}

function parsedOrNothing(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
