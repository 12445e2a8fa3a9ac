// Repeats recorded conversations with the real service against an instance, by means of the replay kit
// beside the project. A checkout without the recordings has nothing to repeat.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parse, parseJson, z } from '#kernel';
import type { Caller } from '#test/kit/caller.ts';
import { run } from '#test/kit/children.ts';
import { assignRole, createApplication, createResourceGroup, ROLES } from '#test/kit/estate.ts';
import {
  type Instance,
  plainEnvironment,
  projectRoot,
  temporaryDirectory,
} from '#test/kit/instance.ts';

const RECORDED = join(projectRoot, '..', 'shared', 'azure', 'recorded');
const PROGRAM = join(RECORDED, 'replay.mjs');
const GROUP = 'replay';

/** Why nothing can be repeated here, or `false`. */
export const unavailable: string | false = existsSync(PROGRAM)
  ? false
  : 'the recordings are not beside this checkout';

const STEP = z.object({
  n: z.number(),
  op: z.string(),
  cascade: z.boolean().optional(),
  failures: z.array(
    z.object({
      kind: z.string(),
      at: z.string(),
      expected: z.unknown(),
      actual: z.unknown(),
    }),
  ),
});

const OUTCOME = z.object({
  cassettes: z.array(
    z.object({
      id: z.string(),
      result: z.enum(['passed', 'failed', 'skipped']),
      steps: z.array(STEP),
    }),
  ),
});

export interface Repeated {
  readonly id: string;
  readonly passed: boolean;
  /** The first difference from the recording. */
  readonly difference: string;
}

/** Who the recorded role assignments are for: the kit puts this principal in place of theirs. */
type PrincipalType = 'User' | 'ServicePrincipal';

const CASSETTE = z.object({ id: z.string(), steps: z.array(z.unknown()) });

interface Cassette {
  readonly id: string;
  readonly principalType: PrincipalType;
}

function cassettesOf(group: string): Cassette[] {
  const folder = join(RECORDED, 'cassettes', group);
  return readdirSync(folder).map((file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    const { id } = parse(CASSETTE, parseJson(text), 'body');
    const user = /"principalType": ?"User"/.test(text);
    return { id, principalType: user ? 'User' : 'ServicePrincipal' };
  });
}

export interface Replayer {
  /** Repeats every recording of a group, for example `secrets`. */
  repeat(group: string): Promise<Repeated[]>;
}

const USER = z.object({ id: z.guid() });

async function createUser(owner: Caller): Promise<string> {
  const domain = await owner.graph({ path: '/domains' });
  const known = z.object({ value: z.array(z.object({ id: z.string() })) });
  const [first] = domain.expect(200).read(known).value;
  const created = await owner.graph({
    method: 'POST',
    path: '/users',
    json: {
      accountEnabled: true,
      displayName: 'Replayed',
      mailNickname: 'replayed',
      userPrincipalName: `replayed@${first?.id}`,
      passwordProfile: { password: 'A-long-enough-1-password' },
    },
  });
  return created.expect(201).read(USER).id;
}

/** Prepares an instance: rights on everything for the caller, and principals to assign roles to. */
export async function prepareReplay(instance: Instance): Promise<Replayer> {
  const { owner } = instance;
  await createResourceGroup(owner, GROUP);
  const scope = `/subscriptions/${instance.subscriptionId}`;
  await assignRole(owner, { to: owner, role: ROLES.administrator, scope });
  const principals = {
    User: await createUser(owner),
    ServicePrincipal: (await createApplication(owner, 'replayed')).objectId,
  };
  const groupUrl = `${instance.management}${scope}/resourceGroups/${GROUP}`;
  const environment = {
    ...plainEnvironment(),
    REPLAY_CA: instance.caFile,
    REPLAY_TENANT: instance.tenantId,
    REPLAY_VAULT_TOKEN: await owner.vaultToken(),
    REPLAY_MANAGEMENT_TOKEN: await owner.token(instance.management),
    MAKE_VAULT_GROUP_URL: groupUrl,
  };
  const makeVault = [process.execPath, join(import.meta.dirname, 'make-vault.ts')];

  async function repeatBatch(ids: readonly string[], principal: string): Promise<Repeated[]> {
    if (ids.length === 0) return [];
    const outcomeFile = join(temporaryDirectory(), 'outcome.json');
    const options = {
      'vault-url': `https://{name}${instance.vaultSuffix}`,
      'management-url': instance.management,
      connect: `127.0.0.1:${instance.port}`,
      subscription: instance.subscriptionId,
      'resource-group': GROUP,
      'fresh-vault': [...makeVault, '{name} {retention} {sku}'].join(' '),
      principal,
      settle: '1',
      timeout: '5',
      jobs: '2',
      json: outcomeFile,
    };
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    for (const id of ids) flags.push('--only', id);
    const finished = await run(process.execPath, [PROGRAM, ...flags, '--quiet'], {
      cwd: projectRoot,
      env: environment,
      limitMs: 240_000,
    });
    if (!existsSync(outcomeFile)) throw new Error(`the replay did not run: ${finished.stderr}`);
    const outcome = parse(OUTCOME, parseJson(readFileSync(outcomeFile, 'utf8')), 'body');
    return outcome.cassettes.map(({ id, result, steps }) => ({
      id,
      passed: result === 'passed',
      difference: result === 'skipped' ? 'skipped' : describeDifference(steps),
    }));
  }

  return {
    async repeat(group) {
      const cassettes = cassettesOf(group);
      const outcomes: Repeated[] = [];
      for (const type of ['User', 'ServicePrincipal'] as const) {
        const ids = cassettes.filter((one) => one.principalType === type).map(({ id }) => id);
        outcomes.push(...(await repeatBatch(ids, principals[type])));
      }
      return outcomes;
    },
  };
}

function describeDifference(steps: readonly z.infer<typeof STEP>[]): string {
  const step = steps.find(({ failures }) => failures.length > 0);
  const failure = step?.failures[0];
  if (step === undefined || failure === undefined) return '';
  const { kind, at, expected, actual } = failure;
  const sides = `expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`;
  return `step ${step.n} ${step.op}: ${kind} ${at}: ${sides}`;
}
