// What a role definition says, worked out by a matcher that shares nothing with the product's.
import type { RoleDefinition } from '#resources';

/** Says what the definition says, and nothing about conditions. */
export function says(
  role: RoleDefinition,
  kind: 'actions' | 'dataActions',
  action: string,
): boolean {
  return role.permissions.some((permission) => {
    const [yes, no] =
      kind === 'actions'
        ? [permission.actions, permission.notActions]
        : [permission.dataActions, permission.notDataActions];
    return yes.some((text) => same(text, action)) && !no.some((text) => same(text, action));
  });
}

function same(pattern: string, action: string): boolean {
  const [before = '', behind] = pattern.toLowerCase().split('*');
  const text = action.toLowerCase();
  if (behind === undefined) return text === before;
  if (before.endsWith('/') && behind.startsWith('/') && text === before + behind.slice(1))
    return true;
  return text.length >= pattern.length - 1 && text.startsWith(before) && text.endsWith(behind);
}

/** Whether it gives the data action of an operation, or another that is enough. */
export function saysData(
  role: RoleDefinition,
  access: { readonly action: string; readonly alternatives?: readonly string[] },
): boolean {
  const actions = [access.action, ...(access.alternatives ?? [])];
  return actions.some((action) => says(role, 'dataActions', action));
}
