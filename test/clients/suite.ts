// What a suite of clients is: how to get it ready on this machine, and the programs it runs.
import { join } from 'node:path';
import process from 'node:process';
import { run } from '#test/kit/children.ts';
import { type Instance, projectRoot } from '#test/kit/instance.ts';

import type { Proofs } from './sign-in.ts';

/** Where suites keep what they install: outside version control, kept from run to run. */
export const CACHE = join(projectRoot, 'build', 'clients');

export interface Place {
  readonly instance: Instance;
  readonly vaultUrl: string;
  /** The bundle of the instance's authority alone. */
  readonly caFile: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What an agent starts a program with whose identity may read the secrets. */
  readonly workload: Readonly<Record<string, string>>;
  /** Object id of the identity that the agent gives it. */
  readonly workloadObjectId: string;
  /** Address of a proxy that finds the names of the instance, at the default port too. */
  readonly proxy: string;
  /** A secret that exists, and its value. */
  readonly secretName: string;
  readonly secretValue: string;
  /** What the application, and a person, can prove themselves with. */
  readonly proofs: Proofs;
}

/** The environment of a program that has no secret of its own, beside an agent. */
export function identityEnvironment(place: Place): Record<string, string> {
  const known = Object.entries(clientEnvironment(place));
  const plain = known.filter(([name]) => !name.startsWith('AZURE_'));
  return { ...Object.fromEntries(plain), ...place.workload };
}

export interface ClientCase {
  readonly name: string;
  /** Why it cannot run here; absent if it can. */
  readonly skip?: string;
  /** Throws if anything is not as it should be. */
  readonly run: () => Promise<void>;
}

export interface ClientSuite {
  readonly name: string;
  /** Installs what the suite needs. Gives its cases, or says why there are none here. */
  prepare(place: Place): Promise<readonly ClientCase[] | { readonly unavailable: string }>;
}

/** The environment that a user of any of the languages sets. */
export function clientEnvironment(place: Place): Record<string, string> {
  const { instance } = place;
  const inherited: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !/^(AZURE|STRONGROOM)/.test(name)) inherited[name] = value;
  }
  return {
    ...inherited,
    AZURE_AUTHORITY_HOST: instance.login,
    AZURE_TENANT_ID: instance.tenantId,
    AZURE_CLIENT_ID: place.clientId,
    AZURE_CLIENT_SECRET: place.clientSecret,
    VAULT_URL: place.vaultUrl,
    VAULT_RESOURCE: `https://${instance.vaultSuffix.slice(1)}`,
    SECRET_NAME: place.secretName,
    STRONGROOM_TEST_DOMAIN: instance.domain,
  };
}

export interface Program {
  readonly command: string;
  readonly parameters: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly expected: string;
}

/** Runs a program whose last printed line must be `expected`; throws with its words otherwise. */
export async function expectLastLine(program: Program): Promise<void> {
  const { command, parameters, environment, expected } = program;
  // Python takes an empty AZURE_CLIENT_SECRET for a secret: what is empty is not set.
  const env = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const finished = await run(command, parameters, { env, limitMs: 120_000 });
  const last = finished.stdout.trimEnd().split('\n').at(-1);
  if (finished.code === 0 && last === expected) return;
  throw new Error(`exit ${finished.code}, "${last}" at the end\n${finished.stderr}`);
}

export interface Step {
  readonly command: string;
  readonly parameters: readonly string[];
  readonly directory?: string;
  /** Beside what this process has. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly limitMs?: number;
  /** What it says if the fault is in our programs: then they fail and are not skipped. */
  readonly defect?: RegExp;
}

/** Runs one step of an installation; gives the reason if this machine cannot do it. */
export async function install(step: Step): Promise<string | undefined> {
  const { command, parameters, directory, environment, limitMs = 540_000, defect } = step;
  const env = { ...process.env, ...environment };
  const finished = await run(command, parameters, { cwd: directory, env, limitMs });
  if (finished.code === 0) return undefined;
  if (finished.code === -1) return `there is no \`${command}\` here`;
  if (finished.signal !== null) return `\`${command}\` took longer than ${limitMs / 1000} s`;
  const words = finished.stderr.trim() || finished.stdout.trim();
  if (defect?.test(words)) throw new Error(`\`${command} ${parameters[0] ?? ''}\`:\n${words}`);
  const said = words.split('\n').at(-1) ?? '';
  return `\`${command} ${parameters[0] ?? ''}\` failed: ${said.slice(0, 200)}`;
}
