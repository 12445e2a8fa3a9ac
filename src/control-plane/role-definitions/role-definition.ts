// The rules of custom roles, as Azure has them: a name, at least one assignable scope
// (subscriptions and resource groups, at most one management group, never `/`), at most one `*` in
// an action, data actions only where a management group is not involved.
import { resourceManagerErrors } from '#errors';
import { ApiError, isGuid, z } from '#kernel';
import { parseResourceId, type RoleDefinition, type RolePermission, scopeParts } from '#resources';

const ROLE_NAME_CHARACTERS_MAX = 512;
const DESCRIPTION_CHARACTERS_MAX = 2048;
const SCOPES_MAX = 2000;
const PERMISSIONS_MAX = 16;
const ACTIONS_MAX = 2000;
const ACTION_CHARACTERS_MAX = 512;
const ACTION = /^[A-Za-z0-9.*_-]+(\/[A-Za-z0-9.*_-]+)*$/;

const actionList = z.array(z.string().max(ACTION_CHARACTERS_MAX)).max(ACTIONS_MAX).nullish();

export const roleDefinitionSchema = z.looseObject({
  properties: z.looseObject({
    roleName: z.string().nullish(),
    description: z.string().max(DESCRIPTION_CHARACTERS_MAX).nullish(),
    type: z.string().nullish(),
    permissions: z
      .array(
        z.looseObject({
          actions: actionList,
          notActions: actionList,
          dataActions: actionList,
          notDataActions: actionList,
        }),
      )
      .max(PERMISSIONS_MAX)
      .nullish(),
    assignableScopes: z.array(z.string().nullish()).max(SCOPES_MAX).nullish(),
  }),
});

type PropertiesInput = z.infer<typeof roleDefinitionSchema>['properties'];

export interface RoleWriter {
  readonly by: string;
  readonly atMs: number;
}

/** A custom role from what was asked for; throws what Azure answers. */
export function parseRoleDefinition(
  name: string,
  input: PropertiesInput,
  { by, atMs }: RoleWriter,
): RoleDefinition {
  if (!isGuid(name)) {
    throw new ApiError(resourceManagerErrors.roleDefinitionIdInvalid, { id: name.slice(0, 64) });
  }
  const type = input.type ?? 'CustomRole';
  // `properties.type` may be empty: Azure CLI sends what it was given.
  if (type !== '' && type.toLowerCase() !== 'customrole') {
    throw new ApiError(resourceManagerErrors.roleDefinitionType, { name, type: type.slice(0, 64) });
  }
  const permissions = (input.permissions ?? []).map(parsePermission);
  const now = new Date(atMs).toISOString();
  return {
    name: name.toLowerCase(),
    roleName: parseRoleName(input.roleName),
    type: 'CustomRole',
    description: input.description ?? '',
    permissions,
    assignableScopes: parseAssignableScopes(input.assignableScopes ?? [], permissions),
    createdOn: now,
    updatedOn: now,
    createdBy: by,
    updatedBy: by,
  };
}

function parseRoleName(roleName: string | null | undefined): string {
  const text = roleName?.trim() ?? '';
  if (text === '' || text.length > ROLE_NAME_CHARACTERS_MAX) {
    throw new ApiError(resourceManagerErrors.roleNameEmpty);
  }
  return text;
}

type PermissionInput = NonNullable<PropertiesInput['permissions']>[number];

function parsePermission(input: PermissionInput): RolePermission {
  return {
    actions: (input.actions ?? []).map(parseAction),
    notActions: (input.notActions ?? []).map(parseAction),
    dataActions: (input.dataActions ?? []).map(parseAction),
    notDataActions: (input.notDataActions ?? []).map(parseAction),
  };
}

/** `Namespace/type/…/verb`, or `*`; at most one wildcard. */
function parseAction(action: string): string {
  const wildcards = action.split('*').length - 1;
  if (ACTION.test(action) && wildcards <= 1 && (action === '*' || action.includes('/'))) {
    return action;
  }
  throw new ApiError(resourceManagerErrors.actionInvalid, { action: action.slice(0, 128) });
}

function parseAssignableScopes(
  scopes: readonly (string | null | undefined)[],
  permissions: readonly RolePermission[],
): readonly string[] {
  if (scopes.length === 0 || scopes.some((scope) => scope == null || scope === '')) {
    throw new ApiError(resourceManagerErrors.assignableScopesMissing);
  }
  let managementGroups = 0;
  const texts = scopes.flatMap((scope) => (scope == null ? [] : [scope]));
  for (const [index, text] of texts.entries()) {
    // Clients leave out the first slash, and Azure keeps it so (recorded).
    const id = parseResourceId(text.startsWith('/') ? text : `/${text}`);
    const parts = id && scopeParts(id);
    if (parts?.managementGroup !== undefined) managementGroups++;
    const known = parts?.subscriptionId ?? parts?.managementGroup;
    if (known === undefined || text.includes('*')) throw scopeInvalid(text, index);
  }
  const holdsData = permissions.some(({ dataActions }) => dataActions.length > 0);
  if (managementGroups > 1 || (managementGroups === 1 && holdsData)) {
    throw new ApiError(resourceManagerErrors.badRequest, {
      detail:
        'A custom role can have one management group in its assignable scopes, and none if it has ' +
        'data actions.',
    });
  }
  return texts;
}

function scopeInvalid(id: string, index: number): ApiError {
  return new ApiError(resourceManagerErrors.assignableScopeInvalid, {
    id: id.slice(0, 200),
    index: String(index),
    sub: '{sub}',
    namespace: '{resourceProviderNamespace}',
  });
}
