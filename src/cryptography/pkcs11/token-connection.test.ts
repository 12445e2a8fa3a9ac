import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '#kernel';
import { TokenConnection } from './token-connection.ts';
import { TokenError, type TokenErrorCode } from './token-error.ts';
import type { SentTask, TokenResult, TokenTask } from './token-task.ts';

const SIGN: TokenTask = {
  kind: 'hmac',
  key: { kty: 'oct', blob: Buffer.of(1) },
  hash: 'sha256',
  message: Buffer.of(2),
};
const SIGNED = Buffer.of(3);

/** A device that is there or away, as the threads tell of it; it counts what reaches it. */
class Device {
  readonly clock = new ManualClock();
  readonly epoch = new Int32Array(new SharedArrayBuffer(4));
  readonly connection = new TokenConnection({
    clock: this.clock,
    epoch: this.epoch,
    send: (sent) => this.#take(sent),
  });
  /** How it fails, while it is away. */
  failure: TokenErrorCode | 'failed' | undefined;
  restarts = 0;
  reached = 0;
  /** Calls that are in the module. */
  inside = 0;
  /** Holds calls of work, or the restart, until it is resolved. */
  hold: Partial<Record<'work' | 'restart', Promise<void>>> = {};
  #session = 0;

  lose(): void {
    this.#session = -1;
  }

  async #take({ epoch, task }: SentTask): Promise<TokenResult> {
    await undefined;
    if (this.epoch[0] !== epoch) throw new TokenError('lost', 'renewed');
    const isRestart = task.kind === 'restart';
    this.reached += 1;
    if (isRestart) {
      assert.equal(this.inside, 0, 'the module is ended while a call is in it');
      this.restarts += 1;
    }
    this.inside += 1;
    try {
      await this.hold[isRestart ? 'restart' : 'work'];
      if (this.failure !== undefined) throw new TokenError(this.failure, 'away');
      if (isRestart) this.#session = epoch;
      if (this.#session !== epoch) throw new TokenError('lost', 'CKR_SESSION_HANDLE_INVALID');
      return SIGNED;
    } finally {
      this.inside -= 1;
    }
  }

  run(): Promise<TokenResult> {
    return this.connection.run(SIGN);
  }
}

const unavailable = { name: 'TokenError', code: 'unavailable' };

test('a lost session is renewed, and the caller sees nothing of it', async () => {
  const device = new Device();
  assert.equal(await device.run(), SIGNED);
  device.lose();
  assert.equal(await device.run(), SIGNED);
  assert.equal(device.restarts, 1);
});

test('many who lose it at once renew it once, and every one of them is served', async () => {
  const device = new Device();
  device.lose();
  const results = await Promise.all(Array.from({ length: 50 }, () => device.run()));
  assert.ok(results.every((result) => result === SIGNED));
  assert.equal(device.restarts, 1);
});

test('the module is ended only when no call is in it', async () => {
  const device = new Device();
  const { promise, resolve } = Promise.withResolvers<void>();
  device.hold.work = promise;
  const slow = device.run();
  await new Promise(setImmediate);
  device.lose();
  delete device.hold.work;
  const lost = device.run();
  await new Promise(setImmediate);
  assert.equal(device.restarts, 0);
  resolve();
  assert.deepEqual(await Promise.all([slow, lost]), [SIGNED, SIGNED]);
  assert.equal(device.restarts, 1);
});

test('what is wrong with one key renews nothing', async () => {
  const device = new Device();
  device.failure = 'failed';
  await assert.rejects(device.run(), { code: 'failed' });
  assert.equal(device.restarts, 0);
});

test('while the token is away callers are refused without reaching it', async () => {
  const device = new Device();
  device.failure = 'lost';
  await assert.rejects(device.run(), unavailable);
  const { reached } = device;
  await Promise.all(Array.from({ length: 50 }, () => assert.rejects(device.run(), unavailable)));
  assert.equal(device.reached, reached);
});

test('it is tried again after longer and longer, by one caller each time', async () => {
  const device = new Device();
  device.failure = 'lost';
  await assert.rejects(device.run(), unavailable);
  const waits: number[] = [];
  for (let waitedMs = 0; waits.length < 7; ) {
    device.clock.advance(500);
    waitedMs += 500;
    const { restarts } = device;
    await Promise.all([1, 2, 3].map(() => assert.rejects(device.run(), unavailable)));
    if (device.restarts === restarts) continue;
    assert.equal(device.restarts, restarts + 1);
    waits.push(waitedMs);
    waitedMs = 0;
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test('when it is back the next try serves all again', async () => {
  const device = new Device();
  device.failure = 'unavailable';
  await assert.rejects(device.run(), unavailable);
  device.failure = undefined;
  await assert.rejects(device.run(), unavailable);
  device.clock.advance(1000);
  assert.equal(await device.run(), SIGNED);
  assert.equal(await device.run(), SIGNED);
  assert.equal(device.restarts, 2);
});

test('a session that is lost again at once is not renewed for every caller', async () => {
  const device = new Device();
  device.lose();
  assert.equal(await device.run(), SIGNED);
  device.lose();
  await assert.rejects(device.run(), unavailable);
  assert.equal(device.restarts, 1);
  device.clock.advance(1000);
  assert.equal(await device.run(), SIGNED);
});

test('a PIN that the token refuses is never tried again: it would lock', async () => {
  const device = new Device();
  device.lose();
  device.failure = 'pinRefused';
  await assert.rejects(device.run(), unavailable);
  const { reached } = device;
  device.failure = undefined;
  device.clock.advance(365 * 86_400_000);
  await assert.rejects(device.run(), unavailable);
  assert.equal(device.reached, reached);
});

test('nobody waits for a renewal that takes long; when it comes it counts', async () => {
  const device = new Device();
  const { promise, resolve } = Promise.withResolvers<void>();
  device.hold.restart = promise;
  device.lose();
  const waiting = assert.rejects(device.run(), unavailable);
  await new Promise(setImmediate);
  device.clock.advance(5000);
  await waiting;
  device.clock.advance(60_000);
  await assert.rejects(device.run(), unavailable);
  assert.equal(device.restarts, 1, 'one at a time');
  resolve();
  await new Promise(setImmediate);
  assert.equal(await device.run(), SIGNED);
});

test('what keeps the first connection from coming about is told as it is', async () => {
  const device = new Device();
  device.failure = 'pinRefused';
  await assert.rejects(device.connection.open(), { code: 'pinRefused', message: 'away' });
});
