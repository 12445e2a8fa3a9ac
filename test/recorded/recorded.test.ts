// Recorded traffic of the real service, repeated against a served instance: every answer has the
// recorded status, error code and shape, and every value that the recording determines.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Instance, startInstance } from '#test/kit/instance.ts';
import { EXCLUSIONS, KNOWN_DIFFERENCES } from './exclusions.ts';
import {
  type Difference,
  describeDifference,
  prepareReplay,
  type Replayer,
  unavailable,
} from './replay.ts';

const GROUPS = ['secrets', 'keys', 'crypto', 'certificates', 'vaults', 'rbac', 'resourcegroups'];

describe('recorded conversations with the real service', { skip: unavailable }, () => {
  let instance: Instance;
  let replayer: Replayer;
  const repeated = new Set<string>();

  before(async () => {
    instance = await startInstance();
    replayer = await prepareReplay(instance);
  });

  after(() => instance?.stop());

  for (const group of GROUPS) {
    test(`${group}: all pass but those excluded with a reason`, async (context) => {
      const outcomes = (await replayer.repeat(group, new Set(EXCLUSIONS.keys()))).map(
        ({ id, differences }) => ({ id, differences: differences.filter(isUnknown) }),
      );
      assert.ok(outcomes.length > 0);
      for (const { id } of outcomes) repeated.add(id);
      const passed = outcomes.filter(({ differences }) => differences.length === 0);
      const excluded = outcomes.filter(({ id }) => EXCLUSIONS.has(id));
      context.diagnostic(
        `${passed.length} of ${outcomes.length} pass, ${excluded.length} are excluded`,
      );
      const failed = outcomes.filter(
        ({ id, differences }) => differences.length > 0 && !EXCLUSIONS.has(id),
      );
      assert.deepEqual(
        failed.map(({ id, differences }) => [id, ...differences.map(describeDifference)]),
        [],
      );
      const outdated = passed.filter(({ id }) => EXCLUSIONS.has(id)).map(({ id }) => id);
      assert.deepEqual(outdated, [], 'these pass by now: take them off the list');
    });
  }

  test('every exclusion names a recording that was repeated', () => {
    assert.deepEqual(
      [...EXCLUSIONS.keys()].filter((id) => !repeated.has(id)),
      [],
    );
  });
});

function isUnknown(difference: Difference): boolean {
  return !KNOWN_DIFFERENCES.some(({ matches }) => matches(difference));
}
