import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { AuditUnavailable } from './errors.ts';
import { auditEvent, key, TestLog } from './log.fixture.ts';
import { type OpenSink, openFileSink } from './sink.ts';
import { verifyAudit } from './verify.ts';

let at: TestLog;

beforeEach(() => {
  at = new TestLog();
});
afterEach(() => at.remove());

/** A disk whose next operations fail on demand, in front of a real file. */
class FlakyDisk {
  failWrites = 0;
  failSyncs = 0;
  failOpens = 0;
  /** Bytes that reach the file before a write fails. */
  partialBytes = 0;
  writes = 0;
  syncs = 0;

  readonly openSink: OpenSink = async (path, isNew) => {
    if (this.failOpens > 0) {
      this.failOpens -= 1;
      throw new Error('EMFILE');
    }
    const sink = await openFileSink(path, isNew);
    return {
      ...sink,
      write: async (bytes) => {
        this.writes += 1;
        if (this.failWrites === 0) return sink.write(bytes);
        this.failWrites -= 1;
        await sink.write(bytes.subarray(0, this.partialBytes));
        throw new Error('ENOSPC');
      },
      sync: async () => {
        this.syncs += 1;
        if (this.failSyncs === 0) return sink.sync();
        this.failSyncs -= 1;
        throw new Error('EIO');
      },
    };
  };
}

describe('an event', () => {
  it('is in the file, whole, when append resolves', async () => {
    const log = await at.open();
    await log.append(auditEvent('SecretGet'));
    const line = JSON.parse(readFileSync(at.newest(), 'utf8'));
    assert.equal(line.operationName, 'SecretGet');
    assert.equal(line.resultDescription, auditEvent('x').resultDescription);
    assert.equal(line.sequence, 1);
    assert.equal(line.previousHash, '0'.repeat(64));
    assert.deepEqual(log.head, { sequence: 1, hash: line.hash });
    await log.close();
  });

  it('that cannot be rendered is refused, and harms no other', async () => {
    const log = await at.open();
    const properties: Record<string, unknown> = {};
    properties.self = properties;
    await assert.rejects(log.append({ ...auditEvent('Circular'), properties }), TypeError);
    await log.append(auditEvent('Next'));
    await log.close();
    await at.assertWhole(1);
  });

  it('keeps its place: lines stand in the order of append', async () => {
    const log = await at.open();
    const names = Array.from({ length: 500 }, (_, i) => `Event${i}`);
    await Promise.all(names.map((name) => log.append(auditEvent(name))));
    await log.close();
    assert.deepEqual(at.operations(), names);
    await at.assertWhole(500);
  });

  it('is written by one process only as often as it was appended, across restarts', async () => {
    for (let run = 0; run < 3; run += 1) await at.write(2);
    await at.assertWhole(6);
  });
});

describe('concurrent events', () => {
  it('share a write', async () => {
    const disk = new FlakyDisk();
    const log = await at.open({ openSink: disk.openSink });
    await Promise.all(Array.from({ length: 100 }, () => log.append(auditEvent('A'))));
    assert.equal(disk.writes, 1);
    await log.close();
    await at.assertWhole(100);
  });

  it('that come while a write is under way go out with the next', async () => {
    const disk = new FlakyDisk();
    const log = await at.open({ openSink: disk.openSink });
    const all: Promise<void>[] = [];
    const first = log.append(auditEvent('First'));
    await new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; i < 50; i += 1) all.push(log.append(auditEvent('Later')));
    await Promise.all([first, ...all]);
    assert.equal(disk.writes, 2);
    await log.close();
    await at.assertWhole(51);
  });

  it('are all written by close, and none after it', async () => {
    const log = await at.open();
    const waiting = [log.append(auditEvent('A')), log.append(auditEvent('B'))];
    const closed = log.close();
    await assert.rejects(log.append(auditEvent('C')), AuditUnavailable);
    await Promise.all(waiting);
    await closed;
    await log.close();
    await at.assertWhole(2);
  });
});

describe('durability', () => {
  it('waits for the medium with every write where asked to', async () => {
    const disk = new FlakyDisk();
    const log = await at.open({ openSink: disk.openSink, durable: true });
    await log.append(auditEvent('A'));
    assert.equal(disk.syncs, 1);
    await log.append(auditEvent('B'));
    assert.equal(disk.syncs, 2);
    await log.close();
  });

  it('is otherwise at most one second behind', async () => {
    const disk = new FlakyDisk();
    const log = await at.open({ openSink: disk.openSink });
    await log.append(auditEvent('A'));
    assert.equal(disk.syncs, 0);
    at.clock.advance(1000);
    await log.close();
    assert.equal(disk.syncs, 2, 'once by the clock, once by close');
  });
});

describe('a disk that fails', () => {
  it('fails all that wait; the next line follows the last good one', async () => {
    for (const partialBytes of [0, 10, 700]) {
      const disk = new FlakyDisk();
      disk.partialBytes = partialBytes;
      const log = await at.open({ openSink: disk.openSink });
      await log.append(auditEvent('Good'));
      const { head } = log;
      disk.failWrites = 2;
      const refused = await Promise.allSettled([1, 2, 3].map(() => log.append(auditEvent('Lost'))));
      for (const outcome of refused) {
        assert.ok(outcome.status === 'rejected' && outcome.reason instanceof AuditUnavailable);
      }
      await assert.rejects(log.append(auditEvent('Lost')), AuditUnavailable);
      assert.deepEqual(log.head, head, 'what was not written does not count');
      await log.append(auditEvent('GoodAgain'));
      await log.close();
    }
    assert.deepEqual([...new Set(at.operations())], ['Good', 'GoodAgain']);
    await at.assertWhole(6);
  });

  it('also fails the events that came in while it failed', async () => {
    const disk = new FlakyDisk();
    const log = await at.open({ openSink: disk.openSink });
    disk.failWrites = 1;
    const first = log.append(auditEvent('First'));
    await new Promise((resolve) => setImmediate(resolve));
    const second = log.append(auditEvent('Second'));
    await assert.rejects(first, AuditUnavailable);
    await assert.rejects(second, AuditUnavailable);
    await log.close();
    await at.assertWhole(0);
  });

  it('leaves no torn line behind at close', async () => {
    const disk = new FlakyDisk();
    disk.partialBytes = 10;
    const log = await at.open({ openSink: disk.openSink });
    await log.append(auditEvent('Good'));
    disk.failWrites = 1;
    await assert.rejects(log.append(auditEvent('Lost')), AuditUnavailable);
    await log.close();
    assert.equal((await verifyAudit(at.directory, key)).unfinishedBytes, 0);
    await at.assertWhole(1);
  });

  it('stops the log for good when a sync fails: nobody knows which lines survived', async () => {
    const disk = new FlakyDisk();
    const log = await at.open({ openSink: disk.openSink });
    await log.append(auditEvent('A'));
    disk.failSyncs = 1;
    at.clock.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
    await assert.rejects(log.append(auditEvent('B')), /restart/);
    await assert.rejects(log.append(auditEvent('C')), /restart/);
    await log.close();
    await at.write(1);
    await at.assertWhole(2);
  });

  it('fails the event whose own sync failed', async () => {
    const disk = new FlakyDisk();
    const log = await at.open({ openSink: disk.openSink, durable: true });
    disk.failSyncs = 1;
    await assert.rejects(log.append(auditEvent('A')), AuditUnavailable);
    await log.close();
  });

  it('cannot make the log skip a number when a new file does not open', async () => {
    const disk = new FlakyDisk();
    const log = await at.open({ openSink: disk.openSink, fileBytesMax: 1 });
    await log.append(auditEvent('A'));
    disk.failOpens = 1;
    await assert.rejects(log.append(auditEvent('B')), AuditUnavailable);
    await log.append(auditEvent('C'));
    await log.close();
    assert.deepEqual(at.operations(), ['A', 'C']);
    await at.assertWhole(2);
  });
});

describe('rotation', () => {
  it('begins a new file when one is full, and the chain goes on', async () => {
    const fileBytesMax = 2000;
    await at.write(10, { fileBytesMax });
    assert.ok(at.files().length >= 3);
    for (const name of at.files()) {
      assert.ok(statSync(at.path(name)).size <= fileBytesMax);
    }
    await at.write(3, { fileBytesMax });
    await at.assertWhole(13);
  });

  it('names a file after its first line', async () => {
    await at.write(3, { fileBytesMax: 1 });
    assert.deepEqual(
      at.files(),
      [1, 2, 3].map((n) => `audit-00000000000${n}.jsonl`),
    );
  });

  it('finishes a torn file before it leaves it', async () => {
    const disk = new FlakyDisk();
    const log = await at.open({ openSink: disk.openSink, fileBytesMax: 1200 });
    await log.append(auditEvent('A'));
    disk.failWrites = 1;
    disk.partialBytes = 20;
    await assert.rejects(log.append(auditEvent('B')), AuditUnavailable);
    await Promise.all([1, 2, 3].map(() => log.append(auditEvent('C'))));
    await log.close();
    assert.equal(at.files().length, 2);
    await at.assertWhole(4);
  });

  it('does not append to a file that somebody else put in its place', async () => {
    const log = await at.open({ fileBytesMax: 1 });
    await log.append(auditEvent('A'));
    writeFileSync(at.path('audit-000000000002.jsonl'), 'planted');
    await assert.rejects(log.append(auditEvent('B')), AuditUnavailable);
    await log.close();
  });
});
