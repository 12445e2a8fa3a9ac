// Work that time starts, in a served instance: what fell due while it was down is done at the next
// start, told as an event and written to the audit log.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { z } from '#kernel';
import { readAudit } from '#test/kit/audit.ts';
import { admitToVault, createVault, vaultScope } from '#test/kit/estate.ts';
import { type Instance, startInstance, temporaryDirectory } from '#test/kit/instance.ts';

const EVENTS = z.object({
  value: z.array(z.object({ eventType: z.string(), subject: z.string() })),
});
const dataDirectory = temporaryDirectory();
after(() => rmSync(dataDirectory, { recursive: true, force: true }));

async function eventsOf({ owner }: Instance, vault: string): Promise<string[]> {
  const path = `${vaultScope(owner, vault)}/providers/Strongroom.Events/events`;
  const answer = await owner.arm({ path });
  const { value } = answer.expect(200).read(EVENTS);
  return value.map(({ eventType, subject }) => `${eventType} ${subject}`);
}

test('what fell due while the instance was down is done at the next start, once', async () => {
  const expected = 'Microsoft.KeyVault.SecretNearExpiry soon-over';
  const first = await startInstance({ dataDirectory });
  const { owner } = first;
  const vault = await createVault(owner, { model: 'rbac' });
  await admitToVault(owner, owner, vault);
  const exp = Math.floor(Date.now() / 1_000) + 86_400;
  const json = { value: 'v', attributes: { exp } };
  (await owner.vault(vault, { method: 'PUT', path: '/secrets/soon-over', json })).expect(200);
  const created = 'Microsoft.KeyVault.SecretNewVersionCreated soon-over';
  assert.deepEqual(await eventsOf(first, vault), [created]);
  await first.stop();

  const second = await startInstance({ dataDirectory });
  try {
    // The jobs of the start run beside the first requests.
    for (let tries = 0; tries < 200; tries += 1) {
      if ((await eventsOf(second, vault)).includes(expected)) break;
    }
    assert.deepEqual((await eventsOf(second, vault)).toSorted(), [expected, created].toSorted());
  } finally {
    await second.stop();
  }
  const names = readAudit(second).map(({ operationName }) => operationName);
  const told = names.filter((name) => name === 'SecretNearExpiryEventGridNotification');
  assert.equal(told.length, 1);
});
