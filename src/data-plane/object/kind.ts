// What sets secrets, keys and certificates apart as far as this folder is concerned: where they are
// kept and in which words their errors are told. Everything else here is the same for all three.
import type { ObjectErrors } from '#errors';

export type Collection = 'secrets' | 'keys' | 'certificates';

/** As audit and event names have them. */
export const nouns = {
  secrets: 'Secret',
  keys: 'Key',
  certificates: 'Certificate',
} as const satisfies Record<Collection, string>;

export interface ObjectKind {
  /** Path segment of URLs and of storage. */
  readonly collection: Collection;
  readonly errors: ObjectErrors;
}
