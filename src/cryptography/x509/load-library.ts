// Loads @peculiar/x509 when it is first needed: it takes a tenth of a second, which a start with a
// certificate at hand should not pay. Its container (tsyringe) refuses to load unless three
// metadata functions are on Reflect; they are given here rather than by one more package.

type Metadata = Map<unknown, unknown>;

const metadata = new WeakMap<WeakKey, Metadata>();

function getOwnMetadata(key: unknown, target: WeakKey): unknown {
  return metadata.get(target)?.get(key);
}

function getMetadata(key: unknown, target: WeakKey): unknown {
  for (let owner: unknown = target; isWeakKey(owner); owner = Object.getPrototypeOf(owner)) {
    const value = getOwnMetadata(key, owner);
    if (value !== undefined) return value;
  }
  return undefined;
}

function defineMetadata(key: unknown, value: unknown, target: WeakKey): void {
  const own: Metadata = metadata.get(target) ?? new Map();
  metadata.set(target, own.set(key, value));
}

function isWeakKey(value: unknown): value is WeakKey {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** The library. Whoever brought a complete metadata implementation along keeps it. */
export function loadX509Library(): Promise<typeof import('@peculiar/x509')> {
  if (!('getMetadata' in Reflect)) {
    Object.assign(Reflect, { defineMetadata, getMetadata, getOwnMetadata });
  }
  return import('@peculiar/x509');
}
