import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgePolicyEntry, policyPermits } from './access-policy.ts';
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
