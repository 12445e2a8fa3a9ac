import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { ManualClock } from '#kernel';
import { AuditLog } from './audit-log.ts';
import { chainHash, type Head, ORIGIN, readLine, renderLine, splitLines } from './chain.ts';
import { AuditDamaged } from './errors.ts';
import { saveHead } from './files.ts';
import { auditEvent, key } from './log.fixture.ts';
import { verifyAudit } from './verify.ts';

const LINES = 9;
let directory = '';

const event = auditEvent('SecretGet');

/** Three files of three lines each. */
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'strongroom-audit-'));
  await writeLog(key);
});
afterEach(() => rmSync(directory, { recursive: true }));

async function writeLog(withKey: Uint8Array | undefined): Promise<void> {
  const log = await AuditLog.open({
    directory,
    clock: new ManualClock(),
    ...(withKey && { key: withKey }),
    fileBytesMax: 1700,
  });
  for (let i = 0; i < LINES; i += 1) await log.append(event);
  await log.close();
  assert.equal(files().length, 3);
}

function files(): readonly string[] {
  return readdirSync(directory).filter((name) => name.startsWith('audit-'));
}

function file(index: number): string {
  return join(directory, files()[index] ?? '');
}

function edit(index: number, change: (lines: string[]) => readonly string[]): void {
  const lines = readFileSync(file(index), 'utf8').split('\n').slice(0, -1);
  writeFileSync(file(index), [...change(lines), ''].join('\n'));
}

/** `kind file:line` of each problem. */
async function problems(from?: number): Promise<readonly string[]> {
  const report = await verifyAudit(directory, key, from);
  const names = files();
  return report.problems.map(({ kind, file, line }) => `${kind} ${names.indexOf(file)}:${line}`);
}

describe('a whole log', () => {
  it('has no problems', async () => {
    const report = await verifyAudit(directory, key);
    assert.equal(report.files, 3);
    assert.equal(report.lines, LINES);
    assert.equal(report.head.sequence, LINES);
    assert.deepEqual(report.problems, []);
  });

  it('may be verified while a line is being written', async () => {
    appendFileSync(file(2), '{"time"');
    const report = await verifyAudit(directory, key);
    assert.deepEqual(report.problems, []);
    assert.equal(report.unfinishedBytes, 7);
  });

  it('may have grown since the head was saved', async () => {
    const head = readFileSync(join(directory, 'head.json'));
    const log = await AuditLog.open({ directory, clock: new ManualClock(), key });
    await log.append(event);
    await log.close();
    writeFileSync(join(directory, 'head.json'), head);
    assert.deepEqual(await problems(), []);
  });

  it('may lack archived files, if the first line that should be there is named', async () => {
    rmSync(file(0));
    assert.deepEqual(await problems(4), []);
    assert.deepEqual(await problems(), ['missing 0:1']);
    assert.deepEqual(await problems(3), ['missing 0:1']);
    assert.deepEqual(await problems(5), ['reordered 0:1']);
  });
});

describe('what was done to a log is found, with file and line:', () => {
  it('a changed word', async () => {
    edit(1, (lines) => lines.map((line, i) => (i === 1 ? line.replace('mallory', 'alice') : line)));
    assert.deepEqual(await problems(), ['changed 1:2']);
  });

  it('a changed number, tie or hash', async () => {
    for (const [what, to] of [
      [/"sequence":\d+/, '"sequence":77'],
      [/"previousHash":"./, '"previousHash":"x'],
      [/"hash":"....../, '"hash":"000000'],
    ] as const) {
      const before = readFileSync(file(1), 'utf8');
      edit(1, ([a = '', b = '', ...rest]) => [a, b.replace(what, to), ...rest]);
      const [first = ''] = await problems();
      assert.match(first, /^(changed|unreadable) 1:2$/);
      writeFileSync(file(1), before);
    }
  });

  it('every single changed byte', async () => {
    const content = readFileSync(file(0));
    for (let at = 0; at < content.length; at += 13) {
      const changed = Buffer.from(content);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(file(0), changed);
      const found = await problems();
      assert.notEqual(found.length, 0, `byte ${at} of ${content.length}`);
    }
  });

  it('a removed line', async () => {
    edit(1, (lines) => lines.toSpliced(1, 1));
    assert.deepEqual(await problems(), ['missing 1:2']);
  });

  it('a removed first line of all', async () => {
    edit(0, (lines) => lines.slice(1));
    assert.deepEqual(await problems(), ['missing 0:1']);
  });

  it('removed last lines, though they leave no gap', async () => {
    edit(2, (lines) => lines.slice(0, 1));
    assert.deepEqual(await problems(), ['missing 2:2']);
    const report = await verifyAudit(directory, key);
    assert.match(report.problems[0]?.message ?? '', /numbered 8 to 9 were removed/);
  });

  it('a removed file: the first, one between, the last, all', async () => {
    const [first = '', middle = '', last = ''] = [0, 1, 2].map((i) =>
      readFileSync(file(i), 'utf8'),
    );
    const [firstPath, middlePath, lastPath] = [file(0), file(1), file(2)];
    rmSync(middlePath);
    assert.deepEqual(await problems(), ['missing 1:1']);
    writeFileSync(middlePath, middle);
    rmSync(lastPath);
    assert.deepEqual(await problems(), ['missing 1:4']);
    writeFileSync(lastPath, last);
    rmSync(firstPath);
    assert.deepEqual(await problems(), ['missing 0:1']);
    writeFileSync(firstPath, first);
    assert.deepEqual(await problems(), []);
    for (const path of [firstPath, middlePath, lastPath]) rmSync(path);
    assert.deepEqual(await problems(), ['missing -1:1']);
  });

  it('two lines that changed places', async () => {
    edit(1, ([a = '', b = '', c = '']) => [a, c, b]);
    const found = await problems();
    assert.ok(found.includes('reordered 1:3'));
  });

  it('two files that changed names', async () => {
    const [a, b] = [file(0), file(1)];
    renameSync(a, `${a}.x`);
    renameSync(b, a);
    renameSync(`${a}.x`, b);
    assert.deepEqual(await problems(), ['missing 0:1', 'reordered 1:1', 'missing 2:1']);
  });

  it('a line that stands twice', async () => {
    edit(1, ([a = '', ...rest]) => [a, a, ...rest]);
    assert.deepEqual(await problems(), ['reordered 1:2']);
  });

  it('a line that was put in', async () => {
    edit(1, (lines) => ['{"operationName":"SecretGet"}', ...lines]);
    assert.equal((await problems())[0], 'unreadable 1:1');
    edit(1, (lines) => ['', ...lines]);
    assert.equal((await problems())[0], 'unreadable 1:1');
  });

  it('a line cut short in the middle of the log', async () => {
    writeFileSync(file(0), readFileSync(file(0)).subarray(0, -5));
    assert.deepEqual(await problems(), ['unfinished 0:3', 'missing 1:1']);
  });

  it('a whole new end, tied by someone without the key', async () => {
    const forged = chainHash(Buffer.alloc(32, 9));
    edit(2, ([first = '', ...rest]) => {
      const head = readLine(Buffer.from(first), chainHash(key));
      assert.ok(head !== undefined);
      let before: Head = head;
      return [
        first,
        ...rest.map(() => {
          const line = renderLine(JSON.stringify(event), before, forged);
          before = line.head;
          return line.text.trimEnd();
        }),
      ];
    });
    assert.deepEqual(await problems(), ['changed 2:2', 'changed 2:3']);
  });

  it('lines of another log under the same key', async () => {
    const own = directory;
    directory = mkdtempSync(join(tmpdir(), 'strongroom-audit-'));
    const log = await AuditLog.open({ directory, clock: new ManualClock(), key });
    for (let i = 0; i < LINES; i += 1) await log.append({ ...event, operationName: 'Innocent' });
    await log.close();
    const foreign = readFileSync(file(0), 'utf8').split('\n');
    rmSync(directory, { recursive: true });
    directory = own;
    edit(2, (lines) => [lines[0] ?? '', foreign[7] ?? '', lines[2] ?? '']);
    assert.deepEqual(await problems(), ['changed 2:2', 'changed 2:3']);
  });

  it('a thousand problems as a hundred', async () => {
    edit(0, (lines) => [...lines, ...Array.from({ length: 1000 }, () => 'x')]);
    assert.equal((await problems()).length, 100);
  });
});

describe('the head', () => {
  it('that was changed, or sealed with another key, is refused', async () => {
    const path = join(directory, 'head.json');
    const head = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...head, sequence: 1 }));
    await assert.rejects(verifyAudit(directory, key), AuditDamaged);
    writeFileSync(path, JSON.stringify(head));
    await assert.rejects(verifyAudit(directory, Buffer.alloc(32)), AuditDamaged);
    await assert.rejects(verifyAudit(directory), /needs it/);
  });

  it('of a log without a key still finds a line tied anew', async () => {
    rmSync(directory, { recursive: true });
    await writeLog(undefined);
    const hashOf = chainHash(undefined);
    const kept = await verifyAudit(directory);
    assert.deepEqual(kept.problems, []);
    edit(2, (lines) => {
      let before = readLine(Buffer.from(lines[1] ?? ''), hashOf) ?? ORIGIN;
      const line = renderLine(JSON.stringify({ ...event, operationName: 'X' }), before, hashOf);
      before = { ...before, ...line.head };
      return [lines[0] ?? '', lines[1] ?? '', line.text.trimEnd()];
    });
    const report = await verifyAudit(directory);
    assert.deepEqual(
      report.problems.map(({ kind, line }) => [kind, line]),
      [['changed', 3]],
    );
  });

  it('and the log must be there at all', async () => {
    await assert.rejects(verifyAudit(join(directory, 'absent'), key), /no audit log/);
  });

  it('is replaced in one step: no half-written head, no litter', async () => {
    const headFile = { hashOf: chainHash(key), algorithm: 'HMAC-SHA-256' } as const;
    await Promise.all(
      Array.from({ length: 10 }, (_, sequence) =>
        saveHead(directory, { sequence, hash: 'a'.repeat(64) }, headFile),
      ),
    );
    assert.equal(readdirSync(directory).length, files().length + 1);
  });
});

describe('a line', () => {
  const hashOf = chainHash(key);
  const heads = fc.record({
    sequence: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 1 }),
    hash: fc.stringMatching(/^[0-9a-f]{64}$/),
  });

  it('reads back as it was tied, whatever the event says', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }),
        heads,
        (json, before) => {
          const { text, head } = renderLine(JSON.stringify(json), before, hashOf);
          const { lines, unfinishedBytes } = splitLines(Buffer.from(text));
          assert.equal(lines.length, 1);
          assert.equal(unfinishedBytes, 0);
          const line = readLine(lines[0] ?? Buffer.alloc(0), hashOf);
          assert.deepEqual(line, { ...head, previousHash: before.hash, isGenuine: true });
        },
      ),
    );
  });

  it('is one JSON object that holds the event', () => {
    const { text } = renderLine(JSON.stringify(event), ORIGIN, hashOf);
    const { sequence, previousHash, hash, ...rest } = JSON.parse(text);
    assert.deepEqual(rest, event);
    assert.equal(sequence, 1);
    assert.equal(previousHash, ORIGIN.hash);
    assert.equal(hash.length, 64);
  });

  it('cannot be made to look tied by what a caller sends', () => {
    const planted = `","sequence":9,"previousHash":"${'0'.repeat(64)}","hash":"${'0'.repeat(64)}"}`;
    const text = JSON.stringify({ ...event, resultDescription: planted });
    const { text: line } = renderLine(text, ORIGIN, hashOf);
    assert.equal(readLine(Buffer.from(line.trimEnd()), hashOf)?.sequence, 1);
    assert.equal(readLine(Buffer.from(text), hashOf), undefined);
  });
});
