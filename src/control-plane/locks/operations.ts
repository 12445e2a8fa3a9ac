// Management locks at subscriptions, resource groups and vaults. What they stop is in `lock.ts`.
import { resourceManagerErrors } from '#errors';
import { ApiError, type Operation, z } from '#kernel';
import { isSameId, isWithin, type Lock } from '#resources';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow, type PathParams } from '../arm-row.ts';
import { checkAssignableScope } from '../containers.ts';
import { parseFilter } from '../filter.ts';
import { scopedNames } from '../handling.ts';
import { renderList } from '../list.ts';
import type { Management, ManagementTarget } from '../management.ts';
import { outerScopes } from '../role-assignments/operations.ts';
import { lockPath } from './lock-store.ts';

const LIST = '/{scope}/providers/Microsoft.Authorization/locks';
const ONE = `${LIST}/{lockName}`;
const ACTION = 'Microsoft.Authorization/locks';
const LOCKS_MAX = 1000;
const NAME = /^[A-Za-z0-9_.()-]{1,90}$/;

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors'>;
const base: RowBase = { versions: armVersions.authorization, success: 200, errors: [] };
const names = scopedNames('lockName');

const lockSchema = z.looseObject({
  properties: z.looseObject({
    level: z.enum(['CanNotDelete', 'ReadOnly']),
    notes: z.string().max(512).nullish(),
  }),
});

export function lockRows(management: Management): readonly ArmRow[] {
  return [...readRows(management), ...writeRows(management)];
}

function readRows(management: Management): readonly ArmRow[] {
  const access = { kind: 'action', action: `${ACTION}/read` } as const;
  return [
    armRow({
      ...base,
      id: 'ManagementLocks_GetByScope',
      method: 'GET',
      path: ONE,
      access,
      audit: 'LockGet',
      params: names,
      errors: [resourceManagerErrors.notFound],
      handle: ({ params }) => {
        const lock = findLock(management, params);
        if (lock === undefined) throw new ApiError(resourceManagerErrors.notFound);
        return { body: renderLock(lock) };
      },
    }),
    armRow({
      ...base,
      id: 'ManagementLocks_ListByScope',
      method: 'GET',
      path: LIST,
      access,
      audit: 'LockList',
      params: scopedNames(),
      handle: ({ params, request }) => {
        const { scope = '/' } = params;
        const { resources } = management;
        const outer = new Set(outerScopes(scope, resources.groupsAbove(scope)));
        const atScope = parseFilter(request.query.$filter).some(({ name }) => name === 'atscope');
        return renderList({
          request,
          items: [...resources.locks()].filter(
            (lock) =>
              outer.has(lock.scope.toLowerCase()) || (!atScope && isWithin(lock.scope, scope)),
          ),
          key: lockId,
          render: renderLock,
        });
      },
    }),
  ];
}

function writeRows(management: Management): readonly ArmRow[] {
  return [
    armRow({
      ...base,
      id: 'ManagementLocks_CreateOrUpdateByScope',
      method: 'PUT',
      path: ONE,
      access: { kind: 'action', action: `${ACTION}/write` },
      audit: 'LockPut',
      params: names,
      body: lockSchema,
      handle: async (call) => {
        const { scope = '/', lockName = '' } = call.params;
        const { level, notes } = call.body.properties;
        const { text } = checkAssignableScope(management, scope);
        const before = findLock(management, call.params);
        const tooMany = before === undefined && countLocks(management) >= LOCKS_MAX;
        if (text === '/' || !NAME.test(lockName) || tooMany) {
          throw new ApiError(resourceManagerErrors.invalidValue, { property: 'lock' });
        }
        const lock: Lock = { name: lockName, scope: text, level, ...(notes != null && { notes }) };
        await management.storage
          .view(call.grant)
          .transact(async (transaction) => transaction.put(lockPath(lock), lock));
        return { status: before === undefined ? 201 : 200, body: renderLock(lock) };
      },
    }),
    armRow({
      ...base,
      id: 'ManagementLocks_DeleteByScope',
      method: 'DELETE',
      path: ONE,
      access: { kind: 'action', action: `${ACTION}/delete` },
      audit: 'LockDelete',
      params: names,
      handle: async (call) => {
        const lock = findLock(management, call.params);
        if (lock === undefined) return { status: 204 };
        await management.storage
          .view(call.grant)
          .transact(async (transaction) => transaction.delete(lockPath(lock)));
        return {};
      },
    }),
  ];
}

function countLocks({ resources }: Management): number {
  return [...resources.locks()].length;
}

function findLock({ resources }: Management, params: PathParams): Lock | undefined {
  const { scope = '/', lockName = '' } = params;
  for (const lock of resources.locks()) {
    if (isSameId(lock.scope, scope) && isSameId(lock.name, lockName)) return lock;
  }
  return undefined;
}

function lockId({ scope, name }: Lock): string {
  return `${scope}/providers/Microsoft.Authorization/locks/${name}`;
}

function renderLock(lock: Lock): unknown {
  return {
    id: lockId(lock),
    type: 'Microsoft.Authorization/locks',
    name: lock.name,
    properties: { level: lock.level, notes: lock.notes },
  };
}
