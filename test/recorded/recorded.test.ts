// Recorded traffic of the real service, repeated against a served instance: every answer has the
// recorded status, error code and shape, and every value that the recording determines.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Instance, startInstance } from '#test/kit/instance.ts';
import { EXCLUSIONS } from './exclusions.ts';
import { prepareReplay, type Replayer, unavailable } from './replay.ts';

const GROUPS = ['secrets', 'vaults', 'rbac', 'resourcegroups'];

describe('recorded conversations with the real service', { skip: unavailable }, () => {
  let instance: Instance;
  let replayer: Replayer;

  before(async () => {
    instance = await startInstance();
    replayer = await prepareReplay(instance);
  });

  after(() => instance?.stop());

  for (const group of GROUPS) {
    test(`${group}: all pass but those excluded with a reason`, async (context) => {
      const outcomes = await replayer.repeat(group);
      assert.ok(outcomes.length > 0);
      const failed = outcomes.filter(({ id, passed }) => !passed && !EXCLUSIONS.has(id));
      const excluded = outcomes.filter(({ id }) => EXCLUSIONS.has(id));
      context.diagnostic(
        `${outcomes.filter(({ passed }) => passed).length} of ${outcomes.length} pass, ` +
          `${excluded.length} excluded`,
      );
      assert.deepEqual(
        failed.map(({ id, difference }) => `${id}: ${difference}`),
        [],
      );
      const outdated = excluded.filter(({ passed }) => passed).map(({ id }) => id);
      assert.deepEqual(outdated, [], 'these pass by now: take them off the list');
    });
  }

  test('every exclusion names a recording of these groups', () => {
    const strangers = [...EXCLUSIONS.keys()].filter(
      (id) => !GROUPS.some((group) => id.startsWith(`${group}/`)),
    );
    assert.deepEqual(strangers, []);
  });
});
