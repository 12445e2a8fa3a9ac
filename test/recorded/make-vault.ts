// Makes one vault through Resource Manager, for the replay kit, which runs this once for each
// recording: `make-vault.ts NAME RETENTION_DAYS SKU`. Where and as whom comes from the environment.
// It imports nothing of ours, because it starts some hundred times.
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { argv, env, exit, stderr } from 'node:process';

const [, , name = '', retention = '90', sku = 'standard'] = argv;
const url = new URL(`${env.MAKE_VAULT_GROUP_URL}/providers/Microsoft.KeyVault/vaults/${name}`);
const properties = {
  tenantId: env.REPLAY_TENANT,
  sku: { family: 'A', name: sku },
  enableRbacAuthorization: true,
  softDeleteRetentionInDays: Number(retention),
};
const outgoing = request({
  method: 'PUT',
  host: '127.0.0.1',
  port: url.port,
  servername: url.hostname,
  path: `${url.pathname}?api-version=2023-07-01`,
  ca: readFileSync(env.REPLAY_CA ?? ''),
  headers: {
    host: url.host,
    authorization: `Bearer ${env.REPLAY_MANAGEMENT_TOKEN}`,
    'content-type': 'application/json',
  },
});
outgoing.once('response', (answer) => {
  const made = answer.statusCode === 200 || answer.statusCode === 201;
  if (!made) answer.pipe(stderr);
  else answer.resume();
  answer.once('end', () => exit(made ? 0 : 1));
});
outgoing.end(JSON.stringify({ location: 'westus', properties }));
