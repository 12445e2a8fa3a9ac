// An application as its author would write it for Azure: it has no secret of its own, gets one
// secret from its vault by the identity that its surroundings give it, and prints the value. It
// knows nothing of Strongroom.
import process, { env, stdout } from 'node:process';
import {
  DefaultAzureCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
} from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';

const retryOptions = { maxRetries: 0 };

function credential() {
  const clientId = env.IDENTITY_CLIENT_ID;
  switch (process.argv[2]) {
    case 'default':
      return new DefaultAzureCredential({ retryOptions });
    case 'workload':
      return new WorkloadIdentityCredential({ disableInstanceDiscovery: true, retryOptions });
    default:
      return clientId === undefined
        ? new ManagedIdentityCredential({ retryOptions })
        : new ManagedIdentityCredential({ clientId, retryOptions });
  }
}

const client = new SecretClient(env.VAULT_URL ?? '', credential(), { retryOptions });
stdout.write((await client.getSecret(env.SECRET_NAME ?? '')).value ?? '');
