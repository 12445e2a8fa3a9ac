// Deny assignments: read only. As in Azure, customers cannot make them; the system does.
import { resourceManagerErrors } from '#errors';
import { ApiError, type Operation } from '#kernel';
import type { DenyAssignment } from '#resources';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow } from '../arm-row.ts';
import { invalidFilter, parseFilter } from '../filter.ts';
import { scopedNames } from '../handling.ts';
import { renderList } from '../list.ts';
import type { Management, ManagementTarget } from '../management.ts';
import { outerScopes } from '../role-assignments/operations.ts';

const LIST = '/{scope}/providers/Microsoft.Authorization/denyAssignments';

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors' | 'access'>;
const base: RowBase = {
  versions: armVersions.authorization,
  success: 200,
  errors: [],
  access: { kind: 'action', action: 'Microsoft.Authorization/denyAssignments/read' },
};

export function denyAssignmentRows(management: Management): readonly ArmRow[] {
  return [
    armRow({
      ...base,
      id: 'DenyAssignments_ListForScope',
      method: 'GET',
      path: LIST,
      audit: 'DenyAssignmentList',
      params: scopedNames(),
      errors: [resourceManagerErrors.invalidFilter],
      handle: ({ params, request }) => {
        const matches = denyFilter(management, params.scope ?? '/', request.query.$filter);
        return renderList({
          request,
          items: [...management.resources.denyAssignments().values()].filter(matches),
          key: ({ name }) => name,
          render: renderDenyAssignment,
        });
      },
    }),
    armRow({
      ...base,
      id: 'DenyAssignments_Get',
      method: 'GET',
      path: `${LIST}/{denyAssignmentId}`,
      audit: 'DenyAssignmentGet',
      params: scopedNames('denyAssignmentId'),
      errors: [resourceManagerErrors.denyAssignmentNotFound],
      handle: ({ params }) => {
        const { scope = '/', denyAssignmentId: name = '' } = params;
        const deny = management.resources.denyAssignments().get(name.toLowerCase());
        if (deny === undefined || !denyFilter(management, scope, undefined)(deny)) {
          throw new ApiError(resourceManagerErrors.denyAssignmentNotFound, { name });
        }
        return { body: renderDenyAssignment(deny) };
      },
    }),
  ];
}

/** At the scope, above and below; `atScope()` leaves out what is below. */
function denyFilter(
  { resources }: Management,
  scope: string,
  filter: string | undefined,
): (deny: DenyAssignment) => boolean {
  const outer = new Set(outerScopes(scope, resources.groupsAbove(scope)));
  let below = true;
  const tests: ((deny: DenyAssignment) => boolean)[] = [];
  for (const clause of parseFilter(filter)) {
    if (clause.kind === 'call' && clause.name === 'atscope') below = false;
    else if (clause.kind === 'equals' && clause.name === 'denyassignmentname') {
      tests.push((deny) => deny.denyAssignmentName === clause.value);
    } else if (clause.kind === 'equals' && clause.name === 'principalid') {
      const id = clause.value.toLowerCase();
      tests.push((deny) => deny.principals.some((one) => one.id.toLowerCase() === id));
    } else throw invalidFilter(filter ?? '');
  }
  const inner = scope === '/' ? '/' : `${scope.toLowerCase()}/`;
  return (deny) => {
    const at = deny.scope.toLowerCase();
    const placed = outer.has(at) || (below && at.startsWith(inner));
    return placed && tests.every((test) => test(deny));
  };
}

function renderDenyAssignment(deny: DenyAssignment): unknown {
  const { name, scope, principals, excludePrincipals, permissions } = deny;
  const prefix = scope === '/' ? '' : scope;
  return {
    id: `${prefix}/providers/Microsoft.Authorization/denyAssignments/${name}`,
    type: 'Microsoft.Authorization/denyAssignments',
    name,
    properties: {
      denyAssignmentName: deny.denyAssignmentName,
      description: deny.description,
      permissions,
      scope,
      doNotApplyToChildScopes: deny.doNotApplyToChildScopes,
      principals,
      excludePrincipals,
      isSystemProtected: deny.isSystemProtected,
    },
  };
}
