import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ApiError, type RawRequest } from '#kernel';
import { parseTop, renderList } from './list.ts';

function requestOf(query: Readonly<Record<string, string>>): RawRequest {
  return {
    ...{ id: '1', method: 'GET', hostname: 'management.example', path: '/list', queryText: '' },
    ...{ headers: {}, clientAddress: '203.0.113.7', tlsVersion: 'TLS1_3', receivedAtMs: 0 },
    origin: 'https://management.example:8443',
    query,
    body: () => Promise.resolve(Buffer.alloc(0)),
  };
}

interface Page {
  readonly value: readonly string[];
  readonly next: Readonly<Record<string, string>> | undefined;
}

type Visible = (item: string) => boolean;

function page(
  items: readonly string[],
  query: Readonly<Record<string, string>>,
  visible: Visible = () => true,
): Page {
  const request = requestOf(query);
  const { body } = renderList({
    ...{ request, items, visible },
    key: (item) => item,
    render: (item) => item,
  });
  const { value, nextLink } = JSON.parse(JSON.stringify(body));
  if (nextLink === undefined) return { value, next: undefined };
  const url = new URL(nextLink);
  assert.equal(`${url.origin}${url.pathname}`, 'https://management.example:8443/list');
  return { value, next: Object.fromEntries(url.searchParams) };
}

/** All pages, one after the other, by their links. */
function pages(items: readonly string[], top: number, visible?: Visible): Page[] {
  const all = [page(items, { $top: String(top), a: 'b c' }, visible)];
  for (let last = all.at(-1); last?.next !== undefined; last = all.at(-1)) {
    assert.equal(last.next.a, 'b c', 'the link keeps the rest of the query');
    all.push(page(items, last.next, visible));
  }
  return all;
}

const names = fc.uniqueArray(fc.stringMatching(/^[a-zA-Z0-9/._ä-]{1,12}$/), {
  selector: (name) => name.toLowerCase(),
  maxLength: 40,
});
const inOrder = (items: readonly string[]) =>
  [...items].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));

test('the pages together are the list: each item once, in the order of its key', () => {
  fc.assert(
    fc.property(names, fc.integer({ min: 1, max: 9 }), (items, top) => {
      const all = pages(items, top);
      assert.deepEqual(
        all.flatMap(({ value }) => value),
        inOrder(items),
      );
      for (const { value, next } of all) {
        assert.ok(value.length <= top);
        if (next !== undefined) assert.equal(value.length, top, 'only the last page is short');
      }
      assert.equal(all.length, Math.max(1, Math.ceil(items.length / top)), 'no empty last page');
    }),
  );
});

test('what the caller may not see takes no place and leaves no trace in the links', () => {
  fc.assert(
    fc.property(names, fc.integer({ min: 1, max: 5 }), (items, top) => {
      const visible: Visible = (item) => item.length % 2 === 0;
      const seen = items.filter(visible);
      const all = pages(items, top, visible);
      assert.deepEqual(all, pages(seen, top));
    }),
  );
});

test('a page is stable while others write: nothing is shown twice or left out', () => {
  const first = page(['a', 'b', 'c', 'd'], { $top: '2' });
  assert.deepEqual(page(['0', 'c', 'd'], first.next ?? {}).value, ['c', 'd']);
  assert.deepEqual(page(['a', 'b', 'bb', 'd'], first.next ?? {}).value, ['bb', 'd']);
  assert.deepEqual(page([], first.next ?? {}), { value: [], next: undefined });
});

test('$top is a whole number from 1 on, and a page has at most 1,000 items', () => {
  assert.equal(parseTop(undefined), 1000);
  assert.equal(parseTop('1'), 1);
  assert.equal(parseTop('1000'), 1000);
  assert.equal(parseTop('1001'), 1000);
  assert.equal(parseTop('999999999'), 1000);
  for (const text of ['0', '-1', '1.5', '01', '1e3', '', ' 1', '1 ', 'x', '9999999999', '٣']) {
    assert.throws(() => parseTop(text), ApiError, text);
  }
  const many = Array.from({ length: 1001 }, (_item, n) => String(n).padStart(4, '0'));
  const first = page(many, {});
  assert.equal(first.value.length, 1000);
  assert.deepEqual(page(many, first.next ?? {}).value, ['1000']);
  assert.equal(page(many.slice(1), {}).next, undefined);
});

test('a skip token that is none is refused', () => {
  for (const $skiptoken of ['%', 'a b', '!!!', 'é']) {
    assert.throws(() => page(['a'], { $skiptoken }), ApiError, $skiptoken);
  }
});
