// `identities/default` below a resource: the identity that the resource has of its own. Here only
// machines have one.
import { resourceManagerErrors } from '#errors';
import { ApiError } from '#kernel';
import { parseResourceId, scopeParts } from '#resources';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow } from '../arm-row.ts';
import { scopedNames } from '../handling.ts';
import { findMachine } from '../machines/machine-store.ts';
import type { Management } from '../management.ts';

const MACHINES = 'providers/microsoft.hybridcompute/machines';
const MACHINE_SEGMENTS = 8;

export function systemAssignedRow(management: Management): ArmRow {
  return armRow({
    versions: armVersions.managedIdentity,
    success: 200,
    id: 'SystemAssignedIdentities_GetByScope',
    method: 'GET',
    path: '/{scope}/providers/Microsoft.ManagedIdentity/identities/default',
    access: { kind: 'action', action: 'Microsoft.ManagedIdentity/identities/read' },
    audit: 'SystemAssignedIdentityGet',
    params: scopedNames(),
    errors: [resourceManagerErrors.notFound],
    handle: ({ params }) => ({ body: renderOwnIdentity(management, params.scope ?? '/') }),
  });
}

function renderOwnIdentity(management: Management, scope: string): unknown {
  const machine = machineAt(management, scope);
  const own = machine?.systemAssigned;
  if (machine === undefined || own === undefined)
    throw new ApiError(resourceManagerErrors.notFound);
  return {
    id: `${scope}/providers/Microsoft.ManagedIdentity/identities/default`,
    name: 'default',
    type: 'Microsoft.ManagedIdentity/identities',
    location: machine.location,
    tags: machine.tags,
    properties: { tenantId: management.tenantId, ...own },
  };
}

function machineAt(management: Management, scope: string) {
  const id = parseResourceId(scope);
  if (id === undefined) throw new ApiError(resourceManagerErrors.resourceIdInvalid);
  const { subscriptionId, resourceGroup } = scopeParts(id);
  const isMachine =
    id.segments.length === MACHINE_SEGMENTS &&
    id.segments.slice(4, 7).join('/').toLowerCase() === MACHINES;
  if (!isMachine || subscriptionId === undefined || resourceGroup === undefined) return undefined;
  return findMachine(management, { subscriptionId, resourceGroup, name: id.segments[7] ?? '' });
}
