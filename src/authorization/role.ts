// Role definitions compiled for the decision: patterns and conditions are read once per definition.
// A changed role is another record and is compiled anew, so nothing here can go stale.
import type { RoleDefinition, RolePermission } from '#resources';
import { ActionPatterns } from './action-pattern.ts';
import { type Condition, ConditionSyntaxError, parseCondition } from './condition/index.ts';

/**
 * `broken`: a condition that does not parse; it never allows, and in a denial it always applies.
 */
export type CompiledCondition = Condition | 'broken' | undefined;

export type ActionKind = 'action' | 'dataAction';

export interface CompiledPermission {
  readonly allowed: Readonly<Record<ActionKind, ActionPatterns>>;
  readonly excluded: Readonly<Record<ActionKind, ActionPatterns>>;
  readonly condition: CompiledCondition;
}

export interface CompiledRole {
  readonly definition: RoleDefinition;
  readonly permissions: readonly CompiledPermission[];
}

const compiled = new WeakMap<RoleDefinition, CompiledRole>();

export function compileRole(definition: RoleDefinition): CompiledRole {
  const known = compiled.get(definition);
  if (known) return known;
  const role = { definition, permissions: definition.permissions.map(compilePermission) };
  compiled.set(definition, role);
  return role;
}

export function compilePermission(permission: RolePermission): CompiledPermission {
  return {
    allowed: {
      action: new ActionPatterns(permission.actions),
      dataAction: new ActionPatterns(permission.dataActions),
    },
    excluded: {
      action: new ActionPatterns(permission.notActions),
      dataAction: new ActionPatterns(permission.notDataActions),
    },
    condition: compileCondition(permission.condition),
  };
}

/** Azure returns `null` where there is no condition; an empty text is none either. */
export function compileCondition(text: string | null | undefined): CompiledCondition {
  if (text === undefined || text === null || text === '') return undefined;
  const condition = parseCondition(text);
  return condition instanceof ConditionSyntaxError ? 'broken' : condition;
}

/** `actions − notActions`, or the same of data actions. `action` must be lower-case. */
export function permissionMatch(
  permission: CompiledPermission,
  kind: ActionKind,
  action: string,
): 'granted' | 'excluded' | 'none' {
  if (!permission.allowed[kind].match(action)) return 'none';
  return permission.excluded[kind].match(action) ? 'excluded' : 'granted';
}
