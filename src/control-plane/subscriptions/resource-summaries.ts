// The resources of a subscription or resource group of whatever type, as `/resources` lists them:
// where each is and what it is called, without its properties. The caller sees what he may read.
import type { Result } from '#kernel';
import {
  identityResourceId,
  isSameId,
  machineResourceId,
  type Place,
  vaultResourceId,
} from '#resources';
import { invalidFilter, parseFilter } from '../filter.ts';
import type { ArmCall } from '../handling.ts';
import { renderList } from '../list.ts';
import type { Management } from '../management.ts';

interface Summary {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
}

export function listSummaries(management: Management, call: ArmCall): Result {
  const { subscriptionId = '', resourceGroupName } = call.params;
  const matches = summaryFilter(call.request.query.$filter);
  const isInside = (place: Place) =>
    isSameId(place.subscriptionId, subscriptionId) &&
    (resourceGroupName === undefined || isSameId(place.resourceGroup, resourceGroupName));
  return renderList({
    request: call.request,
    items: summaries(management, isInside),
    key: ({ id }) => id,
    render: (summary) => summary,
    visible: (summary) =>
      matches(summary) &&
      management.allows(call, { action: `${summary.type}/read`, scope: summary.id }),
  });
}

function* summaries(
  { resources }: Management,
  isInside: (place: Place) => boolean,
): Iterable<Summary> {
  for (const vault of resources.vaults()) {
    if (vault.deleted !== undefined || !isInside(vault)) continue;
    yield summarize(vault, vaultResourceId(vault), 'Microsoft.KeyVault/vaults');
  }
  for (const identity of resources.identities()) {
    if (!isInside(identity)) continue;
    const type = 'Microsoft.ManagedIdentity/userAssignedIdentities';
    yield summarize(identity, identityResourceId(identity), type);
  }
  for (const machine of resources.machines()) {
    if (!isInside(machine)) continue;
    yield summarize(machine, machineResourceId(machine), 'Microsoft.HybridCompute/machines');
  }
}

function summarize(
  { name, location, tags }: Pick<Summary, 'name' | 'location' | 'tags'>,
  id: string,
  type: string,
): Summary {
  return { id, name, type, location, tags };
}

/** `resourceType eq '…'` and `name eq '…'`, alone or both. */
function summaryFilter(filter: string | undefined): (summary: Summary) => boolean {
  const tests = parseFilter(filter).map((clause) => {
    const value = clause.kind === 'equals' ? clause.value : undefined;
    if (value !== undefined && clause.name === 'resourcetype') {
      return ({ type }: Summary) => isSameId(type, value);
    }
    if (value !== undefined && clause.name === 'name') {
      return ({ name }: Summary) => isSameId(name, value);
    }
    throw invalidFilter(filter ?? '');
  });
  return (summary) => tests.every((test) => test(summary));
}
