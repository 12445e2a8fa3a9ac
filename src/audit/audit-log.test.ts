import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ManualClock } from '#kernel';
import { AuditLog, type AuditLogOptions } from './audit-log.ts';
import { AuditDamaged, AuditUnavailable } from './errors.ts';
import type { AuditEvent } from './event.ts';
import { type OpenSink, openFileSink } from './sink.ts';
import { verifyAudit } from './verify.ts';

const key = Buffer.alloc(32, 7);
let directory = '';
let clock = new ManualClock();

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'strongroom-audit-')), 'audit');
  clock = new ManualClock();
});
afterEach(() => rmSync(join(directory, '..'), { recursive: true }));

function open(options: Partial<AuditLogOptions> = {}): Promise<AuditLog> {
  return AuditLog.open({ directory, clock, key, ...options });
}

function event(operationName: string): AuditEvent {
  return {
    time: '2026-01-01T00:00:00.000Z',
    category: 'AuditEvent',
    operationName,
    resultType: 'Success',
    resultSignature: 'OK',
    resultDescription: 'a "quoted"\nmessage – 中文 \u2028',
    correlationId: '',
    callerIpAddress: '127.0.0.1',
    identity: { claim: {} },
    properties: {},
    resourceId: '',
    operationVersion: '',
    durationMs: '1',
  };
}

function auditFiles(): readonly string[] {
  return readdirSync(directory).filter((name) => name.startsWith('audit-'));
}

function newest(): string {
  return join(directory, auditFiles().at(-1) ?? '');
}

function operations(): readonly string[] {
  return auditFiles()
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).operationName);
}

async function assertWhole(lines: number): Promise<void> {
  const report = await verifyAudit(directory, key);
  assert.deepEqual(report.problems, []);
  assert.equal(report.lines, lines);
  assert.equal(report.head.sequence, lines);
}

async function write(count: number, options: Partial<AuditLogOptions> = {}): Promise<void> {
  const log = await open(options);
  for (let i = 0; i < count; i += 1) await log.append(event(`Event${i}`));
  await log.close();
}

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
    const log = await open();
    await log.append(event('SecretGet'));
    const line = JSON.parse(readFileSync(newest(), 'utf8'));
    assert.equal(line.operationName, 'SecretGet');
    assert.equal(line.resultDescription, event('x').resultDescription);
    assert.equal(line.sequence, 1);
    assert.equal(line.previousHash, '0'.repeat(64));
    assert.deepEqual(log.head, { sequence: 1, hash: line.hash });
    await log.close();
  });

  it('that cannot be rendered is refused, and harms no other', async () => {
    const log = await open();
    const properties: Record<string, unknown> = {};
    properties.self = properties;
    await assert.rejects(log.append({ ...event('Circular'), properties }), TypeError);
    await log.append(event('Next'));
    await log.close();
    await assertWhole(1);
  });

  it('keeps its place: lines stand in the order of append', async () => {
    const log = await open();
    const names = Array.from({ length: 500 }, (_, i) => `Event${i}`);
    await Promise.all(names.map((name) => log.append(event(name))));
    await log.close();
    assert.deepEqual(operations(), names);
    await assertWhole(500);
  });

  it('is written by one process only as often as it was appended, across restarts', async () => {
    for (let run = 0; run < 3; run += 1) await write(2);
    await assertWhole(6);
  });
});

describe('concurrent events', () => {
  it('share a write', async () => {
    const disk = new FlakyDisk();
    const log = await open({ openSink: disk.openSink });
    await Promise.all(Array.from({ length: 100 }, () => log.append(event('A'))));
    assert.equal(disk.writes, 1);
    await log.close();
    await assertWhole(100);
  });

  it('that come while a write is under way go out with the next', async () => {
    const disk = new FlakyDisk();
    const log = await open({ openSink: disk.openSink });
    const all: Promise<void>[] = [];
    const first = log.append(event('First'));
    await new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; i < 50; i += 1) all.push(log.append(event('Later')));
    await Promise.all([first, ...all]);
    assert.equal(disk.writes, 2);
    await log.close();
    await assertWhole(51);
  });

  it('are all written by close, and none after it', async () => {
    const log = await open();
    const waiting = [log.append(event('A')), log.append(event('B'))];
    const closed = log.close();
    await assert.rejects(log.append(event('C')), AuditUnavailable);
    await Promise.all(waiting);
    await closed;
    await log.close();
    await assertWhole(2);
  });
});

describe('durability', () => {
  it('waits for the medium with every write where asked to', async () => {
    const disk = new FlakyDisk();
    const log = await open({ openSink: disk.openSink, durable: true });
    await log.append(event('A'));
    assert.equal(disk.syncs, 1);
    await log.append(event('B'));
    assert.equal(disk.syncs, 2);
    await log.close();
  });

  it('is otherwise at most one second behind', async () => {
    const disk = new FlakyDisk();
    const log = await open({ openSink: disk.openSink });
    await log.append(event('A'));
    assert.equal(disk.syncs, 0);
    clock.advance(1000);
    await log.close();
    assert.equal(disk.syncs, 2, 'once by the clock, once by close');
  });
});

describe('a disk that fails', () => {
  it('fails every event that waits, and the next one is written where the last good one ended', async () => {
    for (const partialBytes of [0, 10, 700]) {
      const disk = new FlakyDisk();
      disk.partialBytes = partialBytes;
      const log = await open({ openSink: disk.openSink });
      await log.append(event('Good'));
      const { head } = log;
      disk.failWrites = 2;
      const refused = await Promise.allSettled([1, 2, 3].map(() => log.append(event('Lost'))));
      for (const outcome of refused) {
        assert.ok(outcome.status === 'rejected' && outcome.reason instanceof AuditUnavailable);
      }
      await assert.rejects(log.append(event('Lost')), AuditUnavailable);
      assert.deepEqual(log.head, head, 'what was not written does not count');
      await log.append(event('GoodAgain'));
      await log.close();
    }
    assert.deepEqual([...new Set(operations())], ['Good', 'GoodAgain']);
    await assertWhole(6);
  });

  it('also fails the events that came in while it failed', async () => {
    const disk = new FlakyDisk();
    const log = await open({ openSink: disk.openSink });
    disk.failWrites = 1;
    const first = log.append(event('First'));
    await new Promise((resolve) => setImmediate(resolve));
    const second = log.append(event('Second'));
    await assert.rejects(first, AuditUnavailable);
    await assert.rejects(second, AuditUnavailable);
    await log.close();
    await assertWhole(0);
  });

  it('leaves no torn line behind at close', async () => {
    const disk = new FlakyDisk();
    disk.partialBytes = 10;
    const log = await open({ openSink: disk.openSink });
    await log.append(event('Good'));
    disk.failWrites = 1;
    await assert.rejects(log.append(event('Lost')), AuditUnavailable);
    await log.close();
    assert.equal((await verifyAudit(directory, key)).unfinishedBytes, 0);
    await assertWhole(1);
  });

  it('stops the log for good when a sync fails: nobody knows which lines survived', async () => {
    const disk = new FlakyDisk();
    const log = await open({ openSink: disk.openSink });
    await log.append(event('A'));
    disk.failSyncs = 1;
    clock.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
    await assert.rejects(log.append(event('B')), /restart/);
    await assert.rejects(log.append(event('C')), /restart/);
    await log.close();
    await write(1);
    await assertWhole(2);
  });

  it('fails the event whose own sync failed', async () => {
    const disk = new FlakyDisk();
    const log = await open({ openSink: disk.openSink, durable: true });
    disk.failSyncs = 1;
    await assert.rejects(log.append(event('A')), AuditUnavailable);
    await log.close();
  });

  it('cannot make the log skip a number when a new file does not open', async () => {
    const disk = new FlakyDisk();
    const log = await open({ openSink: disk.openSink, fileBytesMax: 1 });
    await log.append(event('A'));
    disk.failOpens = 1;
    await assert.rejects(log.append(event('B')), AuditUnavailable);
    await log.append(event('C'));
    await log.close();
    assert.deepEqual(operations(), ['A', 'C']);
    await assertWhole(2);
  });
});

describe('rotation', () => {
  it('begins a new file when one is full, and the chain goes on', async () => {
    const fileBytesMax = 2000;
    await write(10, { fileBytesMax });
    assert.ok(auditFiles().length >= 3);
    for (const name of auditFiles()) {
      assert.ok(statSync(join(directory, name)).size <= fileBytesMax);
    }
    await write(3, { fileBytesMax });
    await assertWhole(13);
  });

  it('names a file after its first line', async () => {
    await write(3, { fileBytesMax: 1 });
    assert.deepEqual(
      auditFiles(),
      [1, 2, 3].map((n) => `audit-00000000000${n}.jsonl`),
    );
  });

  it('finishes a torn file before it leaves it', async () => {
    const disk = new FlakyDisk();
    const log = await open({ openSink: disk.openSink, fileBytesMax: 1200 });
    await log.append(event('A'));
    disk.failWrites = 1;
    disk.partialBytes = 20;
    await assert.rejects(log.append(event('B')), AuditUnavailable);
    await Promise.all([1, 2, 3].map(() => log.append(event('C'))));
    await log.close();
    assert.equal(auditFiles().length, 2);
    await assertWhole(4);
  });

  it('does not append to a file that somebody else put in its place', async () => {
    const log = await open({ fileBytesMax: 1 });
    await log.append(event('A'));
    writeFileSync(join(directory, 'audit-000000000002.jsonl'), 'planted');
    await assert.rejects(log.append(event('B')), AuditUnavailable);
    await log.close();
  });
});

describe('after a crash', () => {
  it('an unfinished last line is taken off, and the log says so', async () => {
    await write(3);
    const name = auditFiles().at(-1);
    appendFileSync(newest(), '{"time":"2026');
    await write(1);
    assert.deepEqual(operations(), ['Event0', 'Event1', 'Event2', 'AuditLogRecovered', 'Event0']);
    const recovered = JSON.parse(readFileSync(newest(), 'utf8').split('\n')[3] ?? '');
    assert.deepEqual(recovered.properties, { file: name, unfinishedBytes: 13 });
    await assertWhole(5);
  });

  it('in the first line of a file, the file is used again', async () => {
    await write(2, { fileBytesMax: 1 });
    for (const rest of ['', '{"time"']) {
      const { lines } = await verifyAudit(directory, key);
      const next = `audit-${String(lines + 1).padStart(12, '0')}.jsonl`;
      writeFileSync(join(directory, next), rest);
      await write(1, { fileBytesMax: 1 });
    }
    await assertWhole(5);
  });

  it('before the first line ever, the log starts empty', async () => {
    await (await open()).close();
    writeFileSync(join(directory, 'audit-000000000001.jsonl'), '{"ti');
    await write(1);
    assert.deepEqual(operations(), ['AuditLogRecovered', 'Event0']);
  });

  it('a log that is whole gets no event of its own', async () => {
    await write(1);
    await write(1);
    assert.deepEqual(operations(), ['Event0', 'Event0']);
  });

  it('by SIGKILL every event that was acknowledged is there', { timeout: 60_000 }, async () => {
    const writer = `
      import { AuditLog } from ${JSON.stringify(new URL('./audit-log.ts', import.meta.url))};
      import { systemClock } from '#kernel';
      const log = await AuditLog.open({
        directory: process.argv[1], clock: systemClock, key: Buffer.alloc(32, 7), fileBytesMax: 9000,
      });
      let n = 0;
      const go = async () => { for (;;) { await log.append({ operationName: 'E' }); n += 1; } };
      for (let i = 0; i < 8; i += 1) void go();
      setInterval(() => process.stdout.write(n + '\\n'), 5);`;
    let acknowledged = 0;
    for (let round = 0; round < 3; round += 1) {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', writer, directory], {
        cwd: join(import.meta.dirname, '../..'),
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let count = 0;
      for await (const text of child.stdout) {
        count = Number(String(text).trim().split('\n').at(-1));
        if (count > 50) break;
      }
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await ended;
      acknowledged += count;
      const { problems, lines } = await verifyAudit(directory, key);
      assert.deepEqual(problems, []);
      assert.ok(lines >= acknowledged, `${lines} lines for ${acknowledged} acknowledged`);
    }
  });
});

describe('a log that is not what was written', () => {
  async function assertRefused(pattern: RegExp, options: Partial<AuditLogOptions> = {}) {
    const before = readdirSync(directory).map((name) =>
      readFileSync(join(directory, name), 'utf8'),
    );
    await assert.rejects(open(options), (error) => {
      assert.ok(error instanceof AuditDamaged);
      assert.match(error.message, pattern);
      return true;
    });
    const now = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'));
    assert.deepEqual(now, before, 'nothing was changed');
  }

  it('is refused when a line of the newest file was changed', async () => {
    await write(3);
    const text = readFileSync(newest(), 'utf8').replace('Event1', 'Event9');
    writeFileSync(newest(), text);
    await assertRefused(/changed at line 2/);
  });

  it('is refused when whole lines are gone from the end', async () => {
    await write(3);
    const [first] = readFileSync(newest(), 'utf8').split('\n');
    truncateSync(newest(), Buffer.byteLength(`${first}\n`));
    await assertRefused(/lost its last lines, 2 to 3/);
  });

  it('is refused when its newest file, all files or the head are gone', async () => {
    await write(3, { fileBytesMax: 1 });
    rmSync(newest());
    await assertRefused(/lost its last lines, 3 to 3/);
    for (const name of auditFiles()) rmSync(join(directory, name));
    await assertRefused(/lost its last lines, 1 to 3/);
  });

  it('is refused without its head', async () => {
    await write(1);
    rmSync(join(directory, 'head.json'));
    await assertRefused(/lost its head/);
  });

  it('is refused when all of it is gone, if the instance is known to have run before', async () => {
    await write(1);
    rmSync(directory, { recursive: true });
    await assert.rejects(open({ expectExisting: true }), AuditDamaged);
    await write(1);
    await write(1, { expectExisting: true });
    await assertWhole(2);
  });

  it('is refused with another key, without the key, and with a key it never had', async () => {
    await write(1);
    await assertRefused(/another audit key/, { key: Buffer.alloc(32, 8) });
    await assert.rejects(AuditLog.open({ directory, clock }), /needs it/);
    rmSync(directory, { recursive: true });
    const unkeyed = await AuditLog.open({ directory, clock });
    await unkeyed.append(event('A'));
    await unkeyed.close();
    await assertRefused(/without a key/);
  });

  it('is refused when the head was moved back by someone without the key', async () => {
    await write(3);
    const path = join(directory, 'head.json');
    const head = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...head, sequence: 1 }));
    await assertRefused(/was changed/);
    writeFileSync(path, '{');
    await assertRefused(/cannot be understood/);
  });

  it('is refused when an older file ends within a line', async () => {
    await write(2, { fileBytesMax: 1 });
    writeFileSync(join(directory, 'audit-000000000003.jsonl'), '');
    appendFileSync(join(directory, 'audit-000000000002.jsonl'), '{"ti');
    await assertRefused(/does not follow/);
  });

  it('is refused with a key too short to protect anything', async () => {
    await assert.rejects(open({ key: Buffer.alloc(31) }), /at least 32 bytes/);
  });
});

describe('the files', () => {
  it('are for their owner only', async () => {
    await write(1);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    for (const name of readdirSync(directory)) {
      assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name);
    }
  });

  it('follow the head at most a second later', async () => {
    const log = await open();
    await log.append(event('A'));
    const headSequence = () =>
      JSON.parse(readFileSync(join(directory, 'head.json'), 'utf8')).sequence;
    assert.equal(headSequence(), 0);
    clock.advance(1000);
    await log.close();
    assert.equal(headSequence(), 1);
  });
});
