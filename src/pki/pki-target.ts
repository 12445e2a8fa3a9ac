// What the rows of this plane have in common.
import type { AuthorityContext } from '#certificate-authority';
import type { ApiVersions } from '#kernel';
import type { Storage } from '#storage';

export interface PkiTarget {
  readonly host: 'pki';
}

export interface PkiContext {
  readonly storage: Storage;
  readonly authority: AuthorityContext;
}

/** No api-version: the addresses stand in certificates. */
export const unversioned: ApiVersions = { required: false, accepts: () => true };
