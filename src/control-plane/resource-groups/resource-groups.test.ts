import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GROUP, openTestManagement, VAULT, vaultBody } from '../management.fixture.ts';

const IDENTITY = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one`;

const made = [
  ['vault', VAULT, vaultBody()],
  ['identity', IDENTITY, { location: 'westeurope' }],
] as const;

for (const [kind, path, body] of made) {
  test(`no ${kind} outlives its resource group, though made while that is deleted`, async () => {
    const arm = await openTestManagement();
    for (let lead = 0; lead <= 60; lead += 2) {
      await arm.send('PUT', GROUP, { body: { location: 'westeurope' } });
      const putting = arm.send('PUT', path, { body });
      for (let turn = 0; turn < lead; turn++) await Promise.resolve();
      await Promise.all([arm.send('DELETE', GROUP), putting]);
      const there = [...arm.resources.resourceGroups()].length > 0;
      assert.equal(there, false, `${lead} turns`);
      assert.equal(arm.resources.liveVault('contoso'), undefined, `${lead} turns`);
      assert.deepEqual([...arm.resources.identities()], [], `${lead} turns`);
      await arm.send('PUT', GROUP, { body: { location: 'westeurope' } });
      const recovery = vaultBody({ createMode: 'recover' });
      if (arm.resources.vault('contoso')) await arm.send('PUT', VAULT, { body: recovery });
      await arm.send('DELETE', VAULT);
      await arm.send(
        'POST',
        VAULT.replace(/resourceGroups.*/, '') +
          'providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/contoso/purge',
      );
    }
  });
}
