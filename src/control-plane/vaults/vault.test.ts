import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ApiError } from '#kernel';
import { TENANT } from '../management.fixture.ts';
import {
  createVault,
  isVaultName,
  type NewVault,
  recoverVault,
  softDeleteVault,
  updateVault,
  type VaultChanges,
} from './vault.ts';

const DAY_MS = 86_400_000;
const AT_MS = Date.UTC(2026, 5, 1);
const change = { by: 'ann', byType: 'User', atMs: AT_MS } as const;
const later = { by: 'bea', byType: 'Application', atMs: AT_MS + 5000 } as const;

function make(changes: VaultChanges = {}, extra: Partial<NewVault> = {}) {
  return createVault({
    ...{ name: 'contoso', subscriptionId: 's', resourceGroup: 'g', location: 'westeurope' },
    ...{ tenantId: TENANT, apiVersion: '2026-02-01', changes, change },
    ...extra,
  });
}

function thrown(work: () => unknown): string {
  try {
    work();
    return 'nothing';
  } catch (error) {
    return error instanceof ApiError ? error.definition.code : String(error);
  }
}

test('a vault name is 3 to 24 letters, digits and single hyphens, from a letter on', () => {
  const character = fc.constantFrom(...'abzABZ019-'.split(''), '_', '.', 'é', ' ');
  fc.assert(
    fc.property(fc.array(character, { maxLength: 27 }), (characters) => {
      const name = characters.join('');
      const allowed = characters.every((one) => 'abzABZ019-'.includes(one));
      const length = characters.length >= 3 && characters.length <= 24;
      const ends = !'019-'.includes(name.at(0) ?? '-') && name.at(-1) !== '-';
      assert.equal(isVaultName(name), allowed && length && ends && !name.includes('--'), name);
    }),
    { numRuns: 2000 },
  );
});

describe('a new vault', () => {
  test('has Azure’s defaults, and nothing that was not said', () => {
    const { uid, ...vault } = make();
    assert.match(uid, /^[0-9a-f-]{36}$/);
    const at = '2026-06-01T00:00:00.000Z';
    assert.deepEqual(vault, {
      ...{ name: 'contoso', tenantId: TENANT, subscriptionId: 's', resourceGroup: 'g' },
      ...{ location: 'westeurope', tags: {}, sku: 'standard', accessPolicies: [] },
      ...{ enableRbacAuthorization: true, enableSoftDelete: true, softDeleteRetentionDays: 90 },
      systemData: {
        ...{ createdBy: 'ann', createdByType: 'User', createdAt: at },
        ...{ lastModifiedBy: 'ann', lastModifiedByType: 'User', lastModifiedAt: at },
      },
    });
    assert.notEqual(make().uid, uid, 'its objects are no other vault’s');
  });

  test('uses roles from 2026-02-01 on, and what is said of it before and after', () => {
    const table = [
      ['2026-01-31', false],
      ['2026-02-01', true],
      ['2026-02-01-preview', true],
      ['2027-01-01', true],
    ] as const;
    for (const [apiVersion, roles] of table) {
      assert.equal(make({}, { apiVersion }).enableRbacAuthorization, roles, apiVersion);
      for (const enableRbacAuthorization of [true, false]) {
        const said = make({ enableRbacAuthorization }, { apiVersion });
        assert.equal(said.enableRbacAuthorization, enableRbacAuthorization);
      }
    }
  });

  test('keeps its deleted for 7 to 90 whole days', () => {
    for (const softDeleteRetentionDays of [7, 8, 89, 90]) {
      const vault = make({ softDeleteRetentionDays });
      assert.equal(vault.softDeleteRetentionDays, softDeleteRetentionDays);
    }
    for (const softDeleteRetentionDays of [6, 91, 0, -7, 7.5, Number.NaN]) {
      assert.equal(
        thrown(() => make({ softDeleteRetentionDays })),
        'BadRequest',
      );
    }
  });
});

describe('a change of a vault', () => {
  const flags = [
    ...['enabledForDeployment', 'enabledForDiskEncryption', 'enabledForTemplateDeployment'],
    ...['enableRbacAuthorization', 'enablePostQuantumKeys'],
  ] as const;

  test('that names nothing leaves everything but who changed it last', () => {
    const networkAcls = {
      bypass: 'None',
      defaultAction: 'Deny',
      ...{ ipRules: [], virtualNetworkRules: [] },
    } as const;
    const before = make({
      ...{ enablePurgeProtection: true, networkAcls, publicNetworkAccess: 'Disabled' },
      ...{ sku: 'premium', tags: { a: 'b' }, softDeleteRetentionDays: 7 },
      ...{ enabledForDeployment: true, enablePostQuantumKeys: true },
    });
    const { systemData, ...after } = updateVault(before, {}, later);
    const { systemData: first, ...rest } = before;
    assert.deepEqual(after, rest);
    assert.deepEqual(systemData, {
      ...first,
      ...{ lastModifiedBy: 'bea', lastModifiedByType: 'Application' },
      lastModifiedAt: '2026-06-01T00:00:05.000Z',
    });
  });

  for (const flag of flags) {
    test(`${flag} is what was said, also \`false\`, and changes nothing else`, () => {
      const { systemData: _before, ...before } = make();
      for (const value of [true, false]) {
        const { systemData: _after, ...after } = updateVault(make(), { [flag]: value }, later);
        assert.deepEqual({ ...after, uid: '' }, { ...before, uid: '', [flag]: value });
      }
    });
  }

  test('an empty list of policies and no tags are said, too', () => {
    const permissions = { keys: ['get'] };
    const accessPolicies = [{ tenantId: TENANT, objectId: 'o', permissions }];
    const before = make({ accessPolicies, tags: { a: 'b' } });
    const after = updateVault(before, { accessPolicies: [], tags: {} }, later);
    assert.deepEqual([after.accessPolicies, after.tags], [[], {}]);
  });

  test('purge protection comes and never goes, whatever the vault had before', () => {
    const off = { enablePurgeProtection: false };
    assert.notEqual(
      thrown(() => make(off)),
      'nothing',
    );
    const open = make();
    assert.notEqual(
      thrown(() => updateVault(open, off, later)),
      'nothing',
    );
    const kept = updateVault(open, { enablePurgeProtection: true }, later);
    assert.equal(kept.enablePurgeProtection, true);
    assert.notEqual(
      thrown(() => updateVault(kept, off, later)),
      'nothing',
    );
    assert.equal(updateVault(kept, {}, later).enablePurgeProtection, true);
  });

  test('soft delete does not go, but an old vault that shows none goes on showing it', () => {
    const off = { enableSoftDelete: false };
    assert.notEqual(
      thrown(() => updateVault(make(), off, later)),
      'nothing',
    );
    const old = make(off);
    assert.equal(updateVault(old, off, later).enableSoftDelete, false);
    const on = updateVault(old, { enableSoftDelete: true }, later);
    assert.equal(on.enableSoftDelete, true);
    assert.notEqual(
      thrown(() => updateVault(on, off, later)),
      'nothing',
    );
  });

  test('the retention can be said again, but not changed', () => {
    const before = make({ softDeleteRetentionDays: 30 });
    assert.equal(
      updateVault(before, { softDeleteRetentionDays: 30 }, later).softDeleteRetentionDays,
      30,
    );
    for (const softDeleteRetentionDays of [29, 31, 90]) {
      assert.notEqual(
        thrown(() => updateVault(before, { softDeleteRetentionDays }, later)),
        'nothing',
      );
    }
  });
});

test('a deleted vault is to be purged after its own days, and recovered as it was', () => {
  for (const softDeleteRetentionDays of [7, 90]) {
    const before = make({ softDeleteRetentionDays });
    const gone = softDeleteVault(before, later);
    assert.deepEqual(gone.deleted, {
      deletedAtMs: later.atMs,
      scheduledPurgeAtMs: later.atMs + softDeleteRetentionDays * DAY_MS,
    });
    const back = recoverVault(gone, change);
    assert.deepEqual(back, before);
    assert.equal('deleted' in back, false);
  }
});
