// Proof that the access decision was made. A storage view opens only for a Grant, and only
// `authorization/decide.ts` may call `issueGrant` (the architecture test checks who imports it), so
// a handler cannot reach records without having passed the decision.
import type { Principal } from './principal.ts';

export interface GrantDetails {
  /** `undefined` is the system itself (purge, rotation, renewal) or an anonymous operation. */
  readonly principal: Principal | undefined;
  /** The action or data action that was allowed. */
  readonly action: string;
  /** Resource id that the decision was made for. */
  readonly scope: string;
  /** Storage prefix that this grant opens, for example `vault/<uid>/`. */
  readonly partition: string;
  /** Role assignment that allowed it, if one did. */
  readonly assignmentId?: string;
  /** `rbac`, `policy`, `system` or `anonymous`: by which model it was allowed. */
  readonly by: 'rbac' | 'policy' | 'directory' | 'authenticated' | 'anonymous' | 'system';
}

export class Grant implements GrantDetails {
  readonly principal: Principal | undefined;
  readonly action: string;
  readonly scope: string;
  readonly partition: string;
  readonly assignmentId?: string;
  readonly by: GrantDetails['by'];
  /** Only the constructor can set it, so its presence cannot be imitated. */
  readonly #issued = true;

  private constructor(details: GrantDetails) {
    this.principal = details.principal;
    this.action = details.action;
    this.scope = details.scope;
    this.partition = details.partition;
    if (details.assignmentId !== undefined) this.assignmentId = details.assignmentId;
    this.by = details.by;
    Object.freeze(this);
  }

  /** @internal For `issueGrant` only. */
  static issue(details: GrantDetails): Grant {
    return new Grant(details);
  }

  static isIssued(grant: Grant): boolean {
    return #issued in grant && grant.#issued;
  }
}

/** Only `authorization/decide.ts` may import this. */
export function issueGrant(details: GrantDetails): Grant {
  return Grant.issue(details);
}

/** Throws unless `grant` was really issued: an object that merely looks like one opens nothing. */
export function assertIssued(grant: Grant): void {
  if (!Grant.isIssued(grant)) throw new Error('not an issued grant');
}
