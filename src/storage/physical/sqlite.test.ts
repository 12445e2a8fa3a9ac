// What the SQLite backend owes beyond the contract: one owner, refusal of what is not ours or not
// whole, private files, and no acknowledged commit lost to a kill.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
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
import process from 'node:process';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Commit, Physical } from './physical.ts';
import { sqliteObserver, sqlitePhysical } from './sqlite.ts';
import { FORMAT_VERSION, prepareDatabase } from './sqlite-database.ts';

const CHILD_ARGUMENT = 'write-until-killed';
const KILLS = 4;

if (process.argv[2] === CHILD_ARGUMENT) await writeUntilKilled(process.argv[3] ?? '');
else runTests();

function put(key: string, value: string, expected?: number): Commit {
  return {
    expectations: new Map(expected === undefined ? [] : [[key, expected]]),
    puts: new Map([[key, Buffer.from(value)]]),
    deletes: new Set(),
  };
}

/** The child: several writers, each saying on standard output what was acknowledged. */
async function writeUntilKilled(directory: string): Promise<void> {
  const physical = sqlitePhysical({ directory });
  const writer = async (name: string): Promise<void> => {
    for (let count = (await number(physical, name)) + 1; ; count += 1) {
      // Two keys in one commit: after the kill they must agree.
      const commit = put(name, `${count}`);
      const puts = new Map([...commit.puts, [`${name}/twin`, Buffer.from(`${count}`)]]);
      await physical.commit({ ...commit, puts });
      process.stdout.write(`${name} ${count}\n`);
    }
  };
  console.log('ready');
  await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(writer));
}

function spawnWriter(directory: string): ChildProcess {
  const file = fileURLToPath(import.meta.url);
  return spawn(process.execPath, [file, CHILD_ARGUMENT, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Lets the child write until it has said so many lines, kills it, answers what it acknowledged. */
async function killAfter(child: ChildProcess, lines: number): Promise<Map<string, number>> {
  assert.ok(child.stdout !== null);
  const acknowledged = new Map<string, number>();
  let heard = 0;
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    heard += 1;
    if (heard === lines) child.kill('SIGKILL');
    const [name, count] = line.split(' ');
    // A line that the kill cut short has no line end, but may still parse: it says less, never
    // more.
    if (name !== undefined && count !== undefined) acknowledged.set(name, Number(count));
  }
  await exited;
  return acknowledged;
}

async function number(physical: Physical, key: string): Promise<number> {
  const row = await physical.get(key);
  return Number(row ? Buffer.from(row.value).toString() : 0);
}

function runTests(): void {
  describe('a data directory', () => {
    let parent = '';
    let directory = '';
    let database = '';

    beforeEach(() => {
      parent = mkdtempSync(join(tmpdir(), 'strongroom-'));
      directory = join(parent, 'data');
      database = join(directory, 'storage.sqlite');
    });
    afterEach(() => rmSync(parent, { recursive: true }));

    async function makeStore(): Promise<void> {
      const physical = sqlitePhysical({ directory });
      for (let index = 0; index < 50; index += 1) {
        await physical.commit(put(`key${index}`, 'x'.repeat(1000)));
      }
      await physical.close();
    }

    /** Everything in the directory but the lock, which says nothing. */
    function snapshot(): Record<string, string> {
      const names = readdirSync(directory).filter((name) => name !== 'storage.lock');
      return Object.fromEntries(
        names.map((name) => [name, hash('sha256', readFileSync(join(directory, name)))]),
      );
    }

    function assertRefused(code: string, message: RegExp): void {
      const before = snapshot();
      assert.throws(() => sqlitePhysical({ directory }), { name: /^Storage/, code, message });
      assert.deepEqual(snapshot(), before, 'a refused directory stays as it was');
      // The refusal has let go of the lock.
      assert.throws(() => sqlitePhysical({ directory }), { code });
    }

    test('keeps what was committed when it is opened again', async () => {
      await makeStore();
      const physical = sqlitePhysical({ directory });
      assert.equal((await physical.get('key49'))?.sequence, 50);
      assert.deepEqual(await physical.commit(put('key0', 'y', 1)), {
        committed: true,
        sequence: 51,
      });
      assert.equal((await physical.changesSince(0))?.length, 50);
      await physical.close();
    });

    test('is readable by its owner only, with every file in it', async () => {
      const physical = sqlitePhysical({ directory });
      await physical.commit(put('a', '1'));
      assert.equal(statSync(directory).mode & 0o777, 0o700);
      const names = readdirSync(directory);
      assert.ok(names.includes('storage.sqlite-wal'), `${names}`);
      for (const name of names) {
        assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name);
      }
      await physical.close();
    });

    test('closed in order it leaves no log behind that would have to be replayed', async () => {
      await makeStore();
      assert.deepEqual(readdirSync(directory).sort(), ['storage.lock', 'storage.sqlite']);
    });

    test('keeps no byte of what was deleted or replaced once it is closed in order', async () => {
      const physical = sqlitePhysical({ directory });
      for (const key of ['small', 'large']) {
        const filler = key === 'large' ? 20_000 : 10;
        await physical.commit(put(key, `purged-${key}${'x'.repeat(filler)}`));
        await physical.commit(put(`${key}/replaced`, `purged-${key}${'y'.repeat(filler)}`));
      }
      await physical.commit({
        expectations: new Map(),
        puts: new Map(['small', 'large'].map((key) => [`${key}/replaced`, Buffer.from('new')])),
        deletes: new Set(['small', 'large']),
      });
      await physical.close();
      assert.ok(!readFileSync(database).includes('purged-'));
    });

    test('has one owner within a process, and another after that', async () => {
      const physical = sqlitePhysical({ directory });
      const refusal = { code: 'in_use', message: /is in use by another Strongroom/ };
      assert.throws(() => sqlitePhysical({ directory }), refusal);
      // The refused opening must not have weakened the lock of the owner.
      assert.throws(() => sqlitePhysical({ directory }), refusal);
      await physical.commit(put('a', '1'));
      await physical.close();
      const next = sqlitePhysical({ directory });
      assert.equal(await number(next, 'a'), 1);
      await next.close();
    });

    test('has one owner among processes, and is free when that one is killed', async () => {
      const child = spawnWriter(directory);
      assert.ok(child.stdout !== null);
      await once(child.stdout, 'data');
      assert.throws(() => sqlitePhysical({ directory }), { code: 'in_use' });
      child.kill('SIGKILL');
      await once(child, 'exit');
      await sqlitePhysical({ directory }).close();
    });

    test('of another program is refused', () => {
      mkdirSync(directory);
      const foreign = new DatabaseSync(database);
      foreign.exec('PRAGMA user_version = 1; CREATE TABLE records (a)');
      foreign.close();
      assertRefused('foreign', /belongs to another program/);
    });

    test('of a later release is refused', async () => {
      await makeStore();
      const later = new DatabaseSync(database);
      later.exec(`PRAGMA user_version = ${FORMAT_VERSION + 1}`);
      later.close();
      assertRefused('newer_format', /format version 2; this release reads up to 1/);
    });

    test('of a format that never was is refused', async () => {
      await makeStore();
      const never = new DatabaseSync(database);
      never.exec('PRAGMA user_version = 0');
      never.close();
      assertRefused('damaged', /Format version 0 cannot be read/);
    });

    test('with something else in place of the database is refused', () => {
      mkdirSync(directory);
      for (const content of ['', 'SQLite', 'x'.repeat(5000)]) {
        writeFileSync(database, content);
        assertRefused('damaged', /damaged or not a database/);
      }
    });

    test('with a database cut short is refused', async () => {
      await makeStore();
      const { size } = statSync(database);
      const whole = join(parent, 'whole');
      copyFileSync(database, whole);
      for (const keep of [size - 1, size - 4096, 4096, 100]) {
        copyFileSync(whole, database);
        truncateSync(database, keep);
        assertRefused('damaged', /is damaged/);
      }
    });

    test('with a table gone is refused', async () => {
      for (const table of ['records', 'changes', 'counters']) {
        rmSync(directory, { recursive: true, force: true });
        await makeStore();
        const connection = new DatabaseSync(database);
        connection.exec(`DROP TABLE ${table}`);
        connection.close();
        assertRefused('damaged', /is damaged/);
      }
    });

    test('whose database is gone but not its log is refused, not begun anew', async () => {
      mkdirSync(directory);
      writeFileSync(`${database}-wal`, 'x');
      assertRefused('damaged', /is gone but its write-ahead log is there/);
      assert.ok(!existsSync(database));
    });

    test('that the operating system refuses is refused with a typed error', () => {
      writeFileSync(directory, 'a file');
      const refusal = { code: 'unreadable', name: 'StorageError' };
      assert.throws(() => sqlitePhysical({ directory }), refusal);
      assert.throws(() => sqlitePhysical({ directory: join(directory, 'below') }), refusal);
    });

    test('that cannot be written to is refused', { skip: process.getuid?.() === 0 }, () => {
      mkdirSync(directory);
      chmodSync(directory, 0o500);
      assert.throws(() => sqlitePhysical({ directory }), { code: 'unreadable' });
      chmodSync(directory, 0o700);
    });

    test('half made by a start that was killed is made anew', async () => {
      mkdirSync(directory);
      writeFileSync(`${database}.new`, 'half');
      writeFileSync(`${database}.new-journal`, 'half');
      const physical = sqlitePhysical({ directory });
      await physical.commit(put('a', '1'));
      await physical.close();
      assert.deepEqual(readdirSync(directory).sort(), ['storage.lock', 'storage.sqlite']);
    });

    test('with a counter gone is refused', async () => {
      await makeStore();
      const connection = new DatabaseSync(database);
      connection.exec(`DELETE FROM counters WHERE name = 'sequence'`);
      connection.close();
      assertRefused('damaged', /has lost a counter/);
    });

    test('a writer thread that cannot start fails every commit, and reading goes on', async () => {
      await makeStore();
      const attacker = new DatabaseSync(database);
      attacker.exec('UPDATE counters SET value = -1');
      attacker.close();
      const physical = sqlitePhysical({ directory });
      const refused = { code: 'write_failed', message: /The write was not confirmed/ };
      await assert.rejects(physical.commit(put('a', '1')), refused);
      await assert.rejects(physical.commit(put('a', '1')), refused);
      assert.equal((await physical.get('key0'))?.sequence, 1);
      await physical.close();
    });

    test('a value of another type than the format says is damage', async () => {
      await makeStore();
      const physical = sqlitePhysical({ directory });
      // STRICT tables refuse such values, so the attacker takes the table away.
      const attacker = new DatabaseSync(database);
      attacker.exec(`
        ALTER TABLE records RENAME TO before;
        CREATE TABLE records (key, sequence, value);
        INSERT INTO records VALUES ('text', 1, 'no blob'), ('half', 1.5, x'00'), (3, 1, x'00')
      `);
      attacker.close();
      const damaged = { name: 'StorageDamaged', code: 'damaged' };
      await assert.rejects(physical.get('text'), damaged);
      const range = { from: '', until: '\u007f', limit: 9, descending: false };
      await assert.rejects(physical.scan(range), damaged);
      await physical.close();
    });

    test('a failed batch is answered as failed, and later ones are not lost with it', async () => {
      const physical = sqlitePhysical({ directory });
      await physical.commit(put('a', '1'));
      const attacker = new DatabaseSync(database);
      attacker.exec(`
        CREATE TRIGGER refuse BEFORE INSERT ON records WHEN new.key = 'bad'
        BEGIN SELECT raise(ABORT, 'no'); END
      `);
      const both = [physical.commit(put('good', '1')), physical.commit(put('bad', '1'))];
      for (const outcome of await Promise.allSettled(both)) {
        assert.equal(outcome.status === 'rejected' && outcome.reason.code, 'write_failed');
      }
      assert.equal(await physical.get('good'), undefined, 'the batch is one transaction');
      assert.deepEqual(await physical.commit(put('good', '2')), { committed: true, sequence: 2 });
      attacker.close();
      await physical.close();
    });

    test('more commits than the queue holds are refused, the queued ones done', async () => {
      const physical = sqlitePhysical({ directory });
      const outcomes = await Promise.allSettled(
        Array.from({ length: 16_400 }, () => physical.commit(put('a', '1'))),
      );
      const refused = outcomes.filter(({ status }) => status === 'rejected');
      assert.equal(refused.length, 16);
      for (const each of refused) {
        assert.equal(each.status === 'rejected' && each.reason.code, 'overloaded');
      }
      assert.equal((await physical.get('a'))?.sequence, 16_384);
      await physical.close();
    });
  });

  describe('an observer', () => {
    let directory = '';
    let owner: Physical;
    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'strongroom-'));
      owner = sqlitePhysical({ directory });
    });
    afterEach(async () => {
      await owner.close();
      rmSync(directory, { recursive: true });
    });

    test('sees what the owner commits, before and after it came', async () => {
      await owner.commit(put('a', '1'));
      const observer = sqliteObserver({ directory });
      assert.equal(await number(observer, 'a'), 1);
      await owner.commit(put('a', '2'));
      assert.equal(await number(observer, 'a'), 2);
      await observer.close();
      await owner.commit(put('a', '3'));
      assert.equal(await number(owner, 'a'), 3);
    });

    test('cannot write, and takes nobody the ownership', async () => {
      const observer = sqliteObserver({ directory });
      assert.equal(observer.isReadOnly, true);
      await assert.rejects(observer.commit(put('a', '1')), { code: 'write_failed' });
      assert.throws(() => sqlitePhysical({ directory }), { code: 'in_use' });
      await owner.close();
      const next = sqlitePhysical({ directory });
      await next.commit(put('a', '1'));
      assert.equal(await number(observer, 'a'), 1);
      await next.close();
      await observer.close();
    });

    test('of a directory without a store makes none', () => {
      const nowhere = join(directory, 'nowhere');
      assert.throws(() => sqliteObserver({ directory: nowhere }), { code: 'unreadable' });
      assert.ok(!existsSync(nowhere));
    });

    test('leaves an older, newer or foreign store as it is', async () => {
      await owner.close();
      const path = join(directory, 'storage.sqlite');
      const cases = [
        ['PRAGMA user_version = 0', 'damaged'],
        ['PRAGMA user_version = 2', 'newer_format'],
        ['PRAGMA application_id = 7', 'foreign'],
      ] as const;
      for (const [sql, code] of cases) {
        const database = new DatabaseSync(path);
        database.exec(sql);
        database.close();
        const before = readFileSync(path);
        assert.throws(() => sqliteObserver({ directory }), { code });
        assert.deepEqual(readFileSync(path), before);
      }
    });
  });

  describe('a migration', () => {
    const parent = mkdtempSync(join(tmpdir(), 'strongroom-'));
    after(() => rmSync(parent, { recursive: true }));

    /** A store as release 0 of the format would have left it, had there been one. */
    function olderDatabase(name: string): string {
      const path = join(parent, name);
      prepareDatabase(path);
      const database = new DatabaseSync(path);
      database.exec('PRAGMA user_version = 0; DROP TABLE changes');
      database.close();
      return path;
    }

    const addsTable = {
      from: 0,
      apply: (database: DatabaseSync) =>
        database.exec('CREATE TABLE changes (sequence INTEGER, key TEXT)'),
    };

    test('brings an older store to the format of this release, once', () => {
      const path = olderDatabase('older');
      prepareDatabase(path, [addsTable]);
      assert.equal(readFileSync(path).readUInt32BE(60), FORMAT_VERSION, 'the header says so');
      prepareDatabase(path, [addsTable]);
    });

    test('that fails changes nothing and can be tried again', () => {
      const path = olderDatabase('failing');
      const fails = {
        from: 0,
        apply(database: DatabaseSync) {
          addsTable.apply(database);
          database.exec('INSERT INTO nowhere VALUES (1)');
        },
      };
      assert.throws(() => prepareDatabase(path, [fails]), { code: 'damaged' });
      prepareDatabase(path, [addsTable]);
    });
  });

  describe('a process killed while it writes', () => {
    const directory = mkdtempSync(join(tmpdir(), 'strongroom-'));
    after(() => rmSync(directory, { recursive: true }));

    test('loses no acknowledged commit, and leaves no half one', async () => {
      for (let round = 1; round <= KILLS; round += 1) {
        const acknowledged = await killAfter(spawnWriter(directory), 400 * round);
        assert.equal(acknowledged.size, 8);
        const physical = sqlitePhysical({ directory });
        for (const [name, count] of acknowledged) {
          const stored = await number(physical, name);
          assert.ok(stored >= count, `${name}: ${count} acknowledged, ${stored} stored`);
          assert.equal(await number(physical, `${name}/twin`), stored);
        }
        await physical.close();
      }
    });
  });
}
