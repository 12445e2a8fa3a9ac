// Which schedules and requests a list shows: `asTarget()` one's own, for which no right is needed;
// all others only with the right to read them at the scope.
import { parseResourceId, type RoleSchedule } from '#resources';
import { invalidFilter, parseFilter } from '../filter.ts';
import type { ArmCall } from '../handling.ts';
import { callerOf, type Management } from '../management.ts';
import { outerScopes } from '../role-assignments/operations.ts';
import { parseRoleDefinitionId } from '../role-assignments/role-assignment.ts';

type Listed = Pick<RoleSchedule, 'scope' | 'principalId' | 'roleDefinitionName'> & {
  readonly requestorId?: string;
};

export interface ScheduleFilter {
  readonly matches: (item: Listed) => boolean;
  /** If set: only what is for one of these can match. */
  readonly principals: ReadonlySet<string> | undefined;
}

export function scheduleFilter(
  management: Management,
  call: ArmCall,
  action: string,
): ScheduleFilter {
  const { directory, resources } = management;
  const { scope = '/' } = call.params;
  const filter = call.request.query.$filter;
  const self = callerOf(call).objectId.toLowerCase();
  const outer = new Set(outerScopes(scope, resources.groupsAbove(scope)));
  const tests: ((item: Listed) => boolean)[] = [];
  let below = true;
  let own = false;
  let principals: ReadonlySet<string> | undefined;
  const held = (id: string) => new Set([id, ...directory.memberOf(id)]);
  for (const clause of parseFilter(filter)) {
    const { name } = clause;
    if (clause.kind === 'call' && (name === 'astarget' || name === 'asrequestor')) {
      own = true;
      const ids = held(self);
      if (name === 'astarget') principals = ids;
      tests.push((item) =>
        name === 'astarget' ? ids.has(item.principalId.toLowerCase()) : item.requestorId === self,
      );
    } else if (clause.kind === 'call' && name === 'atscope') {
      below = false;
    } else if (clause.kind === 'call' && name === 'assignedto' && clause.argument) {
      const ids = held(clause.argument.toLowerCase());
      principals = ids;
      tests.push((item) => ids.has(item.principalId.toLowerCase()));
    } else if (clause.kind === 'equals' && name === 'principalid') {
      const id = clause.value.toLowerCase();
      principals = new Set([id]);
      tests.push((item) => item.principalId.toLowerCase() === id);
    } else if (clause.kind === 'equals' && name === 'roledefinitionid') {
      const role = parseRoleDefinitionId(clause.value);
      tests.push((item) => item.roleDefinitionName === role);
    } else {
      throw invalidFilter(filter ?? '');
    }
  }
  if (!own) management.require(call, { action, scope });
  const key = parseResourceId(scope)?.key ?? '/';
  const inner = key === '/' ? '/' : `${key}/`;
  return {
    principals,
    matches: (item) => {
      const at = item.scope.toLowerCase();
      if (!outer.has(at) && !(below && at.startsWith(inner))) return false;
      return tests.every((test) => test(item));
    },
  };
}
