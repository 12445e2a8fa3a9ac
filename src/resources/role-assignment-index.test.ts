import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RoleAssignment } from './records.ts';
import { isWithin } from './resource-id.ts';
import { type AssignmentFeed, RoleAssignmentIndex } from './role-assignment-index.ts';

const SCOPES = ['/', '/a', '/a/b', '/a/bc', '/A/b/c', '/a-b', '/a/b-c', '/a/b/c/d/e', '/b'];

const assignment = fc
  .record({
    name: fc.constantFrom('1', '2', '3', '4', '5', '6'),
    scope: fc.constantFrom(...SCOPES),
    principalId: fc.constantFrom('p', 'P', 'q'),
    roleDefinitionName: fc.constantFrom('r', 's'),
  })
  .map((each): RoleAssignment => {
    const times = { createdOn: '', updatedOn: '', createdBy: '', updatedBy: '' };
    return { ...each, ...times, principalType: 'User' };
  });

/** Assignments by name, as the projection holds them. */
class Held implements AssignmentFeed {
  readonly byName = new Map<string, RoleAssignment>();
  #listener: Parameters<AssignmentFeed['subscribe']>[0] | undefined;

  values(): Iterable<RoleAssignment> {
    return this.byName.values();
  }

  subscribe(listener: Parameters<AssignmentFeed['subscribe']>[0]): void {
    this.#listener = listener;
  }

  change(name: string, value: RoleAssignment | undefined): void {
    const previous = this.byName.get(name);
    if (value === undefined) this.byName.delete(name);
    else this.byName.set(name, value);
    if (value ?? previous) this.#listener?.(name, value, previous);
  }
}

const names = (found: Iterable<RoleAssignment>) => [...found].map(({ name }) => name).sort();

test('after any changes it finds what going through everything would find', () => {
  const change = fc.record({ assignment, kept: fc.boolean(), looked: fc.boolean() });
  fc.assert(
    fc.property(fc.array(assignment), fc.array(change), (first, changes) => {
      const held = new Held();
      for (const each of first) held.byName.set(each.name, each);
      const index = new RoleAssignmentIndex(held);
      const agrees = () => {
        const all = [...held.values()];
        for (const scope of SCOPES) {
          const at = all.filter((one) => one.scope.toLowerCase() === scope.toLowerCase());
          assert.deepEqual(names(index.at([scope])), names(at));
          const within = all.filter((one) => isWithin(one.scope, scope));
          assert.deepEqual(names(index.within(scope)), names(within));
        }
        for (const id of ['p', 'q', 'x']) {
          const of = all.filter(({ principalId }) => principalId.toLowerCase() === id);
          assert.deepEqual(names(index.of([id])), names(of));
        }
        for (const role of ['r', 's']) {
          const used = all.some(({ roleDefinitionName }) => roleDefinitionName === role);
          assert.equal(index.isAssigned(role.toUpperCase()), used);
        }
      };
      for (const { assignment: each, kept, looked } of changes) {
        held.change(each.name, kept ? each : undefined);
        if (looked) agrees();
      }
      agrees();
    }),
  );
});

test('many scopes added at once are in order all the same', () => {
  const held = new Held();
  const index = new RoleAssignmentIndex(held);
  const made = fc.sample(assignment, 1)[0];
  assert.ok(made);
  for (let n = 0; n < 200; n += 1) {
    const name = String(n);
    held.change(name, { ...made, name, scope: `/x/${(n * 7919) % 200}` });
  }
  assert.equal(names(index.within('/x')).length, 200);
  assert.deepEqual(names(index.within('/x/7')), names(index.at(['/X/7'])));
});

test('to find those of one principal or scope it looks at no other', () => {
  const held = new Held();
  const made = fc.sample(assignment, 1)[0];
  assert.ok(made);
  let looks = 0;
  for (let n = 0; n < 10_000; n += 1) {
    held.byName.set(`${n}`, {
      ...made,
      name: `${n}`,
      get scope() {
        looks += 1;
        return `/s/${n}`;
      },
      get principalId() {
        looks += 1;
        return `${n}`;
      },
    });
  }
  const index = new RoleAssignmentIndex(held);
  looks = 0;
  assert.deepEqual(names(index.of(['77'])), ['77']);
  assert.deepEqual(names(index.at(['/s/78'])), ['78']);
  assert.deepEqual(names(index.within('/s/79')), ['79']);
  assert.equal(looks, 0);
});
