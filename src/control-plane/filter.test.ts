import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ApiError } from '#kernel';
import { parseFilter } from './filter.ts';

const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_./]{0,10}$/);
const text = fc.string({ maxLength: 20 });
const quoted = (value: string) => `'${value.replaceAll("'", "''")}'`;
const gap = fc.constantFrom(' ', '  ', '\t');

const clause = fc.oneof(
  fc.record({ kind: fc.constant('equals' as const), name, value: text }),
  fc.record({
    kind: fc.constant('call' as const),
    name,
    argument: fc.option(text, { nil: undefined }),
  }),
);

test('a filter is read as it was written: names in lower case, values to the letter', () => {
  fc.assert(
    fc.property(fc.array(clause, { minLength: 1, maxLength: 4 }), gap, (clauses, space) => {
      const written = clauses.map((one) => {
        if (one.kind === 'equals') return `${one.name}${space}eq${space}${quoted(one.value)}`;
        return `${one.name}(${one.argument === undefined ? '' : quoted(one.argument)})`;
      });
      const wanted = clauses.map((one) => ({ ...one, name: one.name.toLowerCase() }));
      assert.deepEqual(parseFilter(written.join(`${space}and${space}`)), wanted);
    }),
  );
});

test('no filter asks for everything; one that is not understood never does', () => {
  assert.deepEqual(parseFilter(undefined), []);
  assert.deepEqual(parseFilter('  '), []);
  for (const filter of [
    "name ne 'x'",
    "name eq 'x' or name eq 'y'",
    "name eq 'x' and",
    "name eq 'x' and ",
    "and name eq 'x'",
    "name eq 'x' name eq 'y'",
    'name eq x',
    "name eq 'x",
    "name eq 'x''",
    "name eq 'x' y",
    "startswith(name, 'x')",
    "not (name eq 'x')",
    "1name eq 'x'",
    'name',
    'atScope(',
    'atScope())(',
  ]) {
    assert.throws(() => parseFilter(filter), ApiError, filter);
  }
});

test('a quote within a value is written twice, and ends nothing', () => {
  const hidden = "x'' or name eq ''y";
  assert.deepEqual(parseFilter(`name eq '${hidden}'`), [
    { kind: 'equals', name: 'name', value: "x' or name eq 'y" },
  ]);
});

test('a filter has at most 1,024 characters', () => {
  const of = (length: number) => `a eq '${'x'.repeat(length - 7)}'`;
  assert.equal(parseFilter(of(1024)).length, 1);
  assert.throws(() => parseFilter(of(1025)), ApiError);
});

test('any text is read or refused, in good time', () => {
  const parts = fc.constantFrom("'", "''", ' ', '(', ')', 'and ', ' eq ', 'a', 'atScope()', '\n');
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 60 }), (all) => {
      try {
        parseFilter(all.join(''));
      } catch (error) {
        assert.ok(error instanceof ApiError);
        assert.equal(error.status, 400);
      }
    }),
  );
});
