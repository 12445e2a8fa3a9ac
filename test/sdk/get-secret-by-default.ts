// An application whose author wrote no word about how it signs in: it takes whatever credential its
// environment holds, gets one secret, and prints the value.
import { env, stdout } from 'node:process';
import { DefaultAzureCredential, EnvironmentCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';

const { VAULT_URL = '', SECRET_NAME = '', CREDENTIAL } = env;
const credential =
  CREDENTIAL === 'environment' ? new EnvironmentCredential() : new DefaultAzureCredential();
const secret = await new SecretClient(VAULT_URL, credential).getSecret(SECRET_NAME);
stdout.write(secret.value ?? '');
