import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listVaultEvents, trimVaultEvents, VAULT_EVENTS_MAX } from '#resources';
import { dueWorkJob } from '../due-work-job.ts';
import { secretObjects } from '../secrets/secret-store.ts';
import {
  doDue,
  eventsOf,
  makeVault,
  openTestVault,
  recordsOf,
  type TestVault,
} from '../vault.fixture.ts';
import { expiryHandlers, runDueWork } from './due-runner.ts';
import { DueSoon } from './due-soon.ts';
import { DUE_PREFIX, type DueEntry, duePath, mergeDue, planExpiry } from './due-work.ts';

const DAY_MS = 86_400_000;
const params = { name: 'db' };

function setSecret(vault: TestVault, expDays?: number, name = 'db') {
  const exp = expDays && Math.floor((vault.clock.now() + expDays * DAY_MS) / 1000);
  return vault.call('SetSecret', { params: { name }, body: { value: 'v', attributes: { exp } } });
}

const indexOf = async (vault: TestVault) =>
  (await recordsOf(vault).scan<DueEntry>({ prefix: DUE_PREFIX, limit: 100 })).map(
    ({ value }) => value.task,
  );

test('expiry is announced 30 days before and told when it comes, each once', async () => {
  const vault = await openTestVault();
  const audited: string[] = [];
  await setSecret(vault, 60);
  assert.equal(await doDue(vault, audited), 0);
  vault.clock.advance(30 * DAY_MS - 1000);
  assert.equal(await doDue(vault, audited), 0, 'not a second early');
  vault.clock.advance(1000);
  assert.equal(await doDue(vault, audited), 1);
  assert.equal(await doDue(vault, audited), 0, 'not twice');
  vault.clock.advance(30 * DAY_MS);
  assert.equal(await doDue(vault, audited), 1);
  const told = ['SecretNewVersionCreated db', 'SecretNearExpiry db', 'SecretExpired db'];
  assert.deepEqual(await eventsOf(vault), told);
  assert.deepEqual(audited, [
    'SecretNearExpiryEventGridNotification',
    'SecretExpiredEventGridNotification',
  ]);
  assert.deepEqual(await indexOf(vault), []);
});

test('an event carries the version and its times, and no value', async () => {
  const vault = await openTestVault();
  const made = await setSecret(vault, 20);
  vault.clock.advance(1000);
  await doDue(vault);
  const page = await listVaultEvents(recordsOf(vault), { after: undefined, limit: 1 });
  const [event] = page.events;
  const version = made.body.id.split('/').at(-1);
  assert.deepEqual([event?.kind, event?.version], ['NearExpiry', version]);
  assert.equal(event?.exp, made.body.attributes.exp);
  assert.doesNotMatch(JSON.stringify(event), /"value"/);
});

test('after a long downtime only the expiry is told, not that it is near', async () => {
  const vault = await openTestVault();
  await setSecret(vault, 60);
  vault.clock.advance(500 * DAY_MS);
  assert.equal(await doDue(vault), 1);
  assert.deepEqual(await eventsOf(vault), ['SecretNewVersionCreated db', 'SecretExpired db']);
  assert.deepEqual(await indexOf(vault), []);
});

test('a new version or another expiry takes the place of what was planned', async () => {
  const vault = await openTestVault();
  await setSecret(vault, 60);
  await setSecret(vault);
  assert.deepEqual(await indexOf(vault), []);
  await setSecret(vault, 60);
  const exp = Math.floor(vault.clock.now() / 1000) + 200 * 86_400;
  await vault.call('UpdateSecret', { params, body: { attributes: { exp } } });
  assert.equal((await indexOf(vault)).length, 2);
  vault.clock.advance(100 * DAY_MS);
  assert.equal(await doDue(vault), 0);
  vault.clock.advance(70 * DAY_MS);
  assert.equal(await doDue(vault), 1);
});

test('what was told is not told again when something else is updated', async () => {
  const vault = await openTestVault();
  await setSecret(vault, 20);
  assert.equal(await doDue(vault), 1);
  await vault.call('UpdateSecret', { params, body: { tags: { a: 'b' } } });
  assert.equal(await doDue(vault), 0);
});

test('a deleted object rests; what fell due meanwhile is done once it is recovered', async () => {
  const vault = await openTestVault();
  await setSecret(vault, 60);
  await vault.call('DeleteSecret', { params });
  assert.deepEqual(await indexOf(vault), []);
  vault.clock.advance(80 * DAY_MS);
  assert.equal(await doDue(vault), 0);
  await vault.call('RecoverDeletedSecret', { params });
  assert.equal(await doDue(vault), 1);
});

test('a restored object falls due as the one that was backed up', async () => {
  const vault = await openTestVault();
  await setSecret(vault, 60);
  const { body } = await vault.call('BackupSecret', { params });
  await vault.call('DeleteSecret', { params });
  await vault.call('PurgeDeletedSecret', { params });
  await vault.call('RestoreSecret', { body });
  vault.clock.advance(31 * DAY_MS);
  assert.equal(await doDue(vault), 1);
});

test('a soft-deleted vault rests until it is recovered', async () => {
  const record = makeVault();
  const vault = await openTestVault(record);
  await setSecret(vault, 60);
  await vault.putVault({ ...record, deleted: { deletedAtMs: 0, scheduledPurgeAtMs: 1 } });
  vault.clock.advance(70 * DAY_MS);
  assert.equal(await doDue(vault), 0);
  await vault.putVault(record);
  assert.equal(await doDue(vault), 1);
});

test('one piece that fails stays due and keeps no other from being done', async () => {
  const vault = await openTestVault();
  for (let i = 0; i < 120; i++) await setSecret(vault, 20, `s${String(i).padStart(3, '0')}`);
  const session = {
    view: recordsOf(vault),
    vault: makeVault(),
    nowSeconds: vault.clock.now() / 1000,
  };
  const handlers = expiryHandlers(secretObjects);
  const failed: string[] = [];
  let broken = true;
  const run = () =>
    runDueWork(session, {
      handlers: {
        secrets: {
          nearExpiry: async (at, entry) => {
            if (broken && entry.name === 's003') throw new Error('not now');
            return handlers.nearExpiry?.(at, entry);
          },
        },
      },
      onDone: async () => {},
      onFailed: (_cause, { name }) => failed.push(name),
    });
  assert.equal((await run()).done, 119);
  assert.deepEqual(failed, ['s003']);
  broken = false;
  assert.equal((await run()).done, 1);
});

test('what falls due before the next look is done on its second, after a restart too', async () => {
  const vault = await openTestVault();
  await setSecret(vault, 30 + 25 / 86_400);
  await setSecret(vault, 30 + 50 / 86_400, 'other');
  const audited: number[] = [];
  const startedAt = vault.clock.now();
  const { run } = dueWorkJob({
    ...{ ...vault.options, resources: vault.resources, soon: new DueSoon() },
    audit: async () => void audited.push((vault.clock.now() - startedAt) / 1000),
    logError: (name, cause) => assert.fail(`${name}: ${cause}`),
  });
  for (let second = 0; second < 60; second++) {
    await run(vault.clock.now());
    vault.clock.advance(1000);
  }
  assert.deepEqual(audited, [25, 50]);
});

test('what falls due by the work itself is done in the same run, each piece once', async () => {
  const vault = await openTestVault();
  const view = recordsOf(vault);
  const nowSeconds = vault.clock.now() / 1000;
  const base = { collection: 'secrets', uid: 'u', name: 'db', at: nowSeconds } as const;
  const first: DueEntry = { ...base, task: 'renew' };
  const second: DueEntry = { ...base, task: 'issue' };
  const later: DueEntry = { ...base, task: 'notify', at: nowSeconds + 7 };
  await view.transact(async (transaction) => transaction.put(duePath(first), first));
  const order: string[] = [];
  const run = await runDueWork(
    { view, vault: makeVault(), nowSeconds },
    {
      handlers: {
        secrets: {
          renew: async () => {
            order.push('renew');
            await view.transact(async (transaction) => {
              transaction.put(duePath(second), second);
              transaction.put(duePath(later), later);
            });
            return undefined;
          },
          issue: async () => {
            order.push('issue');
            throw new Error('not now');
          },
        },
      },
      onDone: async () => {},
      onFailed: () => {},
    },
  );
  assert.deepEqual(order, ['renew', 'issue']);
  assert.deepEqual(run, { done: 0, next: nowSeconds + 7 });
});

test('work taken from an object that has been replaced under its name is not done', async () => {
  const vault = await openTestVault();
  await setSecret(vault, 60);
  const view = recordsOf(vault);
  const [stale] = await view.scan<DueEntry>({ prefix: DUE_PREFIX, limit: 1 });
  assert.ok(stale);
  await vault.call('DeleteSecret', { params });
  await vault.call('PurgeDeletedSecret', { params });
  await setSecret(vault, 60);
  const taken = await view.transact((transaction) =>
    secretObjects.takeDue(transaction, stale.value),
  );
  assert.equal(taken, undefined);
  assert.equal((await indexOf(vault)).length, 2, 'the new object keeps its own');
});

test('what was done for a version stays done only for that version and time', () => {
  const done = { nearExpiry: { at: 10, version: 'a', done: true } } as const;
  assert.deepEqual(mergeDue(done, { nearExpiry: 10 }, 'a'), done);
  assert.deepEqual(mergeDue(done, { nearExpiry: 10 }, 'b'), {
    nearExpiry: { at: 10, version: 'b' },
  });
  assert.deepEqual(mergeDue(done, { nearExpiry: 11 }, 'a'), {
    nearExpiry: { at: 11, version: 'a' },
  });
  assert.equal(mergeDue(done, {}, 'a'), undefined);
});

test('an expiry in the first days of 1970 is due at once', async () => {
  const vault = await openTestVault();
  const attributes = { exp: 1 };
  await vault.call('SetSecret', { params, body: { value: 'v', attributes } });
  assert.equal(await doDue(vault), 1);
  assert.deepEqual(
    planExpiry({
      current: { version: '', listed: {}, attributes: { enabled: true, created: 0, updated: 0 } },
    }),
    {},
  );
});

test('events are kept 30 days, and 5,000 of them, and leave in pages without gaps', async () => {
  const vault = await openTestVault();
  const view = recordsOf(vault);
  await setSecret(vault, undefined, 'old');
  vault.clock.advance(29 * DAY_MS);
  for (let i = 0; i < 3; i++) await setSecret(vault, undefined, `s${i}`);
  const names: string[] = [];
  let after: string | undefined;
  do {
    const page = await listVaultEvents(view, { after, limit: 2 });
    names.push(...page.events.map(({ objectName }) => objectName));
    after = page.after;
  } while (after !== undefined);
  assert.deepEqual(names.toSorted(), ['old', 's0', 's1', 's2']);
  assert.equal(names.at(-1), 'old', 'the newest come first');
  vault.clock.advance(2 * DAY_MS);
  await dueWorkJob({
    ...{ ...vault.options, resources: vault.resources },
    audit: async () => {},
    logError: (name, cause) => assert.fail(`${name}: ${cause}`),
  }).run(vault.clock.now());
  assert.equal((await eventsOf(vault)).length, 3);
  const now = vault.clock.now() / 1000;
  await view.transact(async (transaction) => {
    for (let i = 0; i < VAULT_EVENTS_MAX; i++) {
      const head = {
        uid: '',
        name: `e${i}`,
        current: { version: '', listed: {}, attributes: { enabled: true, created: 0, updated: 0 } },
      };
      secretObjects.recordEvent(transaction, head, { kind: 'Expired', time: now + i });
    }
  });
  assert.equal(await trimVaultEvents(view, now), 3);
  assert.equal((await view.scan({ prefix: 'event/', limit: 10_000 })).length, VAULT_EVENTS_MAX);
  assert.equal(await trimVaultEvents(view, now), 0);
});
