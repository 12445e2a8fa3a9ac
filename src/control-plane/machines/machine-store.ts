// Machines as records: the resource, the directory's host with the agent's key, and the machine's
// own identity are made, changed and deleted in one commit.
import {
  createManagedIdentity,
  deleteHost,
  deleteManagedIdentity,
  putHost,
  unassignFromHost,
  within,
} from '#directory';
import { resourceManagerErrors } from '#errors';
import { ApiError, type Clock, newGuid } from '#kernel';
import {
  identityResourceId,
  isSameId,
  type Machine,
  machineResourceId,
  type Place,
  resourcePath,
  type UserAssignedIdentity,
} from '#resources';
import type { Transaction, View } from '#storage';
import type { Management } from '../management.ts';
import type { Tags } from '../tags.ts';
import { removeAssignmentsWithin, requireGroup } from '../vaults/vault-store.ts';

const MACHINE = 'Microsoft.HybridCompute/machines';

/** Throws ResourceNotFound. */
export function findMachine({ resources }: Management, place: Place): Machine {
  const machine = resources.machine(place);
  if (machine !== undefined) return machine;
  const { name, resourceGroup: group } = place;
  throw new ApiError(resourceManagerErrors.resourceNotFound, { type: MACHINE, name, group });
}

/** What a machine shall be. */
export interface MachineInput extends Place {
  readonly location: string;
  readonly tags: Tags;
  readonly osType: string | undefined;
  /** SPKI DER, base64. */
  readonly publicKey: string;
  readonly hasSystemAssigned: boolean;
  readonly userAssigned: readonly UserAssignedIdentity[];
}

export interface MachineChange {
  readonly before: Machine | undefined;
  readonly input: MachineInput;
}

/** Writes the machine; its own identity is made when first asked for, deleted when not any more. */
export function saveMachine(
  view: View,
  clock: Clock,
  { before, input }: MachineChange,
): Promise<Machine> {
  return view.transact(async (transaction) => {
    await requireGroup(transaction, input);
    const path = machinePath(input);
    const current = await transaction.get<Machine>(path);
    // What was decided on `before`, the right to assign among it, is not carried over to another.
    if (!isUnchanged(current, before)) throw changed(input);
    const { publicKey, hasSystemAssigned, userAssigned, osType, ...described } = input;
    const systemAssigned = await ownIdentity(transaction, clock, { before: current, input });
    const machine: Machine = {
      ...described,
      name: current?.name ?? input.name,
      hostId: current?.hostId ?? newGuid(),
      userAssigned: userAssigned.map(identityResourceId),
      ...(osType === undefined ? {} : { osType }),
      ...(systemAssigned === undefined ? {} : { systemAssigned }),
    };
    await putHost(within(transaction), {
      id: machine.hostId,
      resourceId: machineResourceId(machine),
      publicKey,
      userAssignedPrincipalIds: userAssigned.map(({ principalId }) => principalId),
      ...(systemAssigned === undefined
        ? {}
        : { systemAssignedPrincipalId: systemAssigned.principalId }),
    });
    transaction.put(path, machine);
    return machine;
  });
}

async function ownIdentity(
  transaction: Transaction,
  clock: Clock,
  { before, input }: MachineChange,
): Promise<Machine['systemAssigned']> {
  const own = before?.systemAssigned;
  if (input.hasSystemAssigned && own !== undefined) return own;
  if (own !== undefined) await deleteManagedIdentity(within(transaction), own.principalId);
  if (!input.hasSystemAssigned) return undefined;
  const made = { resourceId: machineResourceId(input), displayName: input.name };
  const { id: principalId, appId } = await createManagedIdentity(within(transaction), made, clock);
  return { principalId, clientId: appId };
}

/** With its identity and its key: the agent gets no token any more. `false` if there was none. */
export function removeMachine(
  view: View,
  { resources }: Pick<Management, 'resources'>,
  place: Place,
): Promise<boolean> {
  return view.transact(async (transaction) => {
    const path = machinePath(place);
    const machine = await transaction.get<Machine>(path);
    if (machine === undefined) return false;
    transaction.delete(path);
    await deleteHost(within(transaction), machine.hostId);
    const own = machine.systemAssigned?.principalId;
    if (own !== undefined) await deleteManagedIdentity(within(transaction), own);
    await removeAssignmentsWithin(transaction, resources, machineResourceId(machine));
    return true;
  });
}

/** The identity is about to be deleted: the machine has it no more. */
export async function unassignIdentity(
  transaction: Transaction,
  holder: Place,
  identity: UserAssignedIdentity,
): Promise<void> {
  const path = machinePath(holder);
  const machine = await transaction.get<Machine>(path);
  if (machine === undefined) return;
  const id = identityResourceId(identity);
  const userAssigned = machine.userAssigned.filter((assigned) => !isSameId(assigned, id));
  transaction.put<Machine>(path, { ...machine, userAssigned });
  await unassignFromHost(within(transaction), machine.hostId, identity.principalId);
}

function machinePath({ subscriptionId, resourceGroup, name }: Place): string {
  return resourcePath('machine', subscriptionId, resourceGroup, name);
}

function isUnchanged(current: Machine | undefined, before: Machine | undefined): boolean {
  return (
    current?.hostId === before?.hostId &&
    current?.userAssigned.length === before?.userAssigned.length &&
    (before?.userAssigned ?? []).every((id) => current?.userAssigned.includes(id))
  );
}

function changed({ name }: Place): ApiError {
  return new ApiError(resourceManagerErrors.machineChanged, { name });
}
