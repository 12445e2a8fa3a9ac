// The decision against a reference that knows no index, no compiled pattern and no parser: it goes
// through every record again for every question. Run this file with a number for more worlds, and
// with a second one for the seed: `npx node src/authorization/reference.test.ts 100000 42` (half a
// minute of CPU).
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { builtInRoles, type RolePermission } from '#resources';
import { decideAction, decideData } from './decide.ts';
import { explain } from './explain.ts';
import { type Facts, type RandomWorld, randomWorld } from './random-worlds.fixture.ts';
import { TENANT, worldOf } from './world.fixture.ts';

const WORLDS_DEFAULT = 20_000;
const worlds = Number(process.argv[2] ?? WORLDS_DEFAULT);
const seed = Number(process.argv[3] ?? randomInt(2 ** 31));

// --- The reference -------------------------------------------------------------------------------

function referenceAllows({ records, meanings, asked }: RandomWorld): boolean {
  const { principal, nowMs } = asked.request;
  if (principal.tenantId !== TENANT || records.inactive?.includes(principal.objectId)) return false;
  const ids = [principal.objectId, ...groupsOf(principal.objectId)].map((id) => id.toLowerCase());
  const holdsBy = (id: string) => ids.includes(id.toLowerCase());

  if (asked.kind === 'data' && asked.request.vault.enableRbacAuthorization !== true) {
    const { vault, access } = asked.request;
    return vault.accessPolicies.some((entry) => {
      if (!holdsBy(entry.objectId) || entry.tenantId !== vault.tenantId) return false;
      const app = entry.applicationId?.toLowerCase();
      if (app !== undefined && (principal.type !== 'User' || app !== principal.applicationId)) {
        return false;
      }
      return access.policy.some((wanted) => {
        const [type, name] = wanted.split('/');
        const listed = (type === 'keys' ? entry.permissions.keys : entry.permissions.secrets) ?? [];
        const lower = listed.map((text) => text.toLowerCase());
        return lower.includes(name ?? '') || (lower.includes('all') && name !== 'purge');
      });
    });
  }

  const target = targetOf();
  if (!isScope(target)) return false;
  if (asked.kind === 'action') return rbacAllows(asked.request.action);
  const { access } = asked.request;
  if (isDenied(access.action)) return false;
  return [access.action, ...(access.alternatives ?? [])].some(rbacAllows);

  function rbacAllows(action: string): boolean {
    if (isDenied(action)) return false;
    return (records.assignments ?? []).some((assignment) => {
      if (!holdsBy(assignment.principalId) || !reaches(assignment.scope)) return false;
      if (nowMs < (assignment.startsAtMs ?? 0)) return false;
      if (nowMs >= (assignment.endsAtMs ?? Number.POSITIVE_INFINITY)) return false;
      const { throughGroup } = assignment;
      if (throughGroup !== undefined && !holdsBy(throughGroup)) return false;
      const role = [...builtInRoles, ...(records.roles ?? [])].find(
        ({ name }) => name === assignment.roleDefinitionName,
      );
      const granted = role?.permissions.some(
        (each) => covers(each, action) && isMet(each.condition, action),
      );
      return granted === true && isMet(assignment.condition, action);
    });
  }

  function isDenied(action: string): boolean {
    return (records.denies ?? []).some((deny) => {
      const exact = deny.scope.toLowerCase() === target.toLowerCase();
      if (deny.doNotApplyToChildScopes ? !exact : !reaches(deny.scope)) return false;
      const named = deny.principals.some(({ id }) => holdsBy(id) || id.startsWith('00000000-'));
      if (!named || deny.excludePrincipals.some(({ id }) => holdsBy(id))) return false;
      return deny.permissions.some(
        (each) => covers(each, action) && mayBeMet(each.condition, action),
      );
    });
  }

  function targetOf(): string {
    if (asked.kind === 'action') return asked.request.scope;
    const { vault, objectScope, access } = asked.request;
    const group = `/subscriptions/${vault.subscriptionId}/resourceGroups/${vault.resourceGroup}`;
    const id = `${group}/providers/Microsoft.KeyVault/vaults/${vault.name}`;
    return access.at === 'vault' ? id : `${id}/${objectScope}`;
  }

  /** Whether what is assigned at `scope` counts at the target. */
  function reaches(scope: string): boolean {
    if (!isScope(scope)) return false;
    const inner = target.toLowerCase().split('/').filter(Boolean);
    const outer = scope.toLowerCase().split('/').filter(Boolean);
    if (outer.every((segment, index) => inner[index] === segment)) return true;
    return outer.join('/') === 'providers/microsoft.management/managementgroups/root'
      ? inner[0] === 'subscriptions'
      : false;
  }

  /** Two of the generated texts end in the middle of an id. */
  function isScope(scope: string): boolean {
    return !/\/(vaults|subscriptions)$/i.test(scope);
  }

  function covers(permission: RolePermission, action: string): boolean {
    const data = asked.kind === 'data';
    const yes = data ? permission.dataActions : permission.actions;
    const no = data ? permission.notDataActions : permission.notActions;
    const matches = (pattern: string) => {
      const source = pattern.replaceAll('.', '\\.').replaceAll('/*/', '(?:/.*)?/');
      return new RegExp(`^${source.replaceAll(/(?<!\.)\*/g, '.*')}$`, 'i').test(action);
    };
    return yes.some(matches) && !no.some(matches);
  }

  function isMet(condition: string | undefined, action: string): boolean {
    if (condition === undefined) return true;
    const holds = meanings.get(condition) ?? (() => false);
    return holds(factsOf(action, false)) === true && holds(factsOf(action, true)) === true;
  }

  function mayBeMet(condition: string | undefined, action: string): boolean {
    if (condition === undefined || condition === 'no condition at all') return true;
    const holds = meanings.get(condition) ?? (() => true);
    return holds(factsOf(action, false)) !== false || holds(factsOf(action, true)) !== false;
  }

  function factsOf(action: string, folded: boolean): Facts {
    const nothing = { secretAsResource: undefined, secretAsRequest: undefined };
    if (asked.kind === 'action') {
      const role = Object.values(asked.request.attributes?.request ?? {})[0];
      return {
        ...nothing,
        action,
        folded,
        roleInRequest: role === undefined ? role : String(role),
      };
    }
    const { access, objectScope = '' } = asked.request;
    const name = objectScope.startsWith('secrets/') ? objectScope.slice(8) : undefined;
    const secret = access.at === 'object' ? name : undefined;
    const place = /setSecret/i.test(action) ? 'secretAsRequest' : 'secretAsResource';
    return { ...nothing, action, folded, roleInRequest: undefined, [place]: secret };
  }

  function groupsOf(id: string, seen: readonly string[] = []): readonly string[] {
    return Object.entries(records.groups ?? {})
      .filter(([group, members]) => members.includes(id) && !seen.includes(group))
      .flatMap(([group]) => [group, ...groupsOf(group, [...seen, group])]);
  }
}

// --- The comparison ------------------------------------------------------------------------------

describe('the decision on random worlds', () => {
  it(`is the reference's on ${worlds} worlds`, { timeout: 3_600_000 }, (test) => {
    test.diagnostic(`${worlds} worlds, seed ${seed}`);
    const outcomes = new Map<string, number>();
    fc.assert(
      fc.property(randomWorld, (random) => {
        const { asked } = random;
        const world = worldOf(random.records);
        const decision =
          asked.kind === 'action'
            ? decideAction(world, asked.request)
            : decideData(world, asked.request);
        assert.equal(decision.allowed, referenceAllows(random));
        assert.equal(explain(world, asked).allowed, decision.allowed);
        const outcome = decision.allowed ? `allowed by ${decision.grant.by}` : decision.reason.code;
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }),
      { numRuns: worlds, seed },
    );
    test.diagnostic(JSON.stringify(Object.fromEntries(outcomes)));
    // A comparison in which everything is refused would show nothing.
    for (const outcome of [
      'allowed by rbac',
      'allowed by policy',
      'DenyAssignment',
      'NoRoleAllows',
    ]) {
      assert.ok((outcomes.get(outcome) ?? 0) > worlds / 200, `too few: ${outcome}`);
    }
  });
});
