// Links from a group, an application or a service principal to its members and owners. Writes only;
// that the linked object exists is for the caller to see to.
import { graphErrors } from '#errors';
import { ApiError } from '#kernel';
import type { View } from '#storage';
import { notFound, type Stored, update } from './object-store.ts';

/** Entra's bound on owners. */
const OWNERS_MAX = 100;
const MEMBERS_MAX = 100_000;

export type Reference = {
  /** Whose link it is. */
  readonly id: string;
  /** Object ids to link, or to unlink. */
  readonly objectIds: readonly string[];
} & (
  | { readonly kind: 'group'; readonly property: 'members' | 'owners' }
  | { readonly kind: 'application' | 'servicePrincipal'; readonly property: 'owners' }
);

type Linking = Stored & Readonly<Partial<Record<'members' | 'owners', readonly string[]>>>;

/** All of them or none. Throws if one is linked already, or there would be too many. */
export async function addReferences(view: View, reference: Reference): Promise<void> {
  const { kind, id, property, objectIds } = reference;
  await update<Linking>(view, { kind, id }, (before) => {
    const present = before[property] ?? [];
    const known = new Set(present);
    if (objectIds.some((one) => known.has(one)) || new Set(objectIds).size < objectIds.length) {
      throw new ApiError(graphErrors.referenceExists, { property });
    }
    const after = [...present, ...objectIds];
    if (after.length > (property === 'owners' ? OWNERS_MAX : MEMBERS_MAX)) {
      throw new ApiError(graphErrors.badRequest, {
        detail: `The number of ${property} has reached its limit.`,
      });
    }
    if (kind === 'group' && objectIds.includes(id)) {
      throw new ApiError(graphErrors.badRequest, { detail: 'A group cannot belong to itself.' });
    }
    return { ...before, [property]: after };
  });
}

/** Throws `Request_ResourceNotFound` for one that is not linked. */
export async function removeReferences(view: View, reference: Reference): Promise<void> {
  const { kind, id, property, objectIds } = reference;
  await update<Linking>(view, { kind, id }, (before) => {
    const present = before[property] ?? [];
    for (const one of objectIds) if (!present.includes(one)) throw notFound(one);
    return { ...before, [property]: present.filter((one) => !objectIds.includes(one)) };
  });
}
