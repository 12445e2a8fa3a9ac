import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { systemGrant } from '#authorization';
import { ApiError, ManualClock, newGuid } from '#kernel';
import { openMemoryStorage, tenantPartition } from '#storage';
import { createApplication } from './applications.ts';
import { Directory } from './directory.ts';
import { createGroup, deleteGroup } from './groups.ts';
import { addReferences, type Reference, removeReferences } from './references.ts';

async function open() {
  const tenantId = newGuid();
  const clock = new ManualClock();
  const storage = await openMemoryStorage();
  const view = storage.view(systemGrant(tenantPartition(tenantId), 'test'));
  const directory = await Directory.open({ storage, tenantId, clock });
  const group = () => createGroup(view, { displayName: 'g', mailNickname: 'g' }, clock);
  return { storage, tenantId, clock, view, directory, group };
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof ApiError ? error.definition.code : String(error)),
  );
const ids = (count: number) => Array.from({ length: count }, (_item, n) => `id-${n}`);

test('links are added all or none, each once', async () => {
  const { view, directory, group } = await open();
  const { id } = await group();
  const link = (...objectIds: string[]): Reference => ({
    ...{ kind: 'group', id, property: 'members', objectIds },
  });
  await addReferences(view, link('a', 'b'));
  assert.notEqual(await codeOf(addReferences(view, link('c', 'a'))), 'done', 'one is there');
  assert.notEqual(await codeOf(addReferences(view, link('c', 'c'))), 'done', 'one twice');
  assert.notEqual(await codeOf(addReferences(view, link('c', id))), 'done', 'itself');
  assert.deepEqual(directory.group(id)?.members, ['a', 'b']);
  assert.equal(await codeOf(removeReferences(view, link('a', 'c'))), 'Request_ResourceNotFound');
  assert.deepEqual(directory.group(id)?.members, ['a', 'b'], 'none was taken');
  await removeReferences(view, link('a'));
  assert.deepEqual(directory.group(id)?.members, ['b']);
});

test('members and owners are different links', async () => {
  const { view, directory, group } = await open();
  const { id } = await group();
  await addReferences(view, { kind: 'group', id, property: 'owners', objectIds: ['a'] });
  assert.deepEqual([directory.group(id)?.owners, directory.group(id)?.members], [['a'], []]);
  assert.deepEqual(directory.memberOf('a'), new Set(), 'an owner is no member');
  assert.deepEqual(directory.ownedBy('a'), [id]);
  const member = { kind: 'group', id, property: 'members', objectIds: ['a'] } as const;
  assert.equal(await codeOf(removeReferences(view, member)), 'Request_ResourceNotFound');
});

test('there are 100 owners and not one more', async () => {
  const { view, directory, clock } = await open();
  const { id } = await createApplication(view, { displayName: 'a' }, clock);
  const owners = (...objectIds: string[]): Reference => ({
    ...{ kind: 'application', id, property: 'owners', objectIds },
  });
  await addReferences(view, owners(...ids(99)));
  assert.notEqual(await codeOf(addReferences(view, owners('x', 'y'))), 'done');
  await addReferences(view, owners('x'));
  assert.notEqual(await codeOf(addReferences(view, owners('y'))), 'done');
  assert.equal(directory.application(id)?.owners.length, 100);
});

test('what is deleted takes no links', async () => {
  const { view, clock, group } = await open();
  const { id } = await group();
  await deleteGroup(view, id, clock);
  const link = { kind: 'group', id, property: 'members', objectIds: ['a'] } as const;
  assert.equal(await codeOf(addReferences(view, link)), 'Request_ResourceNotFound');
  assert.equal(await codeOf(removeReferences(view, link)), 'Request_ResourceNotFound');
});

type Step = { readonly from: number; readonly to: number; readonly what: 'add' | 'cut' | 'delete' };
const step: fc.Arbitrary<Step> = fc.record({
  from: fc.integer({ min: 0, max: 4 }),
  to: fc.integer({ min: 0, max: 4 }),
  what: fc.constantFrom('add', 'add', 'add', 'cut', 'delete'),
});

test('transitive membership is what a walk over the groups finds, after any changes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { storage, tenantId, clock, view, directory, group } = await open();
      const groups = [await group(), await group(), await group(), await group(), await group()];
      const all = groups.map(({ id }) => id);
      for (const { from, to, what } of steps) {
        const [id = '', member = ''] = [all[from], to === from ? 'alice' : all[to]];
        const link = { kind: 'group', id, property: 'members', objectIds: [member] } as const;
        // What is refused (twice, not there) changes nothing; that is for the tests above.
        if (what === 'add') await codeOf(addReferences(view, link));
        if (what === 'cut') await codeOf(removeReferences(view, link));
        if (what === 'delete') await codeOf(deleteGroup(view, id, clock));
        for (const one of ['alice', ...all])
          assert.deepEqual(directory.memberOf(one), walk(directory, one));
      }
      const again = await Directory.open({ storage, tenantId, clock });
      for (const one of ['alice', ...all]) {
        assert.deepEqual(again.memberOf(one), directory.memberOf(one), 'after a restart');
      }
    }),
    { numRuns: 40 },
  );
});

/** Straight from the records, without any index. */
function walk(directory: Directory, objectId: string): Set<string> {
  const found = new Set<string>();
  const from = (id: string) => {
    for (const group of directory.groups()) {
      if (!group.members.includes(id) || found.has(group.id)) continue;
      found.add(group.id);
      from(group.id);
    }
  };
  from(objectId);
  return found;
}
