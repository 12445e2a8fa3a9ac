import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { addReferences, createGroup } from '#directory';
import { z } from '#kernel';
import { GraphCaller } from '../graph-caller.fixture.ts';

const EVENTUAL = { ConsistencyLevel: 'eventual' };
const lower = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

let admin: GraphCaller;
const names = ['Page 3', 'page 1', 'Page 5', 'Page 2', 'Page 4'];
before(async () => {
  admin = await GraphCaller.administrator();
  for (const name of names) await admin.createApplication(name);
});

const list = (query: string, headers = {}) => admin.get(`/applications?${query}`, lower(headers));
const filtered = (filter: string) => `$filter=${encodeURIComponent(filter)}`;

describe('a list', () => {
  test('is cut into pages without gaps, also when objects come and go in between', async () => {
    const seen: unknown[] = [];
    const query = `${filtered("startswith(displayName,'page')")}&$orderby=displayName&$top=2`;
    let answer = await list(`${query}&$count=true`, EVENTUAL);
    assert.equal(answer.body['@odata.count'], 5);
    for (;;) {
      seen.push(...answer.items.map((item) => item.displayName));
      const next = z.string().optional().parse(answer.body['@odata.nextLink']);
      if (next === undefined) break;
      // One that was shown goes, and one comes before the place reached: neither shifts the rest.
      if (seen.length === 2) {
        const [first] = answer.items;
        await admin.delete(`/applications/${first?.id}`);
        await admin.createApplication('Page 0');
      }
      answer = await admin.get(next, lower(EVENTUAL));
    }
    assert.deepEqual(seen, ['page 1', 'Page 2', 'Page 3', 'Page 4', 'Page 5']);
  });

  test('counts only where consistency is given up for it, as Graph does', async () => {
    assert.equal((await list('$count=true')).body['@odata.count'], undefined);
    const counted = await list('$count=true', EVENTUAL);
    assert.equal(counted.body['@odata.count'], admin.tenant.directory.applications().length);
    const refused = await admin.get('/applications/$count');
    assert.deepEqual(refused.refusal, [400, 'Request_UnsupportedQuery']);
    const alone = await admin.get('/applications/$count', lower(EVENTUAL));
    assert.equal(alone.text, String(admin.tenant.directory.applications().length));
    assert.equal(alone.headers['Content-Type'], 'text/plain');
  });

  test('answers an advanced query only if it is asked for, in Graph’s words', async () => {
    const advanced: readonly (readonly [string, string])[] = [
      [filtered("displayName ne 'x'"), 'Unsupported Query.'],
      [filtered("not(displayName eq 'x')"), 'Unsupported Query.'],
      [filtered("endsWith(displayName,'x')"), 'Unsupported Query.'],
      [
        `${filtered("displayName eq 'x'")}&$orderby=displayName`,
        'Sorting not supported for current query.',
      ],
    ];
    for (const [query, message] of advanced) {
      const plain = await list(query);
      assert.deepEqual(plain.refusal, [400, 'Request_UnsupportedQuery'], query);
      assert.ok(plain.text.includes(message), plain.text);
      assert.equal((await list(query, EVENTUAL)).status, 400, query);
      assert.equal((await list(`${query}&$count=true`, EVENTUAL)).status, 200, query);
    }
    const search = `$search=${encodeURIComponent('"displayName:page"')}`;
    assert.match((await list(search)).text, /ConsistencyLevel: eventual/);
    const found = await list(search, EVENTUAL);
    assert.ok(found.items.length >= 5);
  });

  test('shows what is selected, and each object’s owners if expanded', async () => {
    const owner = await admin.createUser('owner');
    const { id } = await admin.createApplication('owned');
    await admin.post(`/applications/${id}/owners/$ref`, admin.reference(owner));
    const one = await admin.get(`/applications/${id}?$select=ID,displayname&$expand=owners`);
    assert.deepEqual(Object.keys(one.body), ['@odata.context', 'id', 'displayName', 'owners']);
    const owners = z.array(z.looseObject({ id: z.string() })).parse(one.body.owners);
    assert.deepEqual(
      owners.map((each) => each.id),
      [owner],
    );
    const narrow = await list(
      `${filtered("displayName eq 'owned'")}&$expand=owners($select=id)&$select=id`,
    );
    const type = '#microsoft.graph.user';
    assert.deepEqual(narrow.items, [{ id, owners: [{ '@odata.type': type, id: owner }] }]);
    for (const link of ['constructor', 'members', 'owners,owners', '$expand']) {
      const refused = await list(`$expand=${link}`);
      assert.deepEqual(refused.refusal, [400, 'Request_UnsupportedQuery'], link);
    }
  });

  test('refuses a query it does not understand, rather than answer another one', async () => {
    for (const query of [
      '$filter=x',
      '$filter=',
      '$orderby=displayName upward',
      '$orderby=a,b,c,d,e,f',
      '$orderby=',
      '$skiptoken=AAAA',
      '$top=x',
      '$top=0',
      '$top=1000',
      '$count=maybe',
      `$select=${'x'.repeat(9000)}`,
    ]) {
      assert.equal((await list(query)).status, 400, query);
    }
  });

  test('shows 100 at a time, and 999 at most', async () => {
    const group = await admin.createGroup('many');
    const { view, clock } = admin.tenant;
    for (let at = 0; at < 101; at += 1) {
      const input = { displayName: `m${at}`, mailNickname: 'm' };
      const { id: objectId } = await createGroup(view, input, clock);
      await addReferences(view, {
        kind: 'group',
        id: group,
        property: 'members',
        objectIds: [objectId],
      });
    }
    const first = await admin.get(`/groups/${group}/members`);
    assert.equal(first.items.length, 100);
    const rest = await admin.get(z.string().parse(first.body['@odata.nextLink']));
    assert.equal(rest.items.length, 1);
    assert.equal(rest.body['@odata.nextLink'], undefined);
    assert.equal((await admin.get(`/groups/${group}/members?$top=999`)).items.length, 101);
  });
});
