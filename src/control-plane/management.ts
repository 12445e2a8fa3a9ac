// What every handler of the management plane works with, and the one place where a handler asks for
// a decision of its own: about list items, and where the answer depends on the request's body.
import type { Authenticator } from '#authentication';
import type { Attributes, Authorizer, Decision, DenialReason } from '#authorization';
import type { Endpoints } from '#config';
import type { Directory } from '#directory';
import { resourceManagerErrors } from '#errors';
import {
  ApiError,
  type CallContext,
  type Clock,
  type Grant,
  type Operation,
  type Principal,
} from '#kernel';
import type { Resources } from '#resources';
import type { Storage } from '#storage';

/** The management host has one target: itself. */
export interface ManagementTarget {
  readonly host: 'management';
}

export const MANAGEMENT_TARGET: ManagementTarget = Object.freeze({ host: 'management' });

export interface ManagementOptions {
  readonly storage: Storage;
  readonly resources: Resources;
  readonly directory: Directory;
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly endpoints: Endpoints;
  /** The vaults' own operations, so that `explain` can be asked about one by its name. */
  readonly vaultOperations?: readonly Pick<Operation, 'id' | 'access'>[];
}

export type ArmContext = Pick<CallContext<ManagementTarget>, 'principal' | 'request'>;

export interface ActionQuestion {
  readonly action: string;
  readonly scope: string;
  readonly attributes?: Attributes;
}

/**
 * Asks for the right to give anyone any role at the scope. What comes close to that asks for it: a
 * condition that holds for some roles or principals only is not enough.
 */
export function givingAnyRole(scope: string): ActionQuestion {
  return {
    action: 'Microsoft.Authorization/roleAssignments/write',
    scope,
    attributes: { partial: true },
  };
}

/** What handlers need, made once per plane. */
export class Management {
  readonly storage: Storage;
  readonly resources: Resources;
  readonly directory: Directory;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly endpoints: Endpoints;
  readonly vaultOperations: readonly Pick<Operation, 'id' | 'access'>[];

  constructor(options: ManagementOptions) {
    this.storage = options.storage;
    this.resources = options.resources;
    this.directory = options.directory;
    this.authorizer = options.authorizer;
    this.clock = options.clock;
    this.endpoints = options.endpoints;
    this.vaultOperations = options.vaultOperations ?? [];
  }

  get tenantId(): string {
    return this.resources.tenantId;
  }

  /** The grant for one action; throws AuthorizationFailed. */
  require(context: ArmContext, question: ActionQuestion): Grant {
    const decision = this.decide(context, question);
    if (decision.allowed) return decision.grant;
    throw this.refusal(callerOf(context), decision.reason);
  }

  allows(context: ArmContext, question: ActionQuestion): boolean {
    return this.decide(context, question).allowed;
  }

  decide(context: ArmContext, question: ActionQuestion): Decision {
    const principal = callerOf(context);
    return this.authorizer.decideAction({ principal, ...question, nowMs: this.clock.now() });
  }

  refusal(principal: Principal, reason: DenialReason): ApiError {
    const args = {
      client: clientName(principal),
      objectId: principal.objectId,
      action: reason.action,
      scope: reason.scope,
    };
    if (reason.code !== 'DenyAssignment') {
      return new ApiError(resourceManagerErrors.authorizationFailed, args, { reason });
    }
    const deny = this.resources.denyAssignments().get(reason.denyAssignmentId.toLowerCase());
    const denyArgs = {
      denyName: deny?.denyAssignmentName ?? '',
      denyId: reason.denyAssignmentId.replaceAll('-', ''),
      denyScope: deny?.scope ?? '',
    };
    return new ApiError(resourceManagerErrors.denyAssignment, { ...args, ...denyArgs }, { reason });
  }
}

/** Rows that are not anonymous always have a caller; this says so to the type checker. */
export function callerOf({ principal }: ArmContext): Principal {
  if (principal === undefined) throw new Error('an operation without a token asked for a decision');
  return principal;
}

/** Azure names a person by user principal name and an application by its client id. */
export function clientName(principal: Principal): string {
  return principal.claims.upn ?? (principal.applicationId || principal.objectId);
}
