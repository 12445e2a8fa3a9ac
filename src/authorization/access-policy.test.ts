import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { judgePolicyEntry, policyEntriesFor, policyPermits } from './access-policy.ts';
import { person, policyFor, TENANT } from './world.fixture.ts';

const vault = { tenantId: TENANT };
const GET = { secrets: ['get'] };

function caller(id: string, groups: readonly string[] = [], changes = {}) {
  return { principal: person(id, changes), id, groups: new Set(groups) };
}

describe('whom an access policy is about', () => {
  it('the principal it names, in any case, and nobody else', () => {
    assert.equal(judgePolicyEntry(policyFor('P1', GET), vault, caller('p1')), 'applies');
    assert.equal(judgePolicyEntry(policyFor('p2', GET), vault, caller('p1')), 'otherPrincipal');
  });

  it('the members of a group it names', () => {
    assert.equal(judgePolicyEntry(policyFor('G1', GET), vault, caller('p1', ['g1'])), 'applies');
  });

  it('nobody, if it was written for another tenant', () => {
    const entry = policyFor('p1', GET, { tenantId: 'other' });
    assert.equal(judgePolicyEntry(entry, vault, caller('p1')), 'otherTenant');
  });

  it('with an application: the user only while signed in through it', () => {
    const entry = policyFor('p1', GET, { applicationId: 'APP' });
    const through = (applicationId: string) => caller('p1', [], { applicationId });
    assert.equal(judgePolicyEntry(entry, vault, through('app')), 'applies');
    assert.equal(judgePolicyEntry(entry, vault, through('other')), 'otherApplication');
  });

  it('with an application: not the application acting for itself', () => {
    const entry = policyFor('p1', GET, { applicationId: 'app' });
    const itself = caller('p1', [], { type: 'ServicePrincipal', applicationId: 'app' });
    assert.equal(judgePolicyEntry(entry, vault, itself), 'otherApplication');
  });
});

describe('the entries of a vault', () => {
  it('that are about the caller are found the same through the index as one by one', () => {
    const id = fc.constantFrom('p1', 'P1', 'p2', 'g1', 'G1', 'g2', 'g3');
    const applicationId = fc.constantFrom(undefined, 'app', 'other');
    const entry = fc
      .tuple(id, applicationId, fc.constantFrom(TENANT, 'other'))
      .map(([objectId, application, tenantId]) =>
        policyFor(objectId, GET, { tenantId, ...(application && { applicationId: application }) }),
      );
    const groups = fc.uniqueArray(fc.constantFrom('g1', 'g2', 'g3', 'g4', 'g5'));
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 12 }), groups, (accessPolicies, memberOf) => {
        const asking = caller('p1', memberOf, { applicationId: 'app' });
        const expected = accessPolicies.filter(
          (each) => judgePolicyEntry(each, vault, asking) === 'applies',
        );
        const found = policyEntriesFor({ ...vault, accessPolicies }, asking);
        assert.equal(found.length, expected.length);
        for (const each of expected) assert.ok(found.includes(each));
      }),
    );
  });

  it('that were replaced are not found again', () => {
    const before = { ...vault, accessPolicies: [policyFor('p1', GET)] };
    assert.equal(policyEntriesFor(before, caller('p1')).length, 1);
    assert.equal(policyEntriesFor({ ...before, accessPolicies: [] }, caller('p1')).length, 0);
  });
});

describe('what an access policy permits', () => {
  const permits = (permissions: Parameters<typeof policyFor>[1], wanted: string) =>
    policyPermits(policyFor('p', permissions), wanted);

  it('what it lists for the type of object, without case', () => {
    assert.ok(permits({ secrets: ['Get'] }, 'secrets/get'));
    assert.ok(permits({ keys: ['WRAPKEY'] }, 'keys/wrapKey'));
    assert.ok(!permits({ secrets: ['get'] }, 'secrets/list'));
    assert.ok(!permits({ secrets: ['get'] }, 'keys/get'));
    assert.ok(!permits({ secrets: ['get'] }, 'certificates/get'));
  });

  it('"all" permits everything of its type but purge', () => {
    for (const name of ['get', 'list', 'set', 'delete', 'backup', 'restore', 'recover']) {
      assert.ok(permits({ secrets: ['all'] }, `secrets/${name}`), name);
    }
    assert.ok(!permits({ secrets: ['All'] }, 'secrets/purge'));
    assert.ok(permits({ secrets: ['all', 'purge'] }, 'secrets/purge'));
    assert.ok(!permits({ secrets: ['all'] }, 'keys/get'));
  });

  it('nothing for a permission that is none', () => {
    for (const wanted of [
      '',
      'secrets',
      'secrets/',
      '/get',
      'all',
      'constructor/get',
      '__proto__/x',
    ]) {
      assert.ok(!permits({ secrets: ['all'], keys: ['all'] }, wanted), wanted);
    }
  });
});
