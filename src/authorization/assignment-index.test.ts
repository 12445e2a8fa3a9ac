import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RoleAssignment } from '#resources';
import { AssignmentIndex, DenyIndex } from './assignment-index.ts';
import { assign, denyAssignment, SUBSCRIPTION, VAULT } from './world.fixture.ts';

const READER = { roleDefinitionName: 'role' };

function contents(index: AssignmentIndex, scopes: readonly string[]): readonly string[] {
  return scopes
    .flatMap((scope) => [...(index.at(scope.toLowerCase())?.entries() ?? [])])
    .flatMap(([id, list]) => list.map(({ assignment }) => `${id} ${assignment.name}`))
    .sort();
}

describe('the index of role assignments', () => {
  it('finds an assignment by scope and principal in lower case', () => {
    const index = new AssignmentIndex();
    const one = assign({ principalId: 'P1', scope: VAULT.toUpperCase(), ...READER });
    index.add(one);
    assert.equal(index.at(VAULT.toLowerCase())?.get('p1')?.[0]?.assignment, one);
    assert.equal(index.at(VAULT.toLowerCase())?.get('p2'), undefined);
    assert.equal(index.at(SUBSCRIPTION), undefined);
  });

  it('keeps assignments at texts that are no scope out', () => {
    const index = new AssignmentIndex();
    for (const scope of ['', 'x', '/subscriptions', `${VAULT}/`, `${VAULT}//`, `${VAULT}/..`]) {
      index.add(assign({ principalId: 'p1', scope, ...READER }));
    }
    assert.deepEqual(contents(index, ['', 'x', '/subscriptions', `${VAULT}//`]), []);
  });

  it('an assignment written again under its name replaces the former', () => {
    const index = new AssignmentIndex();
    const one = assign({ principalId: 'p1', scope: VAULT, ...READER });
    index.add(one);
    index.add({ ...one, roleDefinitionName: 'other' });
    const held = index.at(VAULT.toLowerCase())?.get('p1') ?? [];
    assert.deepEqual(
      held.map(({ assignment }) => assignment.roleDefinitionName),
      ['other'],
    );
  });

  it('after any changes holds exactly what a plain map holds, and nothing empty', () => {
    const scopes = ['/', SUBSCRIPTION, VAULT];
    const change = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      principalId: fc.constantFrom('p1', 'p2'),
      scope: fc.constantFrom(...scopes),
      removed: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const index = new AssignmentIndex();
        const plain = new Map<string, RoleAssignment>();
        for (const { removed, ...rest } of changes) {
          const previous = plain.get(rest.name);
          if (previous) index.remove(previous);
          plain.delete(rest.name);
          if (removed) continue;
          const assignment = assign({ ...rest, ...READER });
          plain.set(rest.name, assignment);
          index.add(assignment);
        }
        const expected = [...plain.values()].map((one) => `${one.principalId} ${one.name}`);
        assert.deepEqual(contents(index, scopes), expected.sort());
        for (const scope of scopes) assert.notEqual(index.at(scope.toLowerCase())?.size, 0);
      }),
    );
  });
});

describe('the index of deny assignments', () => {
  const permission = { dataActions: ['*'] };
  const principals = [{ id: 'P1', type: 'User' }];

  it('finds denials by scope and forgets them when they are removed', () => {
    const index = new DenyIndex();
    const deny = denyAssignment({ scope: VAULT, principals, permission });
    index.add(deny);
    assert.equal(index.at(VAULT.toLowerCase()).length, 1);
    assert.ok(index.at(VAULT.toLowerCase())[0]?.principals.has('p1'));
    index.remove(deny);
    assert.equal(index.at(VAULT.toLowerCase()).length, 0);
  });

  it('a denial at a text that is no scope counts everywhere rather than nowhere', () => {
    const index = new DenyIndex();
    index.add(denyAssignment({ scope: `${VAULT}//x`, principals, permission }));
    assert.equal(index.at('/').length, 1);
  });
});
