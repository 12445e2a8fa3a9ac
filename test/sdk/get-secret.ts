// An application as its author would write it: it knows its vault, its tenant and its client secret
// from the environment, gets one secret, and prints the value. It knows nothing of Strongroom.
import { env, stdout } from 'node:process';
import { ClientSecretCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';

function setting(name: string): string {
  const value = env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

const tenantId = setting('AZURE_TENANT_ID');
const credential = new ClientSecretCredential(
  tenantId,
  setting('AZURE_CLIENT_ID'),
  setting('AZURE_CLIENT_SECRET'),
  // The authority comes from AZURE_AUTHORITY_HOST, which the client reads by itself.
  tenantId === 'adfs' ? {} : { disableInstanceDiscovery: true },
);
const client = new SecretClient(setting('VAULT_URL'), credential);
const secret = await client.getSecret(setting('SECRET_NAME'));
stdout.write(secret.value ?? '');
