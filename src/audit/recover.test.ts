import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { AuditLog, type AuditLogOptions } from './audit-log.ts';
import { AuditDamaged } from './errors.ts';
import { auditEvent, key, TestLog } from './log.fixture.ts';
import { verifyAudit } from './verify.ts';

let at: TestLog;

beforeEach(() => {
  at = new TestLog();
});
afterEach(() => at.remove());

describe('after a crash', () => {
  it('an unfinished last line is taken off, and the log says so', async () => {
    await at.write(3);
    const name = at.files().at(-1);
    appendFileSync(at.newest(), '{"time":"2026');
    await at.write(1);
    assert.deepEqual(at.operations(), [
      'Event0',
      'Event1',
      'Event2',
      'AuditLogRecovered',
      'Event0',
    ]);
    const recovered = JSON.parse(readFileSync(at.newest(), 'utf8').split('\n')[3] ?? '');
    assert.deepEqual(recovered.properties, { file: name, unfinishedBytes: 13 });
    await at.assertWhole(5);
  });

  it('in the first line of a file, the file is used again', async () => {
    await at.write(2, { fileBytesMax: 1 });
    for (const rest of ['', '{"time"']) {
      const { lines } = await verifyAudit(at.directory, key);
      const next = `audit-${String(lines + 1).padStart(12, '0')}.jsonl`;
      writeFileSync(at.path(next), rest);
      await at.write(1, { fileBytesMax: 1 });
    }
    await at.assertWhole(5);
  });

  it('before the first line ever, the log starts empty', async () => {
    await (await at.open()).close();
    writeFileSync(at.path('audit-000000000001.jsonl'), '{"ti');
    await at.write(1);
    assert.deepEqual(at.operations(), ['AuditLogRecovered', 'Event0']);
  });

  it('a log that is whole gets no event of its own', async () => {
    await at.write(1);
    await at.write(1);
    assert.deepEqual(at.operations(), ['Event0', 'Event0']);
  });

  it('and after any number of runs that wrote nothing, the log opens again', async () => {
    await at.write(2);
    for (let run = 0; run < 3; run += 1) await at.write(0);
    await at.assertWhole(2);
    await at.write(1);
    await at.assertWhole(3);
  });

  it('by SIGKILL every event that was acknowledged is there', { timeout: 60_000 }, async () => {
    const writer = `
      import { AuditLog } from ${JSON.stringify(new URL('./audit-log.ts', import.meta.url))};
      import { systemClock } from '#kernel';
      const log = await AuditLog.open({
        directory: process.argv[1], clock: systemClock, key: Buffer.alloc(32, 7),
        fileBytesMax: 9000,
      });
      let n = 0;
      const go = async () => { for (;;) { await log.append({ operationName: 'E' }); n += 1; } };
      for (let i = 0; i < 8; i += 1) void go();
      setInterval(() => process.stdout.write(n + '\\n'), 5);`;
    let acknowledged = 0;
    for (let round = 0; round < 3; round += 1) {
      const child = spawn(
        process.execPath,
        ['--input-type=module', '--eval', writer, at.directory],
        {
          cwd: join(import.meta.dirname, '../..'),
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      let count = 0;
      for await (const text of child.stdout) {
        count = Number(String(text).trim().split('\n').at(-1));
        if (count > 50) break;
      }
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await ended;
      acknowledged += count;
      const { problems, lines } = await verifyAudit(at.directory, key);
      assert.deepEqual(problems, []);
      assert.ok(lines >= acknowledged, `${lines} lines for ${acknowledged} acknowledged`);
    }
  });
});

describe('a log that is not what was written', () => {
  async function assertRefused(pattern: RegExp, options: Partial<AuditLogOptions> = {}) {
    const before = readdirSync(at.directory).map((name) => readFileSync(at.path(name), 'utf8'));
    await assert.rejects(at.open(options), (error) => {
      assert.ok(error instanceof AuditDamaged);
      assert.match(error.message, pattern);
      return true;
    });
    const now = readdirSync(at.directory).map((name) => readFileSync(at.path(name), 'utf8'));
    assert.deepEqual(now, before, 'nothing was changed');
  }

  it('is refused when a line of the newest file was changed', async () => {
    await at.write(3);
    const text = readFileSync(at.newest(), 'utf8').replace('Event1', 'Event9');
    writeFileSync(at.newest(), text);
    await assertRefused(/changed at line 2/);
  });

  it('is refused when whole lines are gone from the end', async () => {
    await at.write(3);
    const [first] = readFileSync(at.newest(), 'utf8').split('\n');
    truncateSync(at.newest(), Buffer.byteLength(`${first}\n`));
    await assertRefused(/lost its last lines, 2 to 3/);
  });

  it('is refused when its newest file, all files or the head are gone', async () => {
    await at.write(3, { fileBytesMax: 1 });
    rmSync(at.newest());
    await assertRefused(/lost its last lines, 3 to 3/);
    for (const name of at.files()) rmSync(at.path(name));
    await assertRefused(/lost its last lines, 1 to 3/);
  });

  it('is refused without its head', async () => {
    await at.write(1);
    rmSync(at.path('head.json'));
    await assertRefused(/lost its head/);
  });

  it('is refused when all of it is gone, if the instance is known to have run before', async () => {
    await at.write(1);
    rmSync(at.directory, { recursive: true });
    await assert.rejects(at.open({ expectExisting: true }), AuditDamaged);
    await at.write(1);
    await at.write(1, { expectExisting: true });
    await at.assertWhole(2);
  });

  it('is refused with another key, without the key, and with a key it never had', async () => {
    await at.write(1);
    await assertRefused(/another audit key/, { key: Buffer.alloc(32, 8) });
    await assert.rejects(AuditLog.open({ directory: at.directory, clock: at.clock }), /needs it/);
    rmSync(at.directory, { recursive: true });
    const unkeyed = await AuditLog.open({ directory: at.directory, clock: at.clock });
    await unkeyed.append(auditEvent('A'));
    await unkeyed.close();
    await assertRefused(/without a key/);
  });

  it('is refused when the head was moved back by someone without the key', async () => {
    await at.write(3);
    const path = at.path('head.json');
    const head = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...head, sequence: 1 }));
    await assertRefused(/was changed/);
    writeFileSync(path, '{');
    await assertRefused(/cannot be understood/);
  });

  it('is refused when an older file ends within a line', async () => {
    await at.write(2, { fileBytesMax: 1 });
    writeFileSync(at.path('audit-000000000003.jsonl'), '');
    appendFileSync(at.path('audit-000000000002.jsonl'), '{"ti');
    await assertRefused(/does not follow/);
  });

  it('is refused with a key too short to protect anything', async () => {
    await assert.rejects(at.open({ key: Buffer.alloc(31) }), /at least 32 bytes/);
  });
});

describe('the files', () => {
  it('are for their owner only', async () => {
    await at.write(1);
    assert.equal(statSync(at.directory).mode & 0o777, 0o700);
    for (const name of readdirSync(at.directory)) {
      assert.equal(statSync(at.path(name)).mode & 0o777, 0o600, name);
    }
  });

  it('follow the head at most a second later', async () => {
    const log = await at.open();
    await log.append(auditEvent('A'));
    const headSequence = () => JSON.parse(readFileSync(at.path('head.json'), 'utf8')).sequence;
    assert.equal(headSequence(), 0);
    at.clock.advance(1000);
    await log.close();
    assert.equal(headSequence(), 1);
  });
});
