import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairQueue, QueueFull } from './fair-queue.ts';

const LIMITS = { runningMax: 2, partyWaitingMax: 3, waitingMax: 5 };

const settled = () => new Promise(setImmediate);

/** Work that is under way until it is ended, and the order in which it began. */
class Bench {
  readonly queue = new FairQueue(LIMITS);
  readonly begun: string[] = [];
  readonly #ends: PromiseWithResolvers<void>[] = [];

  ask(party: string): Promise<void> {
    return this.queue.run(party, () => {
      this.begun.push(party);
      const end = Promise.withResolvers<void>();
      this.#ends.push(end);
      return end.promise;
    });
  }

  async endNext(failure?: Error): Promise<void> {
    await settled();
    const end = this.#ends.shift();
    assert.ok(end, 'something is under way');
    if (failure) end.reject(failure);
    else end.resolve();
    await settled();
  }
}

test('only so many run at once, and the next begins when one ends', async () => {
  const bench = new Bench();
  const asked = [bench.ask('a'), bench.ask('a'), bench.ask('a')];
  await settled();
  assert.equal(bench.begun.length, 2);
  await bench.endNext();
  assert.equal(bench.begun.length, 3);
  await bench.endNext();
  await bench.endNext();
  await Promise.all(asked);
});

test('parties take turns, however much one of them asks for', async () => {
  const bench = new Bench();
  const asked = ['a', 'a', 'a', 'a', 'a', 'b', 'c'].map((party) => bench.ask(party));
  for (const _ of asked) await bench.endNext();
  await Promise.all(asked);
  assert.equal(bench.begun.join(''), 'aaabcaa');
});

test('a party has so much waiting and no more, and the others still have room', async () => {
  const bench = new Bench();
  const asked = Array.from({ length: 5 }, () => bench.ask('a'));
  await assert.rejects(bench.ask('a'), QueueFull);
  asked.push(bench.ask('b'), bench.ask('c'));
  await assert.rejects(bench.ask('d'), QueueFull, 'all together wait for no more than that');
  for (const _ of asked) await bench.endNext();
  await Promise.all(asked);
  assert.equal(bench.begun.length, 7, 'what was refused never began');
});

test('what fails gives its place on', async () => {
  const bench = new Bench();
  const failing = assert.rejects(bench.ask('a'), /broken/);
  const asked = [bench.ask('a'), bench.ask('a')];
  await bench.endNext(new Error('broken'));
  await failing;
  assert.equal(bench.begun.length, 3);
  for (const _ of asked) await bench.endNext();
  await Promise.all(asked);
});

test('when all is done it takes as much as at the beginning', async () => {
  const bench = new Bench();
  for (let round = 0; round < 3; round += 1) {
    const asked = Array.from({ length: 5 }, () => bench.ask('a'));
    await assert.rejects(bench.ask('a'), QueueFull);
    for (const _ of asked) await bench.endNext();
    await Promise.all(asked);
  }
});
