// The contract of physical.ts, asked of every backend in the same words.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { StorageError } from '../storage-error.ts';
import { memoryPhysical } from './memory.ts';
import type { Commit, CommitOutcome, Committed, Physical, Range } from './physical.ts';
import { sqlitePhysical } from './sqlite.ts';

interface Backend {
  readonly name: string;
  readonly open: (directory: string, commitsLogged?: number) => Physical;
  readonly propertyRuns: number;
}

const BACKENDS: readonly Backend[] = [
  {
    name: 'memory',
    open: (_directory, commitsLogged) => memoryPhysical(commitsLogged ? { commitsLogged } : {}),
    propertyRuns: 200,
  },
  {
    name: 'sqlite',
    open: (directory, commitsLogged) =>
      sqlitePhysical({ directory, ...(commitsLogged && { commitsLogged }) }),
    propertyRuns: 15,
  },
];

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function text(value: Uint8Array | undefined): string | undefined {
  return value && new TextDecoder().decode(value);
}

function commit(parts: {
  expect?: Record<string, number>;
  put?: Record<string, string>;
  delete?: readonly string[];
}): Commit {
  const puts = Object.entries(parts.put ?? {}).map(([k, v]): [string, Uint8Array] => [k, bytes(v)]);
  return {
    expectations: new Map(Object.entries(parts.expect ?? {})),
    puts: new Map(puts),
    deletes: new Set(parts.delete),
  };
}

async function write(physical: Physical, parts: Parameters<typeof commit>[0]): Promise<number> {
  const outcome = await physical.commit(commit(parts));
  assert.ok(outcome.committed);
  return outcome.sequence;
}

async function read(physical: Physical, key: string): Promise<string | undefined> {
  return text((await physical.get(key))?.value);
}

async function keys(physical: Physical, range: Partial<Range>): Promise<string[]> {
  const all = { from: '', until: '\u007f', limit: 1000, descending: false };
  return (await physical.scan({ ...all, ...range })).map(({ key }) => key);
}

for (const backend of BACKENDS) {
  describe(`the ${backend.name} backend`, () => {
    let directory = '';
    let physical: Physical;

    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'strongroom-'));
      physical = backend.open(directory);
    });

    afterEach(async () => {
      await physical.close();
      rmSync(directory, { recursive: true });
    });

    test('gives back the bytes that were put, whatever they are', async () => {
      const value = Uint8Array.from({ length: 256 }, (_each, index) => index);
      const puts = new Map([
        ['any', value],
        ['none', new Uint8Array(0)],
        ['part of a buffer', Buffer.from('xxinsidexx').subarray(2, 8)],
      ]);
      await physical.commit({ expectations: new Map(), puts, deletes: new Set() });
      assert.deepEqual(new Uint8Array((await physical.get('any'))?.value ?? []), value);
      assert.equal((await physical.get('none'))?.value.byteLength, 0);
      assert.equal(await read(physical, 'part of a buffer'), 'inside');
    });

    test('knows nothing of a key that was never put or was deleted', async () => {
      await write(physical, { put: { gone: '1' } });
      await write(physical, { delete: ['gone', 'never'] });
      assert.equal(await physical.get('gone'), undefined);
      assert.equal(await physical.get('never'), undefined);
      assert.deepEqual(await keys(physical, {}), []);
    });

    test('numbers commits upwards by one and rows by the commit that wrote them', async () => {
      assert.equal(await write(physical, { put: { a: '1', b: '1' } }), 1);
      assert.equal(await write(physical, { put: { b: '2' } }), 2);
      assert.equal(await write(physical, { delete: ['a'] }), 3);
      assert.equal((await physical.get('b'))?.sequence, 2);
      assert.equal(await write(physical, { put: { a: '4' } }), 4);
      assert.equal((await physical.get('a'))?.sequence, 4);
    });

    test('commits only if every expectation holds, and else changes nothing at all', async () => {
      const sequence = await write(physical, { put: { a: '1' } });
      const refused: Commit[] = [
        commit({ expect: { a: 0 }, put: { a: '2', c: '2' } }),
        commit({ expect: { a: sequence + 1 }, put: { c: '2' } }),
        commit({ expect: { a: sequence, b: 1 }, delete: ['a'] }),
      ];
      const conflicts = ['a', 'a', 'b'];
      for (const [index, each] of refused.entries()) {
        const outcome = await physical.commit(each);
        assert.deepEqual(outcome, { committed: false, conflict: conflicts[index] });
      }
      assert.equal(await read(physical, 'a'), '1');
      assert.deepEqual(await keys(physical, {}), ['a']);
      const next = await write(physical, { expect: { a: sequence, b: 0 }, put: { b: '2' } });
      assert.equal(next, sequence + 1, 'a refused commit takes no number');
    });

    test('an expectation sees a deletion and a new beginning', async () => {
      const first = await write(physical, { put: { a: '1' } });
      await write(physical, { delete: ['a'] });
      assert.ok(
        !(await physical.commit(commit({ expect: { a: first }, put: { a: 'x' } }))).committed,
      );
      await write(physical, { expect: { a: 0 }, put: { a: '2' } });
      assert.ok(
        !(await physical.commit(commit({ expect: { a: first }, put: { a: 'x' } }))).committed,
      );
      assert.equal(await read(physical, 'a'), '2');
    });

    test('of commits made at once that expect the same, exactly one succeeds', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, (_each, index) =>
          physical.commit(commit({ expect: { a: 0 }, put: { a: `${index}` } })),
        ),
      );
      const winners = outcomes.flatMap((outcome, index) => (outcome.committed ? [index] : []));
      assert.equal(winners.length, 1);
      assert.equal(await read(physical, 'a'), `${winners[0]}`);
    });

    test('a commit that conflicts does not take those beside it along', async () => {
      const outcomes = await Promise.all([
        physical.commit(commit({ put: { a: '1' } })),
        physical.commit(commit({ expect: { a: 0 }, put: { b: '1' } })),
        physical.commit(commit({ expect: { a: 1 }, put: { c: '1' } })),
      ]);
      assert.deepEqual(outcomes, [
        { committed: true, sequence: 1 },
        { committed: false, conflict: 'a' },
        { committed: true, sequence: 2 },
      ]);
      assert.deepEqual(await keys(physical, {}), ['a', 'c']);
    });

    test('scans a range in bytewise order, either way, within its bounds', async () => {
      const put = Object.fromEntries(
        ['b/1', 'a', 'B', 'b', 'b-1', 'b/10', 'b/2', 'b0', 'c'].map((key) => [key, key]),
      );
      await write(physical, { put });
      const ascending = ['B', 'a', 'b', 'b-1', 'b/1', 'b/10', 'b/2', 'b0', 'c'];
      assert.deepEqual(await keys(physical, {}), ascending);
      assert.deepEqual(await keys(physical, { descending: true }), ascending.toReversed());
      const within = { from: 'b/', until: 'b/\u007f' };
      assert.deepEqual(await keys(physical, within), ['b/1', 'b/10', 'b/2']);
      assert.deepEqual(await keys(physical, { ...within, limit: 2 }), ['b/1', 'b/10']);
      const down = { ...within, limit: 2, descending: true };
      assert.deepEqual(await keys(physical, down), ['b/2', 'b/10']);
      assert.deepEqual(await keys(physical, { from: 'b', until: 'b' }), []);
      assert.deepEqual(await keys(physical, { from: 'c', until: 'a' }), []);
      assert.deepEqual(await keys(physical, { from: 'c', until: 'a', descending: true }), []);
      const [row] = await physical.scan({ from: 'a', until: 'b', limit: 1, descending: false });
      assert.deepEqual({ ...row, value: text(row?.value) }, { key: 'a', sequence: 1, value: 'a' });
    });

    test('announces each commit in order, before it is answered', async () => {
      const seen: string[] = [];
      const describeCommit = ({ sequence, puts, deletes }: Committed) =>
        `${sequence} put ${[...puts.keys()]} delete ${[...deletes]}`;
      physical.subscribe((committed) => seen.push(describeCommit(committed)));
      const first = physical.commit(commit({ put: { a: '1', b: '1' } })).then(() => seen.length);
      const refused = physical.commit(commit({ expect: { a: 7 }, put: { a: '0' } }));
      const second = physical.commit(commit({ delete: ['a'] })).then(() => seen.length);
      await refused;
      assert.ok((await first) >= 1);
      assert.equal(await second, 2);
      assert.deepEqual(seen, ['1 put a,b delete ', '2 put  delete a']);
    });

    test('what is answered is what everyone reads from then on', async () => {
      for (let round = 0; round < 20; round += 1) {
        await write(physical, { put: { a: `${round}` } });
        assert.equal(await read(physical, 'a'), `${round}`);
      }
    });

    test('says what changed since a commit: each key once, as it is now', async () => {
      await write(physical, { put: { a: '1', b: '1', c: '1' } });
      await write(physical, { put: { b: '2' } });
      await write(physical, { delete: ['a'], put: { d: '3' } });
      await write(physical, { put: { b: '4' } });
      const since = async (sequence: number) =>
        (await physical.changesSince(sequence))?.map(
          (change) => `${change.sequence} ${change.key} ${text(change.value)}`,
        );
      assert.deepEqual(await since(0), ['1 c 1', '3 a undefined', '3 d 3', '4 b 4']);
      assert.deepEqual(await since(2), ['3 a undefined', '3 d 3', '4 b 4']);
      assert.deepEqual(await since(3), ['4 b 4']);
      assert.deepEqual(await since(4), []);
    });

    test('keeps the change log short, and says so to whom it no longer reaches', async () => {
      const short = backend.open(join(directory, 'short'), 32);
      try {
        for (let round = 0; round < 100; round += 1) {
          await write(short, { put: { [`k${round}`]: '1' } });
        }
        assert.equal((await short.changesSince(68))?.length, 32);
        assert.equal(await short.changesSince(60), undefined);
        assert.equal(await short.changesSince(0), undefined);
        assert.equal((await keys(short, {})).length, 100, 'records are not pruned');
      } finally {
        await short.close();
      }
    });

    test('finishes the commits under way when it closes, then refuses everything', async () => {
      const pending = Array.from({ length: 20 }, (_each, index) =>
        physical.commit(commit({ put: { [`k${index}`]: '1' } })),
      );
      await physical.close();
      await physical.close();
      const sequences = (await Promise.all(pending)).map((each) => each.committed && each.sequence);
      assert.deepEqual(
        sequences,
        Array.from({ length: 20 }, (_each, index) => index + 1),
      );
      const closed = { name: 'StorageError', code: 'closed' };
      const range = { from: '', until: 'z', limit: 1, descending: false };
      await assert.rejects(physical.get('a'), closed);
      await assert.rejects(physical.scan(range), closed);
      await assert.rejects(physical.changesSince(0), closed);
      await assert.rejects(physical.commit(commit({ put: { a: '1' } })), closed);
    });

    test('behaves as a sorted map would, however commits and scans interleave', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step(), { maxLength: 30 }), async (steps) => {
          const place = mkdtempSync(join(directory, 'model-'));
          const subject = backend.open(place);
          try {
            await compare(subject, steps);
          } finally {
            await subject.close();
          }
        }),
        { numRuns: backend.propertyRuns },
      );
    });
  });
}

type Step =
  /** Made at the same moment, answered before the next step. */
  | { readonly kind: 'commits'; readonly commits: readonly ModelCommit[] }
  | { readonly kind: 'scan'; readonly range: Range };

interface ModelCommit {
  /** Key → whether the expectation is made to hold when the step begins. */
  readonly expect: readonly (readonly [string, boolean])[];
  readonly put: Readonly<Record<string, string>>;
  readonly delete: readonly string[];
}

function step(): fc.Arbitrary<Step> {
  const key = fc.constantFrom('a', 'a/', 'a/b', 'a/c', 'aa', 'b', '~');
  const one: fc.Arbitrary<ModelCommit> = fc.record({
    expect: fc.array(fc.tuple(key, fc.boolean()), { maxLength: 2 }),
    put: fc.dictionary(key, fc.string({ maxLength: 5 }), { maxKeys: 3, noNullPrototype: true }),
    delete: fc.uniqueArray(key, { maxLength: 2 }),
  });
  const range = fc.record({
    from: key,
    until: key,
    limit: fc.integer({ min: 1, max: 5 }),
    descending: fc.boolean(),
  });
  return fc.oneof(
    fc.record({
      kind: fc.constant('commits' as const),
      commits: fc.array(one, { minLength: 1, maxLength: 5 }),
    }),
    fc.record({ kind: fc.constant('scan' as const), range }),
  );
}

interface ModelRow {
  readonly sequence: number;
  readonly value: string;
}

/** A backend so plain that it can be checked by reading it. */
class Model {
  rows = new Map<string, ModelRow>();
  changed = new Map<string, number>();
  sequence = 0;

  commit(each: Commit): CommitOutcome {
    for (const [key, expected] of each.expectations) {
      if ((this.rows.get(key)?.sequence ?? 0) !== expected) {
        return { committed: false, conflict: key };
      }
    }
    this.sequence += 1;
    for (const key of [...each.deletes, ...each.puts.keys()]) this.changed.set(key, this.sequence);
    for (const key of each.deletes) this.rows.delete(key);
    for (const [key, value] of each.puts) {
      this.rows.set(key, { sequence: this.sequence, value: text(value) ?? '' });
    }
    return { committed: true, sequence: this.sequence };
  }

  scan({ from, until, limit, descending }: Range) {
    const found = [...this.rows]
      .filter(([key]) => key >= from && key < until)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, row]) => ({ key, ...row }));
    return (descending ? found.reverse() : found).slice(0, limit);
  }
}

async function compare(subject: Physical, steps: readonly Step[]): Promise<void> {
  const model = new Model();
  const announced: number[] = [];
  subject.subscribe(({ sequence }) => announced.push(sequence));
  for (const each of steps) {
    if (each.kind === 'scan') {
      const rows = (await subject.scan(each.range)).map((row) => ({
        ...row,
        value: text(row.value),
      }));
      assert.deepEqual(rows, model.scan(each.range));
      continue;
    }
    const commits = each.commits.map((one) => {
      const expect = one.expect.map(([key, holds]): [string, number] => [
        key,
        (model.rows.get(key)?.sequence ?? 0) + (holds ? 0 : 1),
      ]);
      return commit({ ...one, expect: Object.fromEntries(expect) });
    });
    const outcomes = await Promise.all(commits.map((one) => subject.commit(one)));
    assert.deepEqual(
      outcomes,
      commits.map((one) => model.commit(one)),
    );
  }
  assert.deepEqual(
    announced,
    Array.from({ length: model.sequence }, (_each, index) => index + 1),
  );
  const changes = await subject.changesSince(0);
  assert.deepEqual(
    changes?.map(({ key, sequence, value }) => [key, sequence, text(value)]),
    [...model.changed]
      .sort(([a, first], [b, second]) => first - second || (a < b ? -1 : 1))
      .map(([key, sequence]) => [key, sequence, model.rows.get(key)?.value]),
  );
}

test('a typed error names what went wrong and is an Error', () => {
  const error = new StorageError('closed', 'The storage is closed.');
  assert.ok(error instanceof Error);
  assert.equal(`${error}`, 'StorageError: The storage is closed.');
});
