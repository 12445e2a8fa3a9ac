// Lists of resources in a subscription or resource group: those that the caller may read. Who may
// read none of them, and not the container either, is refused.
import type { Result } from '#kernel';
import { isSameId, type Place } from '#resources';
import type { PathParams } from './arm-row.ts';
import type { ArmCall } from './handling.ts';
import { renderList } from './list.ts';
import type { Management } from './management.ts';

export interface ReadableList<T> {
  readonly items: Iterable<T>;
  readonly idOf: (item: T) => string;
  readonly render: (item: T) => unknown;
  readonly action: string;
}

/** For rows with `subscriptionId`, or that and `resourceGroupName`, in their path. */
export function listReadable<T>(
  management: Management,
  call: ArmCall,
  { items, idOf, render, action }: ReadableList<T>,
): Result {
  const result = renderList({
    request: call.request,
    items,
    key: idOf,
    render,
    visible: (item) => management.allows(call, { action, scope: idOf(item) }),
  });
  if (isEmptyList(result)) {
    const { subscriptionId = '', resourceGroupName } = call.params;
    const group = resourceGroupName === undefined ? '' : `/resourceGroups/${resourceGroupName}`;
    management.require(call, { action, scope: `/subscriptions/${subscriptionId}${group}` });
  }
  return result;
}

function isEmptyList({ body }: Result): boolean {
  return (
    typeof body === 'object' &&
    body !== null &&
    'value' in body &&
    Array.isArray(body.value) &&
    body.value.length === 0
  );
}

/** What stands in the subscription, and in the resource group if one is named. */
export function inPlace<T extends Pick<Place, 'subscriptionId' | 'resourceGroup'>>(
  items: Iterable<T>,
  { subscriptionId = '', resourceGroupName }: PathParams,
): readonly T[] {
  return [...items].filter(
    (item) =>
      isSameId(item.subscriptionId, subscriptionId) &&
      (resourceGroupName === undefined || isSameId(item.resourceGroup, resourceGroupName)),
  );
}
