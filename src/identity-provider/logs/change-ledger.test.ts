import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { systemGrant } from '#authorization';
import { createGroup, createUser, updateUser } from '#directory';
import type { Grant } from '#kernel';
import { ManualClock } from '#kernel';
import { openMemoryStorage, type Storage, tenantPartition } from '#storage';
import { ChangeLedger } from './change-ledger.ts';
import { describeChange } from './described-change.ts';

const clock = new ManualClock();
const ledger = new ChangeLedger();
let storage: Storage;
before(async () => {
  storage = ledger.watch(await openMemoryStorage());
});

const newGrant = (): Grant => systemGrant(tenantPartition('t'), 'test');
const input = (name: string) => ({
  userPrincipalName: `${name}@test.localhost`,
  displayName: name,
  passwordProfile: { password: 'Correct-Horse-7', forceChangePasswordNextSignIn: false },
});

describe('a change of the directory', () => {
  test('is noted beside the grant that made it, with what was there before', async () => {
    const [creating, changing] = [newGrant(), newGrant()];
    const user = await createUser(storage.view(creating), input('ann'), clock);
    const changes = { displayName: 'Ann' };
    await updateUser(storage.view(changing), { id: user.id, changes }, clock);
    const [made, ...more] = ledger.changesOf(creating);
    assert.equal(more.length, 0, 'claims are no objects');
    assert.deepEqual([made?.kind, made?.before], ['user', undefined]);
    const [changed] = ledger.changesOf(changing);
    assert.deepEqual(changed?.before, user);
    assert.deepEqual(ledger.changesOf(newGrant()), []);
    assert.deepEqual(ledger.changesOf(undefined), []);
  });

  test('that was not committed is none', async () => {
    const grant = newGrant();
    const view = storage.view(grant);
    await assert.rejects(
      view.transact(async (transaction) => {
        transaction.put('directory/user/x', { id: 'x' });
        throw new Error('no');
      }),
    );
    assert.deepEqual(ledger.changesOf(grant), []);
  });

  test('tried again after a conflict counts once, as it was committed', async () => {
    const user = await createUser(storage.view(newGrant()), input('twice'), clock);
    const names = ['one', 'two', 'three', 'four'];
    const grants = await Promise.all(
      names.map(async (displayName) => {
        const grant = newGrant();
        const target = { id: user.id, changes: { displayName } };
        await updateUser(storage.view(grant), target, clock);
        return grant;
      }),
    );
    for (const grant of grants) assert.equal(ledger.changesOf(grant).length, 1);
    const told = grants.map((grant) => ledger.changesOf(grant)[0]);
    const befores = told.map((change) => JSON.stringify(change?.before));
    assert.equal(new Set(befores).size, 4, 'each saw what the one before it left');
  });

  test('is noted up to a bound, whatever one request does', async () => {
    const grant = newGrant();
    const view = storage.view(grant);
    for (let at = 0; at < 25; at += 1) {
      await createGroup(view, { displayName: 'g', mailNickname: 'g' }, clock);
    }
    assert.equal(ledger.changesOf(grant).length, 20);
  });
});

describe('its description', () => {
  test('tells nothing of a kind or a property that it does not know', () => {
    const unknown = describeChange({
      kind: 'authenticator',
      before: undefined,
      after: { id: 'x', seed: 'JBSWY3DPEHPK3PXP' },
    });
    assert.equal(unknown.activityDisplayName, 'Add object');
    assert.ok(!JSON.stringify(unknown).includes('JBSWY3DPEHPK3PXP'));
    const user = { id: 'x', displayName: 'a', passwordHash: '$argon2id$a', totp: 'JBSWY3DP' };
    const changed = describeChange({
      kind: 'user',
      before: user,
      after: { ...user, passwordHash: '$argon2id$b', totp: 'OTHER' },
    });
    assert.equal(changed.activityDisplayName, 'Reset user password');
    assert.doesNotMatch(JSON.stringify(changed), /argon2id|JBSWY3DP|OTHER/);
  });

  test('tells which identities a registered machine was given and lost', () => {
    const machine = { id: 'x', resourceId: '/machines/web', publicKey: 'MFkw' };
    const described = describeChange({
      kind: 'host',
      before: { ...machine, userAssignedPrincipalIds: ['old'] },
      after: { ...machine, userAssignedPrincipalIds: ['new'] },
    });
    assert.match(described.activityDisplayName, /userAssignedPrincipalId to registered machine$/);
    assert.match(JSON.stringify(described.target.modifiedProperties), /old.*new/);
  });

  test('has a length that no caller chooses', () => {
    const many = Array.from({ length: 10_000 }, (_, at) => `https://${at}.test/${'x'.repeat(100)}`);
    const described = describeChange({
      kind: 'application',
      before: { id: 'x', owners: [], identifierUris: [] },
      after: { id: 'x', owners: many, identifierUris: many, webRedirectUris: many },
    });
    assert.ok(JSON.stringify(described).length < 5000);
  });
});
