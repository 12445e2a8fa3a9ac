// The rules of just-in-time access: what a request asks for, which eligibility an activation rests
// on, and what a schedule means at a given moment. Pure.
import { resourceManagerErrors } from '#errors';
import { ApiError, z } from '#kernel';
import { isSameId, isWithin, type RoleSchedule } from '#resources';
import { parseDuration } from './duration.ts';

const text = (charactersMax: number) => z.string().max(charactersMax).nullish();

export const scheduleRequestSchema = z.looseObject({
  properties: z.looseObject({
    principalId: z.guid(),
    roleDefinitionId: z.string(),
    requestType: z.string(),
    linkedRoleEligibilityScheduleId: text(1024),
    targetRoleAssignmentScheduleId: text(1024),
    targetRoleEligibilityScheduleId: text(1024),
    justification: text(2048),
    ticketInfo: z.looseObject({ ticketNumber: text(256), ticketSystem: text(256) }).nullish(),
    scheduleInfo: z
      .looseObject({
        startDateTime: text(64),
        expiration: z
          .looseObject({ type: text(32), duration: text(64), endDateTime: text(64) })
          .nullish(),
      })
      .nullish(),
    condition: text(16_384),
    conditionVersion: text(8),
  }),
});

export type ScheduleRequestInput = z.infer<typeof scheduleRequestSchema>['properties'];

export const requestTypes = {
  eligibility: [
    'AdminAssign',
    'AdminUpdate',
    'AdminExtend',
    'AdminRenew',
    'AdminRemove',
    'SelfExtend',
    'SelfRenew',
  ],
  assignment: [
    'AdminAssign',
    'AdminUpdate',
    'AdminExtend',
    'AdminRenew',
    'AdminRemove',
    'SelfActivate',
    'SelfDeactivate',
    'SelfExtend',
    'SelfRenew',
  ],
} as const;

export function parseRequestType(kind: RoleSchedule['kind'], given: string): string {
  const found = requestTypes[kind].find((type) => isSameId(type, given));
  if (found !== undefined) return found;
  throw new ApiError(resourceManagerErrors.invalidValue, { property: 'requestType' });
}

export interface Window {
  readonly startsAtMs: number;
  /** `undefined`: without end. */
  readonly durationMs?: number;
}

/** A start that is past, or absent, is now. Throws InvalidRoleAssignmentRequestSchedule. */
export function parseWindow(info: ScheduleRequestInput['scheduleInfo'], nowMs: number): Window {
  const given = info?.startDateTime == null ? nowMs : parseTime(info.startDateTime);
  const startsAtMs = Math.max(given, nowMs);
  const expiration = info?.expiration;
  switch (expiration?.type?.toLowerCase() ?? 'noexpiration') {
    case 'noexpiration':
      return { startsAtMs };
    case 'afterduration': {
      const durationMs = parseDuration(expiration?.duration ?? '');
      if (durationMs === undefined) throw invalid('The duration is not one.');
      return { startsAtMs, durationMs };
    }
    case 'afterdatetime': {
      const durationMs = parseTime(expiration?.endDateTime ?? '') - startsAtMs;
      if (durationMs <= 0) throw invalid('The end is not after the start.');
      return { startsAtMs, durationMs };
    }
    default:
      throw invalid('The type of the expiration is not known.');
  }
}

function parseTime(given: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}T/.test(given) ? Date.parse(given) : Number.NaN;
  if (Number.isNaN(ms)) throw invalid('A time is not one.');
  return ms;
}

function invalid(detail: string): ApiError {
  return new ApiError(resourceManagerErrors.scheduleInvalid, { detail });
}

export function endOf({ startsAtMs, durationMs }: Window): number | undefined {
  return durationMs === undefined ? undefined : startsAtMs + durationMs;
}

/** Of two ends; none is later than any. */
export function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.min(a, b);
}

/** Has it begun and not ended? */
export function isEffective({ startsAtMs, endsAtMs }: RoleSchedule, nowMs: number): boolean {
  return nowMs >= startsAtMs && (endsAtMs === undefined || nowMs < endsAtMs);
}

export function isOver({ endsAtMs }: RoleSchedule, nowMs: number): boolean {
  return endsAtMs !== undefined && nowMs >= endsAtMs;
}

export interface Activation {
  readonly scope: string;
  readonly roleDefinitionName: string;
  /** The caller, in lower case, and every group he belongs to. */
  readonly principals: ReadonlySet<string>;
  /** Name of the eligibility to use; any that fits if absent. */
  readonly linked: string | undefined;
  readonly nowMs: number;
}

/** An effective eligibility of the caller for that role, at the scope or above it. */
export function findEligibility(
  schedules: Iterable<RoleSchedule>,
  activation: Activation,
): RoleSchedule | undefined {
  for (const schedule of schedules) if (permits(schedule, activation)) return schedule;
  return undefined;
}

export function permits(schedule: RoleSchedule, activation: Activation): boolean {
  const { scope, roleDefinitionName, principals, linked, nowMs } = activation;
  return (
    schedule.kind === 'eligibility' &&
    (linked === undefined || isSameId(schedule.name, linked)) &&
    isSameId(schedule.roleDefinitionName, roleDefinitionName) &&
    principals.has(schedule.principalId.toLowerCase()) &&
    isWithin(scope, schedule.scope) &&
    isEffective(schedule, nowMs)
  );
}

export interface Grantee {
  readonly kind: RoleSchedule['kind'];
  readonly scope: string;
  readonly roleDefinitionName: string;
  readonly principalId: string;
}

/** The schedule for exactly this grant that is not over. */
export function findSchedule(
  schedules: Iterable<RoleSchedule>,
  wanted: Grantee,
  nowMs: number,
): RoleSchedule | undefined {
  for (const schedule of schedules) {
    if (
      schedule.kind === wanted.kind &&
      isSameId(schedule.scope, wanted.scope) &&
      isSameId(schedule.roleDefinitionName, wanted.roleDefinitionName) &&
      isSameId(schedule.principalId, wanted.principalId) &&
      !isOver(schedule, nowMs)
    ) {
      return schedule;
    }
  }
  return undefined;
}
