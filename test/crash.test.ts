// The server is killed in the middle of its work, again and again. What it had acknowledged is
// there afterwards, what it had not may or may not be, and nothing is in between.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { rmSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from '#kernel';
import type { Caller } from '#test/kit/caller.ts';
import { launch } from '#test/kit/children.ts';
import { admitToSecrets, createVault, vaultScope } from '#test/kit/estate.ts';
import {
  type Instance,
  plainEnvironment,
  projectRoot,
  runCommand,
  startInstance,
  temporaryDirectory,
} from '#test/kit/instance.ts';

const ROUNDS = 8;
const WRITERS = 12;
const MODEL = { model: 'rbac' } as const;

const SECRET = z.object({ id: z.string(), value: z.string() });
const LIST = z.object({
  value: z.array(z.object({ id: z.string() })),
  nextLink: z.url().nullish(),
});
const VAULT = z.object({ tags: z.record(z.string(), z.string()).optional() });

/** What one writer knows: values go up by one, so what must be there is a range. */
interface Ledger {
  readonly name: string;
  /** Versions whose write was acknowledged, with their values. */
  readonly acknowledged: Map<string, string>;
  lastAcknowledged: number;
  lastSent: number;
}

function newLedger(name: string): Ledger {
  return { name, acknowledged: new Map(), lastAcknowledged: 0, lastSent: 0 };
}

function versionOf(id: string): string {
  return id.split('/').at(-1) ?? '';
}

/** Writes one value after the other until the server no longer answers. */
async function writeUntilKilled(caller: Caller, vault: string, ledger: Ledger): Promise<void> {
  for (;;) {
    ledger.lastSent += 1;
    const value = `${ledger.name} ${ledger.lastSent}`;
    const path = `/secrets/${ledger.name}`;
    const sent = caller.vault(vault, { method: 'PUT', path, json: { value } });
    const answer = await sent.catch(() => undefined);
    if (answer === undefined) return;
    const secret = answer.expect(200).read(SECRET);
    assert.equal(secret.value, value);
    ledger.acknowledged.set(versionOf(secret.id), value);
    ledger.lastAcknowledged = ledger.lastSent;
  }
}

/** The same on the management plane: a tag of the vault counts up. */
async function tagUntilKilled(caller: Caller, vault: string, ledger: Ledger): Promise<void> {
  for (;;) {
    ledger.lastSent += 1;
    const json = { tags: { count: String(ledger.lastSent) } };
    const path = vaultScope(caller, vault);
    const answer = await caller.arm({ method: 'PATCH', path, json }).catch(() => undefined);
    if (answer === undefined) return;
    answer.expect(200, 201);
    ledger.lastAcknowledged = ledger.lastSent;
  }
}

async function checkWriter(caller: Caller, vault: string, ledger: Ledger): Promise<void> {
  if (ledger.lastAcknowledged === 0) return;
  const got = await caller.vault(vault, { path: `/secrets/${ledger.name}` });
  const count = Number(got.expect(200).read(SECRET).value.split(' ').at(-1));
  const { lastAcknowledged, lastSent } = ledger;
  assert.ok(
    count >= lastAcknowledged && count <= lastSent,
    `${ledger.name} is ${count}, acknowledged up to ${lastAcknowledged}, sent up to ${lastSent}`,
  );
  for (const [version, value] of ledger.acknowledged) {
    const path = `/secrets/${ledger.name}/${version}`;
    const answer = await caller.vault(vault, { path });
    assert.equal(answer.expect(200).read(SECRET).value, value);
  }
}

/** Every version that the vault lists opens. */
async function checkEveryRecord(caller: Caller, vault: string, name: string): Promise<number> {
  const token = await caller.vaultToken();
  const { wire } = caller.endpoints;
  let versions = 0;
  let url = `${caller.endpoints.vaultUrl(vault)}/secrets/${name}/versions?api-version=7.6`;
  while (url !== '') {
    const page = (await wire.send({ url, token })).expect(200).read(LIST);
    for (const { id } of page.value) {
      const opened = await wire.send({ url: `${id}?api-version=7.6`, token });
      assert.ok(opened.expect(200).read(SECRET).value.startsWith(`${name} `));
      versions += 1;
    }
    url = page.nextLink ?? '';
  }
  return versions;
}

describe('a server that is killed', () => {
  const dataDirectory = temporaryDirectory();
  let instance: Instance;
  let vault: string;

  before(async () => {
    instance = await startInstance({ dataDirectory });
    vault = await createVault(instance.owner, MODEL);
    await admitToSecrets(instance.owner, instance.owner, { name: vault, ...MODEL });
  });

  after(async () => {
    await instance?.kill();
    rmSync(dataDirectory, { recursive: true, force: true });
  });

  test('keeps every acknowledged write, and an audit log without a gap', async (context) => {
    let acknowledged = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const tags = newLedger('tags');
      const ledgers = Array.from({ length: WRITERS }, (_, index) =>
        newLedger(`round-${round}-writer-${index}`),
      );
      const { owner } = instance;
      await Promise.all([owner.vaultToken(), owner.token(instance.management)]);
      const work = [
        ...ledgers.map((ledger) => writeUntilKilled(owner, vault, ledger)),
        tagUntilKilled(owner, vault, tags),
      ];
      await delay(randomInt(100, 700));
      await instance.kill();
      await Promise.all(work);
      instance = await startInstance({ dataDirectory });
      await Promise.all(ledgers.map((ledger) => checkWriter(instance.owner, vault, ledger)));
      const answer = await instance.owner.arm({ path: vaultScope(instance.owner, vault) });
      const count = Number(answer.expect(200).read(VAULT).tags?.count ?? 0);
      if (tags.lastAcknowledged > 0) {
        assert.ok(count >= tags.lastAcknowledged && count <= tags.lastSent);
      }
      const [first] = ledgers;
      if (first !== undefined && first.lastAcknowledged > 0) {
        const listed = await checkEveryRecord(instance.owner, vault, first.name);
        assert.ok(listed >= first.acknowledged.size);
      }
      for (const ledger of ledgers) acknowledged += ledger.acknowledged.size;
    }
    context.diagnostic(`${acknowledged} acknowledged writes in ${ROUNDS} rounds`);
    assert.ok(acknowledged > ROUNDS * WRITERS);
    await instance.stop();
    const verified = await runCommand(['audit', 'verify', '--data-dir', dataDirectory]);
    assert.equal(verified.code, 0, verified.stderr);
  });
});

test('a server that is killed during its first start starts the next time', async () => {
  for (const afterMs of [40, 120, 200, 280, 360, 440, 520]) {
    const dataDirectory = temporaryDirectory();
    const where = ['--data-dir', dataDirectory, '--host', '127.0.0.1', '--port', '0'];
    const child = launch(process.execPath, ['src/main.ts', 'serve', ...where], {
      cwd: projectRoot,
      env: plainEnvironment(),
    });
    await delay(afterMs);
    child.process.kill('SIGKILL');
    await child.exit;
    const instance = await startInstance({ dataDirectory });
    const vault = await createVault(instance.owner, MODEL);
    assert.ok(vault.length > 0);
    assert.equal((await instance.stop()).code, 0);
    rmSync(dataDirectory, { recursive: true, force: true });
  }
});
