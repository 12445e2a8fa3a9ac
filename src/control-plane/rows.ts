// Every row of the management plane, folder by folder.
import type { ArmRow } from './arm-row.ts';
import { certificateAuthorityRows } from './certificate-authority/operations.ts';
import { deletedVaultRows } from './deleted-vaults/operations.ts';
import { denyAssignmentRows } from './deny-assignments/operations.ts';
import { explainRows } from './explain/operations.ts';
import { lockRows } from './locks/operations.ts';
import { machineRows } from './machines/operations.ts';
import { managedIdentityRows } from './managed-identities/operations.ts';
import type { Management } from './management.ts';
import { managementGroupRows } from './management-groups/operations.ts';
import { metadataRows } from './metadata/operations.ts';
import { permissionRows } from './permissions/operations.ts';
import { providerRows } from './providers/operations.ts';
import { resourceGroupRows } from './resource-groups/operations.ts';
import { roleAssignmentRows } from './role-assignments/operations.ts';
import { roleDefinitionRows } from './role-definitions/operations.ts';
import { approvalRows } from './schedules/approval-operations.ts';
import { eligibleChildRows } from './schedules/eligible-child-operations.ts';
import { rolePolicyRows } from './schedules/policy-operations.ts';
import { scheduleRequestRows } from './schedules/request-operations.ts';
import { scheduleRows } from './schedules/schedule-operations.ts';
import { subscriptionRows } from './subscriptions/operations.ts';
import { vaultEventRows } from './vaults/event-operations.ts';
import { vaultNeighbourRows } from './vaults/neighbour-operations.ts';
import { vaultRows } from './vaults/operations.ts';

export function managementRows(management: Management): readonly ArmRow[] {
  const rows: ArmRow[] = [
    ...metadataRows(management),
    ...subscriptionRows(management),
    ...providerRows(management),
    ...resourceGroupRows(management),
    ...vaultRows(management),
    ...deletedVaultRows(management),
    ...vaultNeighbourRows(management),
    ...vaultEventRows(management),
    ...managedIdentityRows(management),
    ...machineRows(management),
    ...roleAssignmentRows(management),
    ...roleDefinitionRows(management),
    ...permissionRows(management),
    ...denyAssignmentRows(management),
    ...lockRows(management),
    ...managementGroupRows(management),
    ...scheduleRequestRows(management),
    ...scheduleRows(management),
    ...rolePolicyRows(management),
    ...approvalRows(management),
    ...eligibleChildRows(management),
    ...certificateAuthorityRows(management),
  ];
  rows.push(...explainRows(management, () => rows));
  return rows;
}
