// A row of the management plane: an operation, and the resource id its decision is made for. That
// id is the path template filled in, cut behind its last complete type/name pair, so that a list is
// decided at what contains it and an action at what it acts on.
import type { Attributes } from '#authorization';
import { resourceManagerErrors } from '#errors';
import { ApiError, type Operation, type OperationRow, operation } from '#kernel';
import type { ManagementTarget } from './management.ts';

export type PathParams = Readonly<Record<string, string>>;

export interface ArmRow {
  readonly operation: Operation<ManagementTarget>;
  readonly scope: (params: PathParams) => string;
  /** What conditions may look at, as far as it is known before the body is read. */
  readonly attributes: (params: PathParams) => Attributes | undefined;
  /**
   * `handler`: the answer depends on the body or on each item of a list, so the handler asks
   * `Management.require` itself; until then it holds a grant that opens no record.
   */
  readonly decidedBy: 'pipeline' | 'handler';
}

export interface ArmRowOptions {
  readonly decidedBy?: 'handler';
  readonly attributes?: (params: PathParams) => Attributes | undefined;
}

export function armRow<P = unknown, Q = unknown, B = unknown>(
  row: OperationRow<ManagementTarget, P, Q, B>,
  options: ArmRowOptions = {},
): ArmRow {
  const template = row.path.split('/').slice(1);
  return {
    operation: operation(row),
    scope: (params) => fillScope(template, params),
    attributes: options.attributes ?? (() => undefined),
    decidedBy: options.decidedBy ?? 'pipeline',
  };
}

const SCOPE = '{scope}';

/** Throws InvalidResourceId for a name that would become more than one segment. */
export function fillScope(template: readonly string[], params: PathParams): string {
  const scoped = template[0] === SCOPE;
  const scope = scoped ? (params.scope ?? '/') : '/';
  const segments = (scoped ? template.slice(1) : template).map((part) => fill(part, params));
  const kept = segments.slice(0, lastPairEnd(segments, scoped));
  const tail = kept.length === 0 ? '' : `/${kept.join('/')}`;
  return scope === '/' ? tail || '/' : scope + tail;
}

function fill(part: string, params: PathParams): string {
  if (!part.startsWith('{')) return part;
  const value = params[part.slice(1, -1)] ?? '';
  if (value === '' || value.includes('/')) {
    throw new ApiError(resourceManagerErrors.resourceIdInvalid);
  }
  return value;
}

/** Behind `providers/<namespace>` come type/name pairs; before it, too. */
function lastPairEnd(segments: readonly string[], scoped: boolean): number {
  let end = 0;
  let at = 0;
  while (at < segments.length) {
    if (segments[at]?.toLowerCase() === 'providers') {
      at += 2;
      // `providers/<namespace>` alone is no resource; at least one pair has to follow.
      if (at + 2 > segments.length) break;
    } else if (at === 0 && scoped) {
      break;
    }
    if (at + 2 > segments.length) break;
    at += 2;
    end = at;
  }
  return end;
}
