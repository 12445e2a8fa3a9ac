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

interface Key {
  versions: number;
  ageDays: number;
  tag?: string;
  enabled: boolean;
  scheduled: boolean;
  deleted: boolean;
}

/** What should be. `apply` answers the status of the call. */
class Model {
  key: Key | undefined;
  backup: Key | undefined;

  apply(step: Step): number {
    const { key } = this;
    const live = key !== undefined && !key.deleted;
    switch (step.do) {
      case 'create':
        if (key?.deleted) return 409;
        this.key = { ...this.#next(), enabled: true, scheduled: key?.scheduled ?? false };
        delete this.key.tag;
        return 200;
      case 'rotate':
        if (!live) return 404;
        this.key = { ...key, ...this.#next(), enabled: true };
        return 200;
      case 'update':
        if (!live) return 404;
        Object.assign(key, { tag: step.tag, enabled: step.enabled });
        return 200;
      case 'schedule':
        if (!live) return 404;
        key.scheduled = true;
        return 200;
      case 'delete':
        if (!live) return 404;
        key.deleted = true;
        return 200;
      case 'recover':
        if (key === undefined) return 404;
        if (live) return 400;
        key.deleted = false;
        return 200;
      case 'purge':
        if (live) return 400;
        this.key = undefined;
        return key === undefined ? 404 : 204;
      case 'backup':
        if (!live) return 404;
        this.backup = { ...key };
        return 200;
      case 'restore':
        if (this.backup === undefined) return 400;
        if (key !== undefined) return 409;
        this.key = { ...this.backup };
        return 200;
      case 'wait':
        for (const one of [key, this.backup]) if (one) one.ageDays += step.days;
        return 200;
    }
  }

  /** A schedule that is due gives one version, however late it is. */
  catchUp(): void {
    const { key } = this;
    if (!key?.scheduled || key.deleted || !key.enabled || key.ageDays < 30) return;
    this.key = { ...key, ...this.#next() };
  }

  #next(): { versions: number; ageDays: number; deleted: false } {
    return { versions: (this.key?.versions ?? 0) + 1, ageDays: 0, deleted: false };
  }
}

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.constantFrom(
    ...(['create', 'rotate', 'delete', 'recover', 'purge'] as const).map((name) => ({ do: name })),
    ...(['schedule', 'backup', 'restore'] as const).map((name) => ({ do: name })),
  ),
  fc.record({
    do: fc.constant('update' as const),
    tag: fc.constantFrom('x', 'y'),
    enabled: fc.boolean(),
  }),
  fc.record({ do: fc.constant('wait' as const), days: fc.integer({ min: 1, max: 40 }) }),
);

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
  assert.equal(live.body.tags?.tag, key?.tag);
  assert.equal(live.body.attributes.enabled, key?.enabled);
  const kids = new Set(versions.map(({ kid }: { kid: string }) => kid));
  assert.equal(kids.size, key?.versions);
  assert.ok(kids.has(live.body.key.kid), 'the latest is one of the versions');
}

test('any order of operations, waiting and schedules agrees with the model', async () => {
  const property = fc.asyncProperty(fc.array(steps, { maxLength: 30 }), async (list) => {
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
  await fc.assert(property, { numRuns: 60 });
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
