// Azure's own JavaScript clients, pointed at a test instance with nothing but the settings that a
// user would make: the authority, no instance discovery at a public cloud, the management endpoint.
import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { KeyVaultManagementClient } from '@azure/arm-keyvault';
import { ClientSecretCredential } from '@azure/identity';
import { KeyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';
import type { Caller } from '#test/kit/caller.ts';
import { type Instance, type StartOptions, startInstance } from '#test/kit/instance.ts';
import { resolveNames } from '#test/kit/resolve-names.ts';

/**
 * Starts an instance whose names resolve and whose authority is trusted throughout this process, in
 * addition to the system's. Certificates and challenges are verified as the clients do by default.
 */
export async function startTrustedInstance(options: StartOptions = {}): Promise<Instance> {
  const instance = await startInstance(options);
  const trusted = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...trusted, readFileSync(instance.caFile, 'utf8')]);
  resolveNames(instance.domain);
  return instance;
}

export interface CredentialOptions {
  /** `adfs` needs no further setting; any other tenant needs instance discovery switched off. */
  readonly tenant?: string;
  readonly clientSecret?: string;
}

export function credential(
  instance: Instance,
  caller: Caller,
  options: CredentialOptions = {},
): ClientSecretCredential {
  const { tenant = instance.tenantId } = options;
  const { clientId, clientSecret } = caller.credentials;
  return new ClientSecretCredential(tenant, clientId, options.clientSecret ?? clientSecret, {
    authorityHost: instance.login,
    ...(tenant !== 'adfs' && { disableInstanceDiscovery: true }),
    retryOptions: { maxRetries: 0 },
  });
}

export function secretClient(
  instance: Instance,
  caller: Caller,
  vault: string,
  options: CredentialOptions = {},
): SecretClient {
  return new SecretClient(instance.vaultUrl(vault), credential(instance, caller, options), {
    retryOptions: { maxRetries: 0 },
  });
}

export function keyClient(
  instance: Instance,
  caller: Caller,
  { name, serviceVersion }: { readonly name: string; readonly serviceVersion?: string },
): KeyClient {
  return new KeyClient(instance.vaultUrl(name), credential(instance, caller), {
    retryOptions: { maxRetries: 0 },
    ...(serviceVersion !== undefined && { serviceVersion }),
  });
}

export function vaultsClient(instance: Instance, caller: Caller): KeyVaultManagementClient {
  return new KeyVaultManagementClient(credential(instance, caller), instance.subscriptionId, {
    endpoint: instance.management,
    retryOptions: { maxRetries: 0 },
  });
}

export function rolesClient(instance: Instance, caller: Caller): AuthorizationManagementClient {
  return new AuthorizationManagementClient(credential(instance, caller), instance.subscriptionId, {
    endpoint: instance.management,
    credentialScopes: `${instance.management}/.default`,
    retryOptions: { maxRetries: 0 },
  });
}

/** Everything a paged answer holds. */
export async function collect<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of pages) items.push(item);
  return items;
}
