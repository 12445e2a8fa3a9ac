// What happened to a vault's objects, read by who may subscribe to a vault's events on Azure. An
// extension: Azure pushes these through Event Grid and has no list of them. The events are Event
// Grid's own, in its schema.
import { systemGrant } from '#authorization';
import { resourceManagerErrors } from '#errors';
import { ApiError, decodeBase64Url, encodeBase64Url, type RawRequest } from '#kernel';
import {
  isEventCursor,
  listVaultEvents,
  type Vault,
  type VaultEvent,
  vaultResourceId,
} from '#resources';
import { vaultPartition } from '#storage';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow } from '../arm-row.ts';
import { findVault } from '../containers.ts';
import { namesOf } from '../handling.ts';
import { parseTop } from '../list.ts';
import type { Management } from '../management.ts';

const VAULT =
  '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}' +
  '/providers/Microsoft.KeyVault/vaults/{vaultName}';
const ACTION = 'Microsoft.KeyVault/vaults/eventGridFilters/read';

export function vaultEventRows(management: Management): readonly ArmRow[] {
  return [
    armRow({
      id: 'Strongroom_VaultEvents_List',
      method: 'GET',
      path: `${VAULT}/providers/Strongroom.Events/events`,
      versions: armVersions.keyVault,
      access: { kind: 'action', action: ACTION },
      audit: 'VaultEventList',
      success: 200,
      errors: [resourceManagerErrors.resourceNotFound, resourceManagerErrors.badRequest],
      params: namesOf('subscriptionId', 'resourceGroupName', 'vaultName'),
      handle: async ({ params, request }) => {
        const { subscriptionId = '', resourceGroupName = '', vaultName = '' } = params;
        const address = { subscriptionId, resourceGroup: resourceGroupName, name: vaultName };
        const vault = findVault(management, address);
        const slice = { after: parseCursor(request), limit: parseTop(request.query.$top) };
        const view = management.storage.view(systemGrant(vaultPartition(vault.uid), ACTION));
        const { events, after } = await listVaultEvents(view, slice);
        const { vaultSuffix } = management.endpoints;
        const value = events.map((event) => renderEvent(event, vault, vaultSuffix));
        return { body: { value, ...(after && { nextLink: nextLink(request, after) }) } };
      },
    }),
  ];
}

/** Event Grid's schema; property names in `data` really begin with capitals. */
function renderEvent(event: VaultEvent, vault: Vault, vaultSuffix: string): object {
  const { noun, objectName, version } = event;
  return {
    id: event.id,
    topic: vaultResourceId(vault),
    subject: objectName,
    eventType: `Microsoft.KeyVault.${noun}${event.kind}`,
    eventTime: new Date(event.time * 1000).toISOString(),
    data: {
      Id: `https://${vault.name}${vaultSuffix}/${noun.toLowerCase()}s/${objectName}/${version}`,
      VaultName: vault.name,
      ObjectType: noun,
      ObjectName: objectName,
      Version: version,
      NBF: event.nbf ?? null,
      EXP: event.exp ?? null,
    },
    dataVersion: '1',
    metadataVersion: '1',
  };
}

function parseCursor({ query }: RawRequest): string | undefined {
  const token = query.$skiptoken;
  if (token === undefined) return undefined;
  const cursor = decodeBase64Url(token)?.toString('latin1');
  if (cursor !== undefined && isEventCursor(cursor)) return cursor;
  throw new ApiError(resourceManagerErrors.badRequest, {
    detail: 'The $skiptoken is not valid.',
  });
}

function nextLink({ origin, path, query }: RawRequest, after: string): string {
  const token = encodeBase64Url(Buffer.from(after));
  return `${origin}${path}?${new URLSearchParams({ ...query, $skiptoken: token })}`;
}
