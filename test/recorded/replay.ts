// Repeats recorded conversations with the real service against an instance, by means of the replay
// kit beside the project. A checkout without the recordings has nothing to repeat.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parse, parseJson, z } from '#kernel';
import { run } from '#test/kit/children.ts';
import { assignRole, createApplication, createResourceGroup, ROLES } from '#test/kit/estate.ts';
import {
  COMPILE_CACHE,
  type Instance,
  plainEnvironment,
  projectRoot,
  temporaryDirectory,
} from '#test/kit/instance.ts';

const RECORDED = join(projectRoot, '..', 'shared', 'azure', 'recorded');
const PROGRAM = join(RECORDED, 'replay.mjs');
const GROUP = 'replay';
const MANAGEMENT_GROUPS = '/providers/Microsoft.Management/managementGroups';

/** Why nothing can be repeated here, or `false`. */
export const unavailable: string | false = existsSync(PROGRAM)
  ? false
  : 'the recordings are not beside this checkout';

const STEP = z.object({
  n: z.number(),
  op: z.string(),
  failures: z.array(
    z.object({ kind: z.string(), at: z.string(), expected: z.unknown(), actual: z.unknown() }),
  ),
});

const OUTCOME = z.object({
  cassettes: z.array(
    z.object({
      id: z.string(),
      result: z.enum(['passed', 'failed', 'skipped']),
      why: z.string().optional(),
      steps: z.array(STEP),
    }),
  ),
});

/** One place where an answer is not what was recorded. */
export interface Difference {
  readonly step: number;
  readonly operation: string;
  readonly kind: string;
  /** Where in the answer, for example `/properties/sku/name`. */
  readonly at: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

export interface Repeated {
  readonly id: string;
  readonly differences: readonly Difference[];
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
  /**
   * Repeats every recording of a group, for example `secrets`; those in `last` after the others.
   */
  repeat(group: string, last: ReadonlySet<string>): Promise<Repeated[]>;
}

const USER = z.object({ id: z.guid() });

async function createUser({ owner, administrator }: Instance): Promise<string> {
  const domain = administrator.userPrincipalName.split('@')[1];
  const created = await owner.graph({
    method: 'POST',
    path: '/users',
    json: {
      accountEnabled: true,
      displayName: 'Replayed',
      mailNickname: 'replayed',
      userPrincipalName: `replayed@${domain}`,
      passwordProfile: { password: 'A-long-enough-1-password' },
    },
  });
  return created.expect(201).read(USER).id;
}

interface Batch {
  readonly group: string;
  readonly ids: readonly string[];
  readonly principal: string;
  /** The batch is of recordings that are known not to pass. */
  readonly expected: boolean;
}

/** Prepares an instance: rights on everything for the caller, and principals to assign roles to. */
export async function prepareReplay(instance: Instance): Promise<Replayer> {
  const { owner } = instance;
  await createResourceGroup(owner, GROUP);
  const scope = `/subscriptions/${instance.subscriptionId}`;
  await assignRole(owner, { to: owner, role: ROLES.administrator, scope });
  // One recording begins after the group has been made.
  const group = { method: 'PUT', path: `${MANAGEMENT_GROUPS}/mgmt_grp000003`, json: {} };
  (await owner.arm({ ...group, apiVersion: '2020-05-01' })).expect(200);
  const principals = {
    User: await createUser(instance),
    ServicePrincipal: (await createApplication(owner, 'replayed')).objectId,
  };
  const groupUrl = `${instance.management}${scope}/resourceGroups/${GROUP}`;
  const environment = {
    ...plainEnvironment(),
    ...COMPILE_CACHE,
    REPLAY_CA: instance.caFile,
    REPLAY_TENANT: instance.tenantId,
    REPLAY_VAULT_TOKEN: await owner.vaultToken(),
    REPLAY_MANAGEMENT_TOKEN: await owner.token(instance.management),
    MAKE_VAULT_GROUP_URL: groupUrl,
  };
  const makeVault = [process.execPath, join(import.meta.dirname, 'make-vault.ts')];

  async function repeatBatch(batch: Batch): Promise<Repeated[]> {
    const { ids, principal } = batch;
    if (ids.length === 0) return [];
    const directory = temporaryDirectory();
    const outcomeFile = join(directory, 'outcome.json');
    const options = {
      'vault-url': `https://{name}${instance.vaultSuffix}`,
      'management-url': instance.management,
      connect: `127.0.0.1:${instance.port}`,
      subscription: instance.subscriptionId,
      'resource-group': GROUP,
      'fresh-vault': [...makeVault, '{name} {retention} {sku}'].join(' '),
      principal,
      // What is expected to differ need not be waited for.
      settle: batch.expected ? '0.1' : '1',
      // Certificates are issued beside the requests: on a busy machine not at once.
      timeout: batch.expected ? '0.5' : '30',
      // Role assignments of different recordings name one principal, and would meet.
      jobs: batch.group === 'rbac' ? '1' : '3',
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
    rmSync(directory, { recursive: true });
    return outcome.cassettes.map(readOutcome);
  }

  return {
    async repeat(group, last) {
      const cassettes = cassettesOf(group);
      const outcomes: Repeated[] = [];
      for (const isLast of [false, true]) {
        for (const type of ['User', 'ServicePrincipal'] as const) {
          const ids = cassettes
            .filter(({ id, principalType }) => principalType === type && last.has(id) === isLast)
            .map(({ id }) => id);
          const batch = { group, ids, principal: principals[type], expected: isLast };
          outcomes.push(...(await repeatBatch(batch)));
        }
      }
      return outcomes;
    },
  };
}

function readOutcome(cassette: z.infer<typeof OUTCOME>['cassettes'][number]): Repeated {
  const { id, result, why, steps } = cassette;
  if (result === 'skipped') {
    const skipped = { step: 0, operation: '', kind: 'skipped', at: '' };
    return { id, differences: [{ ...skipped, expected: 'a replay', actual: why }] };
  }
  const differences = steps.flatMap(({ n, op, failures }) =>
    failures.map(({ kind, at, expected, actual }) => ({
      step: n,
      operation: op,
      kind,
      at,
      expected,
      actual,
    })),
  );
  return { id, differences };
}

export function describeDifference(difference: Difference): string {
  const { step, operation, kind, at } = difference;
  const [expected, actual] = [difference.expected, difference.actual].map(
    (value) => JSON.stringify(value)?.slice(0, 200) ?? 'nothing',
  );
  return `step ${step} ${operation}: ${kind} ${at}: expected ${expected}, got ${actual}`;
}
