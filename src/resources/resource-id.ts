// ARM resource ids: taken apart, put together, compared. Comparison is by whole segments and
// without case. It refuses every text that could be read in two ways: empty segments, `.` and `..`,
// anything percent-encoded, and characters that no name may have.

/** A well-formed id. `key` is its lower-case spelling: equal keys are the same resource. */
export interface ResourceId {
  readonly text: string;
  readonly key: string;
  readonly segments: readonly string[];
}

const ID_CHARACTERS_MAX = 2048;
const SEGMENTS_MAX = 64;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses.
const FORBIDDEN = /[\u0000-\u001f\u007f%\\?#*<>&"]/;

/**
 * `undefined` unless `text` is `/` or `/` and well-formed segments; one trailing slash is dropped.
 */
export function parseResourceId(text: string): ResourceId | undefined {
  if (text === '/') return { text, key: text, segments: [] };
  if (!text.startsWith('/') || text.length > ID_CHARACTERS_MAX) return undefined;
  const trimmed = text.endsWith('/') ? text.slice(0, -1) : text;
  const segments = trimmed.slice(1).split('/');
  if (segments.length > SEGMENTS_MAX || !segments.every(isWellFormed)) return undefined;
  return { text: trimmed, key: trimmed.toLowerCase(), segments };
}

function isWellFormed(segment: string): boolean {
  if (segment === '' || segment === '.' || segment === '..') return false;
  return segment.trim() === segment && !FORBIDDEN.test(segment);
}

/**
 * Is `inner` the same as `outer` or below it? By whole segments: `/vaults/ab` is not in
 * `/vaults/a`.
 */
export function isWithin(inner: string, outer: string): boolean {
  if (outer === '/') return true;
  const a = inner.toLowerCase();
  const b = outer.toLowerCase();
  return a === b || a.startsWith(`${b}/`);
}

export function isSameId(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

export interface ScopeParts {
  readonly subscriptionId?: string;
  readonly resourceGroup?: string;
  readonly managementGroup?: string;
}

const MANAGEMENT_GROUPS = '/providers/microsoft.management/managementgroups/';

/** The containers that an id names, whatever stands behind them. */
export function scopeParts({ key, segments }: ResourceId): ScopeParts {
  const [first, subscriptionId, third, resourceGroup] = segments;
  if (key.startsWith(MANAGEMENT_GROUPS)) {
    return resourceGroup === undefined ? {} : { managementGroup: resourceGroup };
  }
  if (first?.toLowerCase() !== 'subscriptions' || subscriptionId === undefined) return {};
  const inGroup = third?.toLowerCase() === 'resourcegroups' && resourceGroup !== undefined;
  return inGroup ? { subscriptionId, resourceGroup } : { subscriptionId };
}

export function subscriptionResourceId(subscriptionId: string): string {
  return `/subscriptions/${subscriptionId}`;
}

export function resourceGroupResourceId(subscriptionId: string, name: string): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${name}`;
}

export function managementGroupResourceId(name: string): string {
  return `/providers/Microsoft.Management/managementGroups/${name}`;
}
