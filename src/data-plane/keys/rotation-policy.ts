// Rotation policies: what may stand in one, and the expiry a rotated key gets. Durations are ISO
// 8601 dates (`P90D`, `P2M`, `P1Y6M`); compared with each other, a month counts 30 days and a year
// 365.
import { type Schema, z } from '#kernel';
import { invalidProperties } from '../object/invalid-property.ts';
import type { Place } from '../vault-target.ts';

export interface LifetimeAction {
  readonly trigger: { readonly timeAfterCreate?: string; readonly timeBeforeExpiry?: string };
  readonly action: { readonly type: 'Rotate' | 'Notify' };
}

/** As stored, under the key's own data. */
export interface RotationPolicy {
  readonly lifetimeActions: readonly LifetimeAction[];
  readonly expiryTime?: string;
  readonly created: number;
  readonly updated: number;
}

export interface GivenRotationPolicy {
  readonly lifetimeActions?: readonly GivenAction[] | null | undefined;
  readonly attributes?: { readonly expiryTime?: string | null | undefined } | null | undefined;
}

interface GivenAction {
  readonly trigger: {
    readonly timeAfterCreate?: string | null | undefined;
    readonly timeBeforeExpiry?: string | null | undefined;
  };
  readonly action: { readonly type: string };
}

const duration = z
  .string()
  .refine((text) => parseDuration(text) !== undefined)
  .nullish();

export const rotationPolicySchema: Schema<GivenRotationPolicy> = z.object({
  lifetimeActions: z
    .array(
      z.object({
        trigger: z.object({ timeAfterCreate: duration, timeBeforeExpiry: duration }),
        action: z.object({ type: z.string() }),
      }),
    )
    .max(2)
    .nullish(),
  attributes: z.object({ expiryTime: duration }).nullish(),
});

// DOC keys/how-to-configure-key-rotation.md; `azure/facts/limits.json`.
const EXPIRY_DAYS_MIN = 28;
const TRIGGER_DAYS_MIN = 7;
/** Recorded: a policy without a Notify action is given this one. */
const DEFAULT_NOTIFY: LifetimeAction = {
  trigger: { timeBeforeExpiry: 'P30D' },
  action: { type: 'Notify' },
};

export interface Duration {
  readonly years: number;
  readonly months: number;
  readonly days: number;
}

const DURATION = /^P(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?$/;

/** `undefined` unless it is a duration of at least a day in years, months and days. */
export function parseDuration(text: string): Duration | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  const [years = 0, months = 0, days = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return years + months + days > 0 ? { years, months, days } : undefined;
}

function daysOf(text: string): number {
  const { years, months, days } = parseDuration(text) ?? { years: 0, months: 0, days: 0 };
  return years * 365 + months * 30 + days;
}

/** Unix seconds, by the calendar: a month after 31 January is the last day of February. */
export function addDuration(seconds: number, text: string): number {
  return shift(seconds, text, 1);
}

export function subtractDuration(seconds: number, text: string): number {
  return shift(seconds, text, -1);
}

function shift(seconds: number, text: string, sign: 1 | -1): number {
  const { years, months, days } = parseDuration(text) ?? { years: 0, months: 0, days: 0 };
  const date = new Date(seconds * 1000);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + sign * (years * 12 + months));
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0));
  date.setUTCDate(Math.min(day, lastDay.getUTCDate()));
  return Math.floor(date.getTime() / 1000) + sign * days * 86_400;
}

/** When a version made now expires; `undefined`: the policy does not say. */
export function rotatedExpiry(policy: RotationPolicy, nowSeconds: number): number | undefined {
  return policy.expiryTime === undefined ? undefined : addDuration(nowSeconds, policy.expiryTime);
}

/** Throws BadParameter naming what does not fit. */
export function parseRotationPolicy(
  given: GivenRotationPolicy,
  times: Pick<RotationPolicy, 'created' | 'updated'>,
): RotationPolicy {
  const expiryTime = given.attributes?.expiryTime ?? undefined;
  if (expiryTime !== undefined && daysOf(expiryTime) < EXPIRY_DAYS_MIN) {
    throw invalidProperties(['attributes.expiryTime']);
  }
  const actions = (given.lifetimeActions ?? []).map((action, i) =>
    parseAction(action, { expiryTime, path: `lifetimeActions.${i}` }),
  );
  const types = new Set(actions.map(({ action }) => action.type));
  if (types.size < actions.length) throw invalidProperties(['lifetimeActions']);
  return {
    lifetimeActions: types.has('Notify') ? actions : [...actions, DEFAULT_NOTIFY],
    ...(expiryTime !== undefined && { expiryTime }),
    ...times,
  };
}

function parseAction(
  { trigger, action }: GivenAction,
  { expiryTime, path }: { readonly expiryTime: string | undefined; readonly path: string },
): LifetimeAction {
  const type = parseType(action.type, path);
  const { timeAfterCreate: after, timeBeforeExpiry: before } = trigger;
  const refused = invalidProperties([`${path}.trigger`]);
  if (before != null && after == null) {
    // Without an expiry there is nothing to rotate before; a notice waits for one to be set.
    if (type === 'Rotate' && expiryTime === undefined) throw refused;
    checkDistance(before, expiryTime, refused);
    return { trigger: { timeBeforeExpiry: before }, action: { type } };
  }
  if (after == null || before != null || type === 'Notify') throw refused;
  checkDistance(after, expiryTime, refused);
  return { trigger: { timeAfterCreate: after }, action: { type } };
}

/** At least seven days from either end of the key's life. */
function checkDistance(text: string, expiryTime: string | undefined, refused: Error): void {
  const days = daysOf(text);
  const room = expiryTime === undefined ? Number.POSITIVE_INFINITY : daysOf(expiryTime) - days;
  if (days < TRIGGER_DAYS_MIN || room < TRIGGER_DAYS_MIN) throw refused;
}

/** Recorded: `rotate` is understood, and printed as `Rotate`. */
function parseType(text: string, path: string): 'Rotate' | 'Notify' {
  if (text.toLowerCase() === 'rotate') return 'Rotate';
  if (text.toLowerCase() === 'notify') return 'Notify';
  throw invalidProperties([`${path}.action.type`]);
}

/** Recorded: a policy that was never set has no id, and `null` for its attributes. */
export function renderRotationPolicy(
  policy: RotationPolicy | undefined,
  name: string,
  place: Place,
): object {
  if (policy === undefined) return { lifetimeActions: [DEFAULT_NOTIFY], attributes: null };
  const { lifetimeActions, ...attributes } = policy;
  return { id: `${place.origin}/keys/${name}/rotationpolicy`, lifetimeActions, attributes };
}
