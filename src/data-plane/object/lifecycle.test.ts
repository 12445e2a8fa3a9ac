// Any interleaving of operations against a model of what Key Vault promises.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { purgeDue } from '../purge-job.ts';
import { openTestVault, recordsOf, type TestVault } from '../vault.fixture.ts';

const DAY_MS = 86_400_000;
const RETENTION_DAYS = 90;

interface Thing {
  /** Values, oldest first. */
  values: string[];
  tags: Record<string, string>;
  deletedAtDay: number | undefined;
}

/** The promise, without records, versions' ids or times of day. */
class Model {
  readonly things = new Map<string, Thing>();
  readonly backups: { name: string; values: string[]; tags: Record<string, string> }[] = [];
  day = 0;

  /** The status that the operation must have, and its effect on the model. */
  apply(step: Step): number {
    const { name } = step;
    const thing = this.things.get(name);
    const live = thing?.deletedAtDay === undefined ? thing : undefined;
    const deleted = thing?.deletedAtDay === undefined ? undefined : thing;
    switch (step.do) {
      case 'set':
        if (deleted) return 409;
        if (live) live.values.push(step.value);
        this.things.set(name, live ?? { values: [step.value], tags: {}, deletedAtDay: undefined });
        if (live) live.tags = {};
        return 200;
      case 'update':
        if (live) live.tags = { tag: step.value };
        return live ? 200 : 404;
      case 'delete':
        if (live) live.deletedAtDay = this.day;
        return live ? 200 : 404;
      case 'recover':
        if (deleted) deleted.deletedAtDay = undefined;
        return deleted ? 200 : live ? 400 : 404;
      case 'purge':
        if (deleted) this.things.delete(name);
        return deleted ? 204 : live ? 400 : 404;
      case 'backup':
        if (live) this.backups.push({ name, values: [...live.values], tags: live.tags });
        return live ? 200 : 404;
      case 'restore': {
        const backup = this.backups.at(-1);
        if (backup === undefined) return 400;
        if (this.things.has(backup.name)) return 409;
        const values = [...backup.values];
        this.things.set(backup.name, { ...backup, values, deletedAtDay: undefined });
        return 200;
      }
      case 'wait':
        this.day += step.days;
        for (const [key, { deletedAtDay }] of this.things) {
          if (deletedAtDay !== undefined && deletedAtDay + RETENTION_DAYS <= this.day) {
            this.things.delete(key);
          }
        }
        return 200;
    }
  }
}

interface Step {
  readonly do: 'set' | 'update' | 'delete' | 'recover' | 'purge' | 'backup' | 'restore' | 'wait';
  readonly name: string;
  readonly value: string;
  readonly days: number;
}

const steps: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom(
    ...(['set', 'set', 'update', 'delete', 'delete', 'recover', 'purge'] as const),
    ...(['backup', 'restore', 'wait'] as const),
  ),
  name: fc.constantFrom('a', 'b'),
  value: fc.string({ maxLength: 3 }),
  days: fc.integer({ min: 1, max: 60 }),
});

async function perform(vault: TestVault, step: Step, backups: string[]): Promise<number> {
  const { name, value } = step;
  const params = { name };
  const call = async (id: string, body?: object) => {
    const answer = await vault.call(id, { params, body });
    if (id === 'BackupSecret' && answer.status === 200) backups.push(answer.body.value);
    return answer.status;
  };
  switch (step.do) {
    case 'set':
      return call('SetSecret', { value });
    case 'update':
      return call('UpdateSecret', { tags: { tag: value } });
    case 'delete':
      return call('DeleteSecret');
    case 'recover':
      return call('RecoverDeletedSecret');
    case 'purge':
      return call('PurgeDeletedSecret');
    case 'backup':
      return call('BackupSecret');
    case 'restore':
      return call('RestoreSecret', { value: backups.at(-1) ?? '' });
    case 'wait':
      vault.clock.advance(step.days * DAY_MS);
      await purgeDue(vault, vault.clock.now());
      return 200;
  }
}

async function compare(vault: TestVault, model: Model): Promise<void> {
  for (const name of ['a', 'b']) {
    const thing = model.things.get(name);
    const isLive = thing !== undefined && thing.deletedAtDay === undefined;
    const latest = await vault.call('GetSecret', { params: { name } });
    assert.equal(latest.status, isLive ? 200 : 404);
    const deleted = await vault.call('GetDeletedSecret', { params: { name } });
    assert.equal(deleted.status, thing !== undefined && !isLive ? 200 : 404);
    if (!isLive) continue;
    assert.equal(latest.body.value, thing.values.at(-1));
    assert.deepEqual(latest.body.tags ?? {}, thing.tags);
    const { value: versions } = (await vault.call('GetSecretVersions', { params: { name } })).body;
    const values: string[] = [];
    for (const { id } of versions) {
      const version = id.split('/').at(-1);
      values.push((await vault.call('GetSecret', { params: { name, version } })).body.value);
    }
    assert.deepEqual(values.toSorted(), thing.values.toSorted());
  }
}

test('any order of operations and waiting agrees with the model', async () => {
  const property = fc.asyncProperty(fc.array(steps, { maxLength: 25 }), async (list) => {
    const vault = await openTestVault();
    const model = new Model();
    const backups: string[] = [];
    for (const step of list) {
      const expected = model.apply(step);
      assert.equal(await perform(vault, step, backups), expected, JSON.stringify(step));
      await compare(vault, model);
    }
    const records = await recordsOf(vault).scan({ prefix: '', limit: 10_000 });
    const left = records.filter(({ path }) => !path.startsWith('event/'));
    const owned = [...model.things.values()];
    const heads = owned.length;
    const versions = owned.reduce((sum, thing) => sum + thing.values.length, 0);
    const entries = owned.filter((thing) => thing.deletedAtDay !== undefined).length;
    assert.equal(left.length, heads + versions + entries, 'nothing else is left behind');
  });
  await fc.assert(property, { numRuns: 60 });
});
