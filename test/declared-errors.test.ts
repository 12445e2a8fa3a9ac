// Every error that an operation row declares is met at least once on a served instance. What cannot
// be provoked there is named with the reason; a reason that no longer holds fails the test.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { admitToSecrets, createVault } from '#test/kit/estate.ts';
import { type Instance, startInstance } from '#test/kit/instance.ts';
import type { Answer } from '#test/kit/wire.ts';
import type { Estate } from '#test/matrix/call-row.ts';
import { declaredErrors } from '#test/matrix/declared.ts';
import { provokeGraph } from '#test/matrix/provocations/graph.ts';
import { provokeLogin } from '#test/matrix/provocations/login.ts';
import { provokeManagement } from '#test/matrix/provocations/management.ts';
import { provokePki } from '#test/matrix/provocations/pki.ts';
import { UNPROVOKED } from '#test/matrix/provocations/unprovoked.ts';
import { provokeVault } from '#test/matrix/provocations/vault.ts';
import { loadRows } from '#test/matrix/rows.ts';

const PLANES: readonly (readonly [string, (estate: Estate) => Promise<Answer[]>])[] = [
  ['vault', provokeVault],
  ['management', provokeManagement],
  ['graph', provokeGraph],
  ['login', provokeLogin],
  ['pki', provokePki],
];

const declared = declaredErrors(await loadRows());

describe('every declared error is met', () => {
  let instance: Instance;
  let estate: Estate;

  before(async () => {
    instance = await startInstance();
    const { owner } = instance;
    const rbac = await createVault(owner, { model: 'rbac' });
    const policy = await createVault(owner, { model: 'policy' });
    await admitToSecrets(owner, owner, { name: rbac, model: 'rbac' });
    estate = { instance, vaults: { rbac, policy } };
  });

  after(() => instance?.stop());

  for (const [plane, provoke] of PLANES) {
    test(`by callers of the plane ${plane}`, async () => {
      const answers = await provoke(estate);
      const met = new Set(
        declared
          .filter((one) => answers.some((answer) => one.matches(plane, answer)))
          .map(({ key }) => key),
      );
      const wanted = declared.filter(({ key }) => key.startsWith(`${plane} `));
      const excused = (key: string) => UNPROVOKED.some(({ start }) => key.startsWith(start));
      const missed = wanted.filter(({ key }) => !met.has(key) && !excused(key));
      assert.deepEqual(
        missed.map(({ key }) => key),
        [],
      );
      const outdated = UNPROVOKED.filter(({ start }) =>
        [...met].some((key) => key.startsWith(start)),
      );
      assert.deepEqual(outdated, [], 'these are met by now: take them off the list');
    });
  }

  test('and every excuse is for an error that is declared', () => {
    const idle = UNPROVOKED.filter(
      ({ start }) => !declared.some(({ key }) => key.startsWith(start)),
    );
    assert.deepEqual(idle, []);
  });
});
