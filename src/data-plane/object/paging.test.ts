import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { secretObjects } from '../secrets/secret-store.ts';
import { openTestVault, recordsOf, type TestVault } from '../vault.fixture.ts';

const names = fc.uniqueArray(fc.stringMatching(/^[0-9a-zA-Z-]{1,6}$/), {
  selector: (name) => name.toLowerCase(),
  maxLength: 40,
});

const add = (vault: TestVault, name: string) =>
  recordsOf(vault).transact((transaction) =>
    secretObjects.add(transaction, {
      name,
      attributes: { enabled: true },
      tags: undefined,
      listed: {},
      content: { value: name },
      nowSeconds: 1,
    }),
  );

interface Walk {
  readonly id: string;
  readonly name?: string;
  readonly size?: number | undefined;
  /** Runs after each page. */
  readonly between?: (page: number) => Promise<unknown>;
}

/** Follows every nextLink as a client does, and gives each page's ids. */
async function walk(vault: TestVault, { id, name = '', size, between }: Walk): Promise<string[][]> {
  const pages: string[][] = [];
  let query: Record<string, string> = size === undefined ? {} : { maxresults: String(size) };
  for (;;) {
    const { status, body } = await vault.call(id, { params: { name }, query });
    assert.equal(status, 200);
    pages.push(body.value.map((item: { id: string }) => item.id.split('/').at(-1)));
    if (body.nextLink === null) return pages;
    await between?.(pages.length);
    query = Object.fromEntries(new URL(body.nextLink).searchParams);
  }
}

test('any page size gives every secret once, in the order of names', async () => {
  const property = fc.asyncProperty(names, fc.integer({ min: 1, max: 25 }), async (all, size) => {
    const vault = await openTestVault();
    for (const name of all) await add(vault, name);
    const pages = await walk(vault, { id: 'GetSecrets', size });
    const sorted = all.toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
    assert.deepEqual(pages.flat(), sorted);
    assert.ok(pages.every((page) => page.length <= size));
    assert.ok(
      pages.slice(0, -1).every((page) => page.length === size),
      'only the last is short',
    );
  });
  await fc.assert(property, { numRuns: 30 });
});

test('what is added while pages are read neither hides nor repeats what was there', async () => {
  const property = fc.asyncProperty(names, names, async (before, during) => {
    const vault = await openTestVault();
    for (const name of before) await add(vault, name);
    const pages = await walk(vault, {
      id: 'GetSecrets',
      size: 3,
      between: async (page) => during[page] !== undefined && (await add(vault, during[page])),
    });
    const seen = pages.flat().map((name) => name.toLowerCase());
    assert.equal(new Set(seen).size, seen.length);
    for (const name of before) assert.ok(seen.includes(name.toLowerCase()), name);
  });
  await fc.assert(property, { numRuns: 30 });
});

test('versions and deleted secrets are paged likewise', async () => {
  const vault = await openTestVault();
  for (let i = 0; i < 27; i++) await add(vault, 'many');
  const versions = await walk(vault, { id: 'GetSecretVersions', name: 'many' });
  assert.deepEqual(
    versions.map((page) => page.length),
    [25, 2],
  );
  assert.equal(new Set(versions.flat()).size, 27);
  for (const name of ['a', 'b', 'c']) {
    await add(vault, name);
    await vault.call('DeleteSecret', { params: { name } });
  }
  const deleted = await walk(vault, { id: 'GetDeletedSecrets', size: 2 });
  assert.deepEqual(deleted, [['a', 'b'], ['c']]);
});

test('the next link has port, path, api-version and page size', async () => {
  const vault = await openTestVault();
  for (const name of ['a', 'b']) await add(vault, name);
  const query = { maxresults: '1' };
  const { body } = await vault.call('GetSecrets', { query, apiVersion: '7.4' });
  assert.match(
    body.nextLink,
    /^https:\/\/contoso\.vault\.example:8443\/secrets\?api-version=7\.4&\$skiptoken=[\w-]+&maxresults=1$/,
  );
});

test('page sizes beyond 1 to 25 and tokens nobody was given are bad parameters', async () => {
  const vault = await openTestVault();
  for (const name of ['a', 'b']) await add(vault, name);
  const forge = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const bad = [
    ...['0', '26', '-1', '1.5', '1e1', '', ' 5', '100', 'x'].map((size) => ({ maxresults: size })),
    ...['', '!', 'e30', 'bnVsbA', 'A'.repeat(600), '"'].map((token) => ({ $skiptoken: token })),
    ...['../live/a', '', 'a/b', 'é', 7, null, ['a'], 'x'.repeat(128)].map((marker) => ({
      $skiptoken: forge({ NextMarker: marker, TargetLocation: 0 }),
    })),
  ];
  for (const query of bad) {
    const { status, body } = await vault.call('GetSecrets', { query });
    assert.deepEqual([status, body.error?.code], [400, 'BadParameter'], JSON.stringify(query));
  }
  const forged = await vault.call('GetSecrets', {
    query: { $skiptoken: forge({ NextMarker: 'A' }) },
  });
  assert.equal(forged.body.value.length, 1, 'only starts the list elsewhere');
});
