import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemGrant } from '#authorization';
import { ManualClock } from '#kernel';
import { openMemoryStorage, tenantPartition, type View } from '#storage';
import { EventIds, timeOfEventId } from './event-id.ts';
import { EventStream } from './event-stream.ts';

const DAY_MS = 24 * 3_600_000;

async function openView(): Promise<View> {
  const storage = await openMemoryStorage();
  return storage.view(systemGrant(tenantPartition('t'), 'test'));
}

const streamOver = (view: View, chunksMax = 3) =>
  new EventStream<{ readonly id: string }>({
    view,
    name: 'test',
    chunksMax,
    retentionMs: 30 * DAY_MS,
  });

async function idsOf(events: AsyncIterable<{ readonly id: string }>): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of events) ids.push(id);
  return ids;
}

describe('event ids', () => {
  test('rise strictly, within one millisecond and when the clock is set back', () => {
    const clock = new ManualClock();
    const ids = new EventIds(clock);
    const made = Array.from({ length: 5000 }, () => ids.next().id);
    const back = new EventIds(new ManualClock(clock.now()));
    assert.ok(back.next().id.length === 36);
    clock.advance(1);
    made.push(ids.next().id);
    assert.deepEqual(made, made.toSorted());
    assert.equal(new Set(made).size, made.length);
    assert.match(made[0] ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
    assert.equal(timeOfEventId(made[0] ?? ''), clock.now() - 1);
    assert.ok(Number.isNaN(timeOfEventId('unknown')));
  });
});

describe('a stream', () => {
  test('gives back in both directions what was flushed, also over a restart', async () => {
    const view = await openView();
    const ids = new EventIds(new ManualClock());
    const all = Array.from({ length: 600 }, () => ids.next());
    const stream = streamOver(view);
    for (const [at, { id }] of all.entries()) {
      stream.append({ id });
      if (at % 100 === 0) void stream.flush();
    }
    await stream.flush();
    const wanted = all.map(({ id }) => id);
    const again = streamOver(view);
    assert.deepEqual(await idsOf(again.oldest(undefined)), wanted);
    assert.deepEqual(await idsOf(again.newest(undefined)), wanted.toReversed());
    assert.deepEqual(await idsOf(again.newest(wanted[2])), [wanted[1], wanted[0]]);
    assert.deepEqual(await idsOf(again.oldest(wanted[597])), wanted.slice(598));
    assert.equal((await again.find(wanted[300] ?? ''))?.id, wanted[300]);
    assert.equal(await again.find(ids.next().id), undefined);
  });

  test('never grows beyond its chunks: the oldest go', async () => {
    const view = await openView();
    const ids = new EventIds(new ManualClock());
    const stream = streamOver(view, 2);
    let last = '';
    for (let batch = 0; batch < 10; batch += 1) {
      for (let at = 0; at < 200; at += 1) {
        last = ids.next().id;
        stream.append({ id: last });
      }
      await stream.flush();
    }
    const kept = await idsOf(stream.newest(undefined));
    assert.equal(kept[0], last);
    assert.ok(kept.length <= 512 && kept.length > 256, String(kept.length));
    const records = await view.scan({ prefix: 'log/', limit: 100 });
    assert.equal(records.length, 2);
  });

  test('loses what finds no room rather than fill the memory, and counts it', async () => {
    const stream = streamOver(await openView(), 100);
    const ids = new EventIds(new ManualClock());
    for (let at = 0; at < 10_001; at += 1) stream.append({ id: ids.next().id });
    assert.equal(stream.lost, 1);
    await stream.flush();
    assert.equal((await idsOf(stream.oldest(undefined))).length, 10_000);
  });

  test('drops only chunks that are past their time as a whole', async () => {
    const clock = new ManualClock();
    const ids = new EventIds(clock);
    const stream = streamOver(await openView(), 100);
    for (let at = 0; at < 256; at += 1) stream.append({ id: ids.next().id });
    await stream.flush();
    clock.advance(10 * DAY_MS);
    stream.append({ id: ids.next().id });
    await stream.flush();
    await stream.dropExpired(clock.now() + 15 * DAY_MS);
    assert.equal((await idsOf(stream.oldest(undefined))).length, 257);
    await stream.dropExpired(clock.now() + 25 * DAY_MS);
    assert.equal((await idsOf(stream.oldest(undefined))).length, 1);
  });
});
