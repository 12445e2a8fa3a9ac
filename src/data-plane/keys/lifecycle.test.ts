// Any interleaving of what can happen to a key, against a model of it. What several callers do at
// the same time has to come out as some order of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { doDue, openTestVault, type TestVault } from '../vault.fixture.ts';

const DAY_MS = 86_400_000;
const params = { name: 'k' };
const body = { kty: 'EC', crv: 'P-256' };
const trigger = { timeAfterCreate: 'P30D' };
const POLICY = { lifetimeActions: [{ trigger, action: { type: 'Rotate' } }] };

type Step =
  | { readonly do: 'create' | 'rotate' | 'delete' | 'recover' | 'purge' | 'schedule' | 'backup' }
  | { readonly do: 'restore' }
  | { readonly do: 'update'; readonly tag: string; readonly enabled: boolean }
  | { readonly do: 'wait'; readonly days: number };

const NO_KEY = { versions: 0, born: 0, tag: '', enabled: true, scheduled: false, deleted: false };

type Key = Readonly<typeof NO_KEY>;

/** What is answered where there is no key, where there is one, and where a deleted one is. */
const ANSWERS: Readonly<Partial<Record<Step['do'], readonly [number, number, number]>>> = {
  create: [200, 200, 409],
  recover: [404, 400, 200],
  purge: [404, 400, 204],
  restore: [200, 409, 409],
  wait: [200, 200, 200],
};
const OTHERS = [404, 200, 404] as const;

/** What should be. */
class Model {
  key: Key | undefined;
  #backup: Key | undefined;
  #day = 0;

  /** Answers the status of the call. */
  apply(step: Step): number {
    if (step.do === 'restore' && this.#backup === undefined) return 400;
    const [none, live, gone] = ANSWERS[step.do] ?? OTHERS;
    const status = this.key === undefined ? none : this.key.deleted ? gone : live;
    if (status < 300) this.key = this.#after(step, this.key ?? NO_KEY);
    return status;
  }

  #after(step: Step, key: Key): Key | undefined {
    const next = { versions: key.versions + 1, born: this.#day, enabled: true };
    if (step.do === 'create') return { ...NO_KEY, ...next, scheduled: key.scheduled };
    if (step.do === 'rotate') return { ...key, ...next };
    if (step.do === 'update') return { ...key, tag: step.tag, enabled: step.enabled };
    if (step.do === 'schedule') return { ...key, scheduled: true };
    if (step.do === 'delete' || step.do === 'recover') return { ...key, deleted: !key.deleted };
    if (step.do === 'restore') return this.#backup;
    if (step.do === 'backup') this.#backup = key;
    if (step.do === 'wait') this.#day += step.days;
    return step.do === 'purge' ? undefined : this.key;
  }

  /** A schedule that is due gives one version, however late it is. */
  catchUp(): void {
    const { scheduled, enabled, born } = this.key ?? NO_KEY;
    if (scheduled && enabled && this.#day - born >= 30) this.apply({ do: 'rotate' });
  }
}

const PLAIN = ['rotate', 'delete', 'recover', 'purge', 'schedule', 'backup', 'restore'] as const;

/** Weighed so that keys exist most of the time, and waits often end at the very day. */
const single: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ do: 'create' as const }) },
  { weight: PLAIN.length, arbitrary: fc.constantFrom(...PLAIN.map((name) => ({ do: name }))) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('update' as const),
      tag: fc.constantFrom('x', 'y'),
      enabled: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      days: fc.constantFrom(1, 15, 29, 30, 40),
    }),
  },
);

/** Chance alone hardly ever brings a backup back. */
const comeBack = (['delete', 'purge', 'restore'] as const).map((name) => ({ do: name }));
const steps: fc.Arbitrary<Step[]> = fc
  .array(
    fc.oneof(
      { weight: 15, arbitrary: single.map((step) => [step]) },
      { weight: 1, arbitrary: fc.constant(comeBack) },
    ),
    { minLength: 20, maxLength: 40 },
  )
  .map((parts) => parts.flat());

async function perform(vault: TestVault, step: Step, backups: string[]): Promise<number> {
  const call = async (id: string, sent?: object) =>
    vault.call(id, { params, ...(sent && { body: sent }) });
  switch (step.do) {
    case 'create':
      return (await call('CreateKey', body)).status;
    case 'rotate':
      return (await call('RotateKey')).status;
    case 'update': {
      const { tag, enabled } = step;
      return (await call('UpdateKey', { tags: { tag }, attributes: { enabled } })).status;
    }
    case 'schedule':
      return (await call('UpdateKeyRotationPolicy', POLICY)).status;
    case 'delete':
      return (await call('DeleteKey')).status;
    case 'recover':
      return (await call('RecoverDeletedKey')).status;
    case 'purge':
      return (await call('PurgeDeletedKey')).status;
    case 'backup': {
      const { status, body: made } = await call('BackupKey');
      if (status === 200) backups.push(made.value);
      return status;
    }
    case 'restore':
      return (await call('RestoreKey', { value: backups.at(-1) ?? '' })).status;
    case 'wait':
      vault.clock.advance(step.days * DAY_MS);
      return 200;
  }
}

async function compare(vault: TestVault, { key }: Model): Promise<void> {
  const live = await vault.call('GetKey', { params });
  const deleted = await vault.call('GetDeletedKey', { params });
  assert.equal(live.status, key !== undefined && !key.deleted ? 200 : 404);
  assert.equal(deleted.status, key?.deleted ? 200 : 404);
  if (live.status !== 200) return;
  const { value: versions } = (await vault.call('GetKeyVersions', { params })).body;
  assert.equal(versions.length, key?.versions);
  assert.equal(live.body.tags?.tag ?? '', key?.tag);
  assert.equal(live.body.attributes.enabled, key?.enabled);
  const kids = new Set(versions.map(({ kid }: { kid: string }) => kid));
  assert.equal(kids.size, key?.versions);
  assert.ok(kids.has(live.body.key.kid), 'the latest is one of the versions');
}

test('any order of operations, waiting and schedules agrees with the model', async () => {
  const property = fc.asyncProperty(steps, async (list) => {
    const vault = await openTestVault();
    const model = new Model();
    const backups: string[] = [];
    for (const step of list) {
      const expected = model.apply(step);
      assert.equal(await perform(vault, step, backups), expected, JSON.stringify(step));
      if (step.do === 'wait') {
        await doDue(vault);
        model.catchUp();
      }
      await compare(vault, model);
    }
  });
  await fc.assert(property, { numRuns: 100 });
});

test('what happens at once comes out as some order of it, and nothing is lost', async () => {
  const kinds = fc.constantFrom('rotate', 'create', 'update', 'delete', 'recover');
  const property = fc.asyncProperty(fc.array(kinds, { maxLength: 12 }), async (list) => {
    const vault = await openTestVault();
    await vault.call('CreateKey', { params, body });
    const ids: Readonly<Record<string, string>> = {
      ...{ rotate: 'RotateKey', create: 'CreateKey', update: 'UpdateKey' },
      ...{ delete: 'DeleteKey', recover: 'RecoverDeletedKey' },
    };
    const answers = await Promise.all(
      list.map(async (kind) => {
        const sent =
          kind === 'create' ? body : kind === 'update' ? { tags: { a: 'b' } } : undefined;
        const { status, body: got } = await vault.call(ids[kind] ?? '', { params, body: sent });
        return { kind, status, kid: got?.key?.kid };
      }),
    );
    assert.ok(answers.every(({ status }) => status < 500));
    await vault.call('RecoverDeletedKey', { params });
    const { value } = (await vault.call('GetKeyVersions', { params, query: { maxresults: '25' } }))
      .body;
    const kept = new Set(value.map(({ kid }: { kid: string }) => kid));
    const made = answers.filter(({ kind, status }) => /rotate|create/.test(kind) && status === 200);
    assert.equal(kept.size, made.length + 1, 'all that was answered, and no other');
    for (const { kid } of made) assert.ok(kept.has(kid));
  });
  await fc.assert(property, { numRuns: 40 });
});
