// Schedules and their instances: what just-in-time access there is, and what of it is in effect
// now. Assignments that were made without a schedule are listed as assignments without end, as in
// Azure.
import { resourceManagerErrors } from '#errors';
import { ApiError, type Operation } from '#kernel';
import { isSameId, type RoleAssignment, type RoleSchedule } from '#resources';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow } from '../arm-row.ts';
import { scopedNames } from '../handling.ts';
import { renderList } from '../list.ts';
import type { Management, ManagementTarget } from '../management.ts';
import { assignmentsFor } from '../role-assignments/operations.ts';
import { isEffective, isOver } from './schedule.ts';
import { scheduleFilter } from './schedule-filter.ts';
import { renderInstance, renderSchedule } from './wire.ts';

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors'>;
const base: RowBase = { versions: armVersions.schedules, success: 200, errors: [] };

type Render = (management: Management, schedule: RoleSchedule) => unknown;

export function scheduleRows(management: Management): readonly ArmRow[] {
  return (['eligibility', 'assignment'] as const).flatMap((kind) => {
    const title = kind === 'eligibility' ? 'RoleEligibility' : 'RoleAssignment';
    return [
      ...rowsOf(management, {
        kind,
        title: `${title}Schedule`,
        render: renderSchedule,
        shown: (schedule, nowMs) => !isOver(schedule, nowMs),
      }),
      ...rowsOf(management, {
        kind,
        title: `${title}ScheduleInstance`,
        render: renderInstance,
        shown: isEffective,
      }),
    ];
  });
}

interface Listing {
  readonly kind: RoleSchedule['kind'];
  /** For example `RoleEligibilitySchedule`. */
  readonly title: string;
  readonly render: Render;
  readonly shown: (schedule: RoleSchedule, nowMs: number) => boolean;
}

function rowsOf(management: Management, listing: Listing): readonly ArmRow[] {
  const { kind, title, render, shown } = listing;
  const type = `r${title.slice(1)}s`;
  const list = `/{scope}/providers/Microsoft.Authorization/${type}`;
  const access = { kind: 'action', action: `Microsoft.Authorization/${type}/read` } as const;
  return [
    armRow(
      {
        ...{ ...base, id: `${title}s_ListForScope`, method: 'GET', path: list, access },
        ...{ audit: `${title}List`, params: scopedNames() },
        handle: (call) => {
          const { matches, principals } = scheduleFilter(management, call, access.action);
          const nowMs = management.clock.now();
          const items = [...schedulesOf(management, kind, { ...call.params, principals })];
          return renderList({
            request: call.request,
            items: items.filter((schedule) => shown(schedule, nowMs) && matches(schedule)),
            key: ({ name }) => name,
            render: (schedule) => render(management, schedule),
          });
        },
      },
      { decidedBy: 'handler' },
    ),
    armRow({
      ...{ ...base, id: `${title}s_Get`, method: 'GET', path: `${list}/{scheduleName}`, access },
      ...{ audit: `${title}Get`, params: scopedNames('scheduleName') },
      errors: [resourceManagerErrors.notFound],
      handle: ({ params }) => {
        const { scope = '/', scheduleName = '' } = params;
        const schedule = scheduleNamed(management, kind, scheduleName);
        const found = schedule !== undefined && isSameId(schedule.scope, scope);
        if (!found || !shown(schedule, management.clock.now())) {
          throw new ApiError(resourceManagerErrors.notFound);
        }
        return { body: render(management, schedule) };
      },
    }),
  ];
}

interface Narrowed {
  readonly scope?: string;
  readonly principals: ReadonlySet<string> | undefined;
}

/** At, above and below the scope; more than match the filter perhaps, never less. */
function* schedulesOf(
  management: Management,
  kind: RoleSchedule['kind'],
  { scope = '/', principals }: Narrowed,
): Iterable<RoleSchedule> {
  const { resources } = management;
  for (const schedule of resources.roleSchedules().values()) {
    if (schedule.kind === kind) yield schedule;
  }
  if (kind === 'eligibility') return;
  const assignments =
    principals === undefined
      ? assignmentsFor(management, scope, undefined)
      : resources.assignmentIndex().of(principals);
  for (const assignment of assignments) {
    if (assignment.scheduleId === undefined) yield withoutEnd(assignment);
  }
}

function scheduleNamed(
  { resources }: Management,
  kind: RoleSchedule['kind'],
  name: string,
): RoleSchedule | undefined {
  const schedule = resources.roleSchedules().get(name.toLowerCase());
  if (schedule !== undefined) return schedule.kind === kind ? schedule : undefined;
  const assignment =
    kind === 'assignment' ? resources.roleAssignments().get(name.toLowerCase()) : undefined;
  return assignment?.scheduleId === undefined && assignment ? withoutEnd(assignment) : undefined;
}

function withoutEnd(assignment: RoleAssignment): RoleSchedule {
  const { name, scope, roleDefinitionName, principalId, principalType } = assignment;
  const { condition, conditionVersion, createdOn, updatedOn } = assignment;
  return {
    ...{ kind: 'assignment', name, scope, roleDefinitionName, principalId, principalType },
    ...(condition !== undefined && { condition }),
    ...(conditionVersion !== undefined && { conditionVersion }),
    ...{ startsAtMs: Date.parse(createdOn) || 0, requestName: '', createdOn, updatedOn },
  };
}
