// Makes one vault through Resource Manager, for the replay kit, which runs this once for each
// recording: `make-vault.ts NAME RETENTION_DAYS SKU`. Where and as whom comes from the environment.
import { randomUUID } from 'node:crypto';
import { argv, env } from 'node:process';
import { Wire } from '#test/kit/wire.ts';

const [, , name = '', retention = '90', sku = 'standard'] = argv;

function setting(variable: string): string {
  const value = env[variable];
  if (value === undefined) throw new Error(`${variable} is not set`);
  return value;
}

const wire = new Wire(setting('REPLAY_CA'));
const answer = await wire.send({
  method: 'PUT',
  url: `${setting('MAKE_VAULT_GROUP_URL')}/providers/Microsoft.KeyVault/vaults/${name}?api-version=2023-07-01`,
  token: setting('REPLAY_MANAGEMENT_TOKEN'),
  headers: { 'x-ms-client-request-id': randomUUID() },
  json: {
    location: 'westus',
    properties: {
      tenantId: setting('REPLAY_TENANT'),
      sku: { family: 'A', name: sku },
      enableRbacAuthorization: true,
      softDeleteRetentionInDays: Number(retention),
    },
  },
});
wire.close();
answer.expect(200, 201);
