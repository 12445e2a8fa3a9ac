// `Microsoft.HybridCompute/machines`: machines outside Azure, registered so that programs on them
// get tokens without a secret of their own. Azure Arc's noun, as far as identities need it.
import { resourceManagerErrors } from '#errors';
import { ApiError, type Operation, type Result, type z } from '#kernel';
import { type Machine, machineResourceId, type Place } from '#resources';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow, type PathParams } from '../arm-row.ts';
import { type ArmCall, namesOf } from '../handling.ts';
import { isLocation, normalizeLocation } from '../location.ts';
import type { Management, ManagementTarget } from '../management.ts';
import { inPlace, listReadable } from '../resource-list.ts';
import { parseTags } from '../tags.ts';
import { decideKey, isMachineName, requireAssignable } from './machine.ts';
import { findMachine, type MachineInput, removeMachine, saveMachine } from './machine-store.ts';
import {
  type IdentityInput,
  parseIdentity,
  patchMachineSchema,
  putMachineSchema,
  renderMachine,
} from './wire.ts';

const SUBSCRIPTION = '/subscriptions/{subscriptionId}';
const TYPE = 'providers/Microsoft.HybridCompute/machines';
const IN_GROUP = `${SUBSCRIPTION}/resourceGroups/{resourceGroupName}/${TYPE}`;
const ONE = `${IN_GROUP}/{machineName}`;
const ACTION = 'Microsoft.HybridCompute/machines';
const READ = { kind: 'action', action: `${ACTION}/read` } as const;
const WRITE = { kind: 'action', action: `${ACTION}/write` } as const;

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors'>;
const base: RowBase = { versions: armVersions.hybridCompute, success: 200, errors: [] };
const names = namesOf('subscriptionId', 'resourceGroupName', 'machineName');

export function machineRows(management: Management): readonly ArmRow[] {
  return [...singleRows(management), ...changeRows(management), ...listRows(management)];
}

function placeOf(params: PathParams): Place {
  const { subscriptionId = '', resourceGroupName: resourceGroup = '' } = params;
  return { subscriptionId, resourceGroup, name: params.machineName ?? '' };
}

function singleRows(management: Management): readonly ArmRow[] {
  return [
    armRow({
      ...base,
      id: 'Machines_CreateOrUpdate',
      method: 'PUT',
      path: ONE,
      access: WRITE,
      audit: 'MachinePut',
      params: names,
      body: putMachineSchema,
      errors: [
        resourceManagerErrors.locationRequired,
        resourceManagerErrors.invalidValue,
        resourceManagerErrors.machineKeyInvalid,
        resourceManagerErrors.machineKeyDiffers,
        resourceManagerErrors.linkedAuthorizationFailed,
        resourceManagerErrors.machineChanged,
        resourceManagerErrors.resourceLocation,
      ],
      handle: (call) => putMachine(management, call),
    }),
    armRow({
      ...base,
      id: 'Machines_Get',
      method: 'GET',
      path: ONE,
      access: READ,
      audit: 'MachineGet',
      params: names,
      errors: [resourceManagerErrors.resourceNotFound],
      handle: ({ params }) => ({
        body: renderMachine(management, findMachine(management, placeOf(params))),
      }),
    }),
  ];
}

async function putMachine(
  management: Management,
  call: ArmCall<z.infer<typeof putMachineSchema>>,
): Promise<Result> {
  const { location, tags, identity, properties } = call.body;
  const place = placeOf(call.params);
  const before = management.resources.machine(place);
  if (!isLocation(location)) throw new ApiError(resourceManagerErrors.locationRequired);
  if (!isMachineName(place.name)) {
    throw new ApiError(resourceManagerErrors.invalidValue, { property: 'machineName' });
  }
  if (before !== undefined && before.location !== normalizeLocation(location)) {
    const { name, resourceGroup: group, location: existing } = before;
    throw new ApiError(resourceManagerErrors.resourceLocation, { name, group, existing, location });
  }
  const publicKey = decideKey({
    name: place.name,
    given: properties?.clientPublicKey ?? undefined,
    registered: before && management.directory.host(before.hostId)?.publicKey,
  });
  const wanted = identity == null ? identityOf(before) : parseIdentity(identity);
  const machine = await save(management, call, {
    before,
    wanted,
    described: {
      ...place,
      location: normalizeLocation(location),
      tags: parseTags(tags),
      osType: properties?.osType ?? before?.osType,
      publicKey,
    },
  });
  return { status: before === undefined ? 201 : 200, body: renderMachine(management, machine) };
}

interface Wanted {
  readonly before: Machine | undefined;
  readonly wanted: IdentityInput;
  readonly described: Omit<MachineInput, 'hasSystemAssigned' | 'userAssigned'>;
}

function save(
  management: Management,
  call: ArmCall,
  { before, wanted, described }: Wanted,
): Promise<Machine> {
  const userAssigned = requireAssignable(management, call, {
    ids: wanted.userAssigned,
    before,
    scope: machineResourceId(described),
    action: WRITE.action,
  });
  const input = { ...described, hasSystemAssigned: wanted.hasSystemAssigned, userAssigned };
  return saveMachine(management.storage.view(call.grant), management.clock, { before, input });
}

function identityOf(machine: Machine | undefined): IdentityInput {
  return {
    hasSystemAssigned: machine?.systemAssigned !== undefined,
    userAssigned: machine?.userAssigned ?? [],
  };
}

function changeRows(management: Management): readonly ArmRow[] {
  return [
    armRow({
      ...base,
      id: 'Machines_Update',
      method: 'PATCH',
      path: ONE,
      access: WRITE,
      audit: 'MachinePatch',
      params: names,
      body: patchMachineSchema,
      errors: [
        resourceManagerErrors.resourceNotFound,
        resourceManagerErrors.invalidValue,
        resourceManagerErrors.linkedAuthorizationFailed,
        resourceManagerErrors.machineChanged,
      ],
      handle: async (call) => {
        const before = findMachine(management, placeOf(call.params));
        const { tags, identity } = call.body;
        const registered = management.directory.host(before.hostId)?.publicKey;
        const machine = await save(management, call, {
          before,
          wanted:
            identity == null ? identityOf(before) : parseIdentity(identity, before.userAssigned),
          described: {
            ...placeOf(call.params),
            location: before.location,
            tags: tags == null ? before.tags : parseTags(tags),
            osType: before.osType,
            publicKey: decideKey({ name: before.name, given: undefined, registered }),
          },
        });
        return { body: renderMachine(management, machine) };
      },
    }),
    armRow({
      ...base,
      id: 'Machines_Delete',
      method: 'DELETE',
      path: ONE,
      access: { kind: 'action', action: `${ACTION}/delete` },
      audit: 'MachineDelete',
      params: names,
      handle: async (call) => {
        const view = management.storage.view(call.grant);
        return {
          status: (await removeMachine(view, management, placeOf(call.params))) ? 200 : 204,
        };
      },
    }),
  ];
}

function listRows(management: Management): readonly ArmRow[] {
  const row = { ...base, method: 'GET', access: READ, audit: 'MachineList' } as const;
  const handle = (call: ArmCall) =>
    listReadable(management, call, {
      items: inPlace(management.resources.machines(), call.params),
      idOf: machineResourceId,
      render: (machine) => renderMachine(management, machine),
      action: READ.action,
    });
  return [
    armRow(
      {
        ...row,
        id: 'Machines_ListByResourceGroup',
        path: IN_GROUP,
        params: namesOf('subscriptionId', 'resourceGroupName'),
        handle,
      },
      { decidedBy: 'handler' },
    ),
    armRow(
      {
        ...row,
        id: 'Machines_ListBySubscription',
        path: `${SUBSCRIPTION}/${TYPE}`,
        params: namesOf('subscriptionId'),
        handle,
      },
      { decidedBy: 'handler' },
    ),
  ];
}
