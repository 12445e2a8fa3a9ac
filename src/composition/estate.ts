// What lives as long as the process, opened in the order in which one needs the other, and handed
// to the planes as their ports.
import { Authenticator, resourceAudiences } from '#authentication';
import { Authorizer } from '#authorization';
import { type AcmePorts, acmeProvider, strongroomProvider } from '#certificate-authority';
import { type Config, endpoints } from '#config';
import { DueSoon } from '#data-plane';
import { Directory } from '#directory';
import { openIdentityLogs } from '#identity-provider';
import { type Installation, openHsm, readAttestationAuthorities } from '#installation';
import { systemClock as clock } from '#kernel';
import { Resources } from '#resources';
import { jsonFetcher, logError, sendHttps, smtpMailer } from '#server';
import { type Storage, tenantPartition } from '#storage';
import { asSystem } from './system.ts';

export type Estate = Awaited<ReturnType<typeof openEstate>>;

export async function openEstate(storage: Storage, { tenantId }: Installation, config: Config) {
  const urls = endpoints(config);
  const hsm = await openHsm(config.hsm, clock);
  const directory = await Directory.open({ storage, tenantId, clock });
  const resources = await Resources.open({ storage, tenantId });
  const authorizer = await Authorizer.open({ resources, directory });
  const watched = openIdentityLogs({ storage, directory, clock, logError });
  const authenticator = new Authenticator({ directory, clock, login: urls.login });
  const authority = { clock, address: urls.pki };
  const tenant = storage.view(asSystem(tenantPartition(tenantId)));
  return {
    ...{ ...watched, directory, resources, authorizer, authenticator, clock, tenantId },
    fetchJson: jsonFetcher({ reach: config.issuerReach }),
    ...(hsm && { hsm }),
    attestationAuthorities: readAttestationAuthorities(config),
    endpoints: urls,
    authority,
    issuerProviders: [
      strongroomProvider(tenant, authority),
      acmeProvider(tenant, acmePorts(config)),
    ],
    soon: new DueSoon(),
    ...(config.smtp && { mailer: smtpMailer(config.smtp) }),
    /** Values of `aud` that vaults accept. */
    audiences: resourceAudiences(urls).vault,
  };
}

function acmePorts({ acme }: Config): AcmePorts | undefined {
  if (acme === undefined) return undefined;
  const { directory, dnsWebhook } = acme;
  const token = dnsWebhook?.readToken();
  return {
    clock,
    send: sendHttps,
    directory,
    ...(dnsWebhook && {
      dnsWebhook: { url: dnsWebhook.url, ...(token !== undefined && { token }) },
    }),
  };
}
