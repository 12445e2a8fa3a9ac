// Machines on the wire, in the shape of Azure Arc's `Microsoft.HybridCompute/machines`.
import { resourceManagerErrors } from '#errors';
import { ApiError, z } from '#kernel';
import { isSameId, type Machine, machineResourceId } from '#resources';
import { identityById } from '../managed-identities/identity-by-id.ts';
import type { Management } from '../management.ts';
import { tagsSchema } from '../tags.ts';

const IDENTITIES_MAX = 50;

const identitySchema = z.looseObject({
  type: z.string().max(64),
  /** Resource id → empty; in a PATCH `null` takes one away. */
  userAssignedIdentities: z
    .record(z.string().max(2048), z.looseObject({}).nullable())
    .refine((identities) => Object.keys(identities).length <= IDENTITIES_MAX)
    .nullish(),
});

const propertiesSchema = z.looseObject({
  clientPublicKey: z.string().max(1024).nullish(),
  osType: z.string().max(64).nullish(),
});

export const putMachineSchema = z.looseObject({
  location: z.string(),
  tags: tagsSchema,
  identity: identitySchema.nullish(),
  properties: propertiesSchema.nullish(),
});

export const patchMachineSchema = z.looseObject({
  tags: tagsSchema,
  identity: identitySchema.nullish(),
});

export interface IdentityInput {
  readonly hasSystemAssigned: boolean;
  /** Resource ids as given. */
  readonly userAssigned: readonly string[];
}

/** `before`: for a PATCH, what the machine has; user-assigned identities add to it. */
export function parseIdentity(
  given: z.infer<typeof identitySchema>,
  before: readonly string[] = [],
): IdentityInput {
  const kinds = new Set(given.type.split(',').map((kind) => kind.trim().toLowerCase()));
  const hasSystemAssigned = kinds.delete('systemassigned');
  const hasUserAssigned = kinds.delete('userassigned');
  const isNone = kinds.delete('none') && !hasSystemAssigned && !hasUserAssigned;
  if (kinds.size > 0 || !(isNone || hasSystemAssigned || hasUserAssigned)) {
    throw new ApiError(resourceManagerErrors.invalidValue, { property: 'identity.type' });
  }
  if (!hasUserAssigned) return { hasSystemAssigned, userAssigned: [] };
  const entries = Object.entries(given.userAssignedIdentities ?? {});
  const kept = before.filter((id) => !entries.some(([named]) => isSameId(named, id)));
  const named = entries.filter(([, value]) => value !== null).map(([id]) => id);
  return { hasSystemAssigned, userAssigned: [...kept, ...named] };
}

export function renderMachine(management: Management, machine: Machine): unknown {
  const { name, location, tags, osType, hostId } = machine;
  return {
    id: machineResourceId(machine),
    name,
    type: 'Microsoft.HybridCompute/machines',
    location,
    tags,
    identity: renderIdentity(management, machine),
    properties: {
      provisioningState: 'Succeeded',
      status: 'Connected',
      osType,
      vmId: hostId,
      clientPublicKey: management.directory.host(hostId)?.publicKey,
    },
  };
}

function renderIdentity(management: Management, { systemAssigned, userAssigned }: Machine) {
  const kinds = [
    ...(systemAssigned === undefined ? [] : ['SystemAssigned']),
    ...(userAssigned.length === 0 ? [] : ['UserAssigned']),
  ];
  if (kinds.length === 0) return { type: 'None' };
  const identities = userAssigned.map((id) => {
    const identity = identityById(management, id);
    return [id, { principalId: identity?.principalId, clientId: identity?.clientId }];
  });
  return {
    type: kinds.join(','),
    ...(systemAssigned === undefined
      ? {}
      : { principalId: systemAssigned.principalId, tenantId: management.tenantId }),
    ...(identities.length === 0 ? {} : { userAssignedIdentities: Object.fromEntries(identities) }),
  };
}
