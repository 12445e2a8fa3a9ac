import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { GROUP, openTestManagement, VAULT, vaultBody } from '../management.fixture.ts';

const IDENTITY = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one`;
const MACHINE = `${GROUP}/providers/Microsoft.HybridCompute/machines/one`;
const LOCATION = 'westeurope';

async function openRace() {
  const arm = await openTestManagement();
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  const machine = {
    location: LOCATION,
    identity: { type: 'SystemAssigned' },
    properties: { clientPublicKey: key },
  };
  const bodies: Readonly<Record<string, unknown>> = {
    [VAULT]: vaultBody(),
    [IDENTITY]: { location: LOCATION },
    [MACHINE]: machine,
  };
  const { resources } = arm;
  const held = () => [
    ...[...resources.vaults()].filter(({ deleted }) => deleted === undefined),
    ...resources.identities(),
    ...resources.machines(),
  ];
  return { arm, bodies, held };
}

for (const path of [VAULT, IDENTITY, MACHINE]) {
  const kind = path.split('/').at(-2);
  test(`${kind}: none outlives its resource group, though made while that is deleted`, async () => {
    const { arm, bodies, held } = await openRace();
    let made = 0;
    for (let lead = 0; lead <= 40; lead += 2) {
      await arm.send('PUT', GROUP, { body: { location: LOCATION } });
      const at = path === VAULT ? `${path}${lead}` : path;
      const putting = arm.send('PUT', at, { body: bodies[path] });
      for (let turn = 0; turn < lead; turn++) await Promise.resolve();
      const [deleted, put] = await Promise.all([arm.send('DELETE', GROUP), putting]);
      assert.equal(deleted.status, 202);
      if (put.status < 300) made++;
      else assert.equal(put.body.error.code, 'ResourceGroupNotFound');
      assert.deepEqual([...arm.resources.resourceGroups()], [], `${lead} turns`);
      assert.deepEqual(held(), [], `${lead} turns`);
    }
    assert.ok(made > 0, 'some were made in time');
  });
}
