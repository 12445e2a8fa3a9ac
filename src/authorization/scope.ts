// Azure scopes as the decision sees them: a resource id taken apart into the nodes at which someone
// may hold an assignment. Only whole nodes count, so `/vaults/a` is never above `/vaults/ab`, and
// nothing is assigned at `/subscriptions`. It refuses ids that end in the middle of a node, and
// every spelling that `parseResourceId` refuses as ambiguous.
import { parseResourceId } from '#resources';

export interface Scope {
  /** Lower-case id; equal keys are the same scope. */
  readonly key: string;
  /** Keys from the scope itself outwards; the last one is `/`. Management groups are not in it. */
  readonly nodes: readonly string[];
  /** Key of the subscription or management group that it stands in: parents are above that. */
  readonly container: string | undefined;
}

const MANAGEMENT_GROUPS = ['providers', 'microsoft.management', 'managementgroups'];
const OBJECT = /^(secrets|keys|certificates)\/[0-9a-z-]{1,127}$/;

export const ROOT_SCOPE: Scope = { key: '/', nodes: ['/'], container: undefined };

/** `undefined` for anything that is not one exact scope. */
export function parseScope(text: string): Scope | undefined {
  const id = parseResourceId(text);
  if (id === undefined) return undefined;
  if (id.key === '/') return ROOT_SCOPE;
  const segments = id.key.slice(1).split('/');
  const ends = nodeEnds(segments);
  if (ends === undefined) return undefined;
  const nodes = ends.map((end) => `/${segments.slice(0, end).join('/')}`).reverse();
  return { key: id.key, nodes: [...nodes, '/'], container: containerOf(segments) };
}

/**
 * Scope of one object in a vault: `object` is `secrets/<name>`, `keys/<name>` or
 * `certificates/<name>`. `undefined` for a name that no object can have.
 */
export function objectScope(vault: Scope, object: string): Scope | undefined {
  const relative = object.toLowerCase();
  if (!OBJECT.test(relative)) return undefined;
  const key = `${vault.key}/${relative}`;
  return { key, nodes: [key, ...vault.nodes], container: vault.container };
}

function containerOf(segments: readonly string[]): string | undefined {
  if (segments[0] === 'subscriptions') return `/subscriptions/${segments[1]}`;
  const inGroup = MANAGEMENT_GROUPS.every((segment, index) => segments[index] === segment);
  return inGroup ? `/${segments.slice(0, 4).join('/')}` : undefined;
}

/**
 * Where each node ends, in segments, outermost first; `undefined` if the shape is not a scope's.
 */
function nodeEnds(segments: readonly string[]): number[] | undefined {
  const ends: number[] = [];
  let at = 0;
  if (segments[0] === 'subscriptions') {
    ends.push(2);
    at = 2;
    if (segments[2] === 'resourcegroups') {
      ends.push(4);
      at = 4;
    }
  }
  while (at < segments.length) {
    if (segments[at] !== 'providers') return undefined;
    at += 2;
    do {
      at += 2;
      ends.push(at);
    } while (at < segments.length && segments[at] !== 'providers');
  }
  return ends.length > 0 && ends.at(-1) === segments.length ? ends : undefined;
}
