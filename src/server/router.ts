// Routes a path to an operation row. Compiled once from the rows: a tree of segments, literals
// before parameters, letters of either case. It knows nothing of what the paths mean.
//
// Beyond plain matching, as Key Vault and ARM clients need it (`azure/semantics.md` §4,
// `clients.md`):
// - doubled leading slashes and one trailing slash do not matter;
// - doubled slashes anywhere are one where the plane says so, otherwise an empty parameter;
// - a parameter right behind another may be left out (`/secrets/n` is `/secrets/n/`, the latest);
// - a leading `{scope}` takes any number of segments, none included;
// - a last `{+name}` takes all that is left, slashes as they came: base64 in a path (RFC 6960).
import type { Operation } from '#kernel';

/** Path parameters by name, percent-decoded. */
export type PathParams = Readonly<Record<string, string>>;

export type Match<Target> =
  | {
      readonly kind: 'found';
      readonly operation: Operation<Target>;
      readonly params: PathParams;
    }
  | { readonly kind: 'wrong-method' }
  | { readonly kind: 'unknown' };

interface Node<Target> {
  readonly literals: Map<string, Node<Target>>;
  parameter: Node<Target> | undefined;
  readonly rows: Map<string, Leaf<Target>>;
}

interface Leaf<Target> {
  readonly operation: Operation<Target>;
  /**
   * Parameter names in the order they are met; `undefined` for one that this variant leaves out.
   */
  readonly names: readonly string[];
  readonly omitted: readonly string[];
}

/** A row whose last parameter takes the rest of the path. */
interface Rest<Target> {
  /** In lower case, with a slash at its end. */
  readonly prefix: string;
  readonly name: string;
  readonly operation: Operation<Target>;
}

const SCOPE = '{scope}';
const REST = /^(.*\/)\{\+(\w+)\}$/;
const SEGMENTS_MAX = 64;

export class Router<Target> {
  readonly #root: Node<Target> = newNode();
  readonly #scoped: Node<Target> = newNode();
  /** First literals behind `{scope}`, where a scope may end. */
  readonly #scopeEnds = new Set<string>();

  readonly #rests: Rest<Target>[] = [];
  readonly #mergesSlashes: boolean;

  constructor(operations: readonly Operation<Target>[], mergesSlashes = false) {
    this.#mergesSlashes = mergesSlashes;
    for (const row of operations) this.#add(row);
  }

  match(method: string, path: string): Match<Target> {
    const rest = this.#matchRest(method, path);
    if (rest !== undefined) return rest;
    const segments = splitPath(this.#mergesSlashes ? path.replace(/\/{2,}/g, '/') : path);
    if (segments === undefined) return { kind: 'unknown' };
    const plain = find(this.#root, segments, 0);
    const found = pick(plain, method, {});
    if (found?.kind === 'found') return found;
    return this.#matchScoped(method, segments) ?? found ?? { kind: 'unknown' };
  }

  #matchRest(method: string, path: string): Match<Target> | undefined {
    const given = path.replace(/^\/+/, '/');
    const lower = given.toLowerCase();
    const reached = this.#rests.filter(
      ({ prefix }) => given.length > prefix.length && lower.startsWith(prefix),
    );
    const rest = reached.find(({ operation }) => operation.method === method);
    if (rest === undefined) return reached.length > 0 ? { kind: 'wrong-method' } : undefined;
    const value = decode(given.slice(rest.prefix.length));
    if (value === undefined) return { kind: 'unknown' };
    return { kind: 'found', operation: rest.operation, params: { [rest.name]: value } };
  }

  /**
   * Tries the longest scope first: `/a/providers/X/b/providers/Y/c` belongs to Y at
   * `/a/providers/X/b`.
   */
  #matchScoped(method: string, segments: readonly string[]): Match<Target> | undefined {
    let other: Match<Target> | undefined;
    for (let end = segments.length - 1; end >= 0; end--) {
      if (!this.#scopeEnds.has((segments[end] ?? '').toLowerCase())) continue;
      const scope = segments.slice(0, end);
      if (scope.some((segment) => segment === '' || segment.includes('/'))) continue;
      const tail = find(this.#scoped, segments, end);
      const match = pick(tail, method, { scope: `/${scope.join('/')}` });
      if (match?.kind === 'found') return match;
      other ??= match;
    }
    return other;
  }

  #add(operation: Operation<Target>): void {
    const [, prefix, name] = REST.exec(operation.path) ?? [];
    if (prefix !== undefined && name !== undefined) {
      this.#rests.push({ prefix: prefix.toLowerCase(), name, operation });
      return;
    }
    const template = operation.path === '/' ? [] : operation.path.split('/').slice(1);
    const scoped = template[0] === SCOPE;
    const segments = scoped ? template.slice(1) : template;
    if (scoped) this.#scopeEnds.add((segments[0] ?? '').toLowerCase());
    for (const variant of variants(segments)) {
      insert(scoped ? this.#scoped : this.#root, variant, operation);
    }
  }
}

interface Variant {
  readonly segments: readonly string[];
  readonly omitted: readonly string[];
}

function variants(segments: readonly string[]): Variant[] {
  const all: Variant[] = [{ segments, omitted: [] }];
  for (let at = 1; at < segments.length; at++) {
    const name = parameterName(segments[at]);
    if (name === undefined || parameterName(segments[at - 1]) === undefined) continue;
    all.push({ segments: segments.filter((_segment, i) => i !== at), omitted: [name] });
  }
  return all;
}

function insert<Target>(root: Node<Target>, variant: Variant, operation: Operation<Target>): void {
  let node = root;
  const names: string[] = [];
  for (const segment of variant.segments) {
    const name = parameterName(segment);
    if (name === undefined) {
      const literal = segment.toLowerCase();
      const next = node.literals.get(literal) ?? newNode<Target>();
      node.literals.set(literal, next);
      node = next;
    } else {
      names.push(name);
      node.parameter ??= newNode<Target>();
      node = node.parameter;
    }
  }
  const taken = node.rows.get(operation.method);
  if (taken === undefined || taken.omitted.length > variant.omitted.length) {
    node.rows.set(operation.method, { operation, names, omitted: variant.omitted });
  } else if (variant.omitted.length === 0) {
    throw new Error(`${operation.id} and ${taken.operation.id} have the same method and path`);
  }
}

interface Reached<Target> {
  readonly node: Node<Target>;
  readonly values: readonly string[];
}

/** Every node that the segments from `start` reach, literals first. */
function find<Target>(
  root: Node<Target>,
  segments: readonly string[],
  start: number,
): readonly Reached<Target>[] {
  let open: Reached<Target>[] = [{ node: root, values: [] }];
  for (let i = start; i < segments.length; i++) {
    const segment = segments[i] ?? '';
    const lower = segment.toLowerCase();
    const next: Reached<Target>[] = [];
    for (const { node, values } of open) {
      const literal = node.literals.get(lower);
      if (literal) next.push({ node: literal, values });
      if (node.parameter) next.push({ node: node.parameter, values: [...values, segment] });
    }
    open = next;
  }
  return open;
}

function pick<Target>(
  reached: readonly Reached<Target>[],
  method: string,
  extra: PathParams,
): Match<Target> | undefined {
  let pathExists = false;
  for (const { node, values } of reached) {
    const leaf = node.rows.get(method);
    if (leaf)
      return { kind: 'found', operation: leaf.operation, params: name(leaf, values, extra) };
    if (node.rows.size > 0) pathExists = true;
  }
  return pathExists ? { kind: 'wrong-method' } : undefined;
}

function name<Target>(
  leaf: Leaf<Target>,
  values: readonly string[],
  extra: PathParams,
): PathParams {
  const params: Record<string, string> = { ...extra };
  for (let i = 0; i < leaf.names.length; i++) params[leaf.names[i] ?? ''] = values[i] ?? '';
  for (const omitted of leaf.omitted) params[omitted] = '';
  return params;
}

/** Percent-decodes each segment once. `undefined` for a broken encoding or too many segments. */
function splitPath(path: string): string[] | undefined {
  const segments = path.replace(/^\/+/, '').split('/');
  if (segments.length > 1 && segments[segments.length - 1] === '') segments.pop();
  if (segments.length === 1 && segments[0] === '') return [];
  if (segments.length > SEGMENTS_MAX) return undefined;
  if (!path.includes('%')) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function parameterName(segment: string | undefined): string | undefined {
  return segment?.startsWith('{') && segment.endsWith('}') ? segment.slice(1, -1) : undefined;
}

function newNode<Target>(): Node<Target> {
  return { literals: new Map(), parameter: undefined, rows: new Map() };
}
