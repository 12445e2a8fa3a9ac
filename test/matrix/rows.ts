// Every operation row of every plane, as the composition root would serve them, over memory
// storage: only to be read, not to be called.
import { Authenticator, resourceAudiences } from '#authentication';
import { Authorizer, systemGrant } from '#authorization';
import { endpoints, loadConfig } from '#config';
import { managementPlane } from '#control-plane';
import { vaultPlane } from '#data-plane';
import { Directory } from '#directory';
import { graphPlane, loginPlane, openIdentityLogs } from '#identity-provider';
import { openInstallation } from '#installation';
import { systemClock as clock, type Operation } from '#kernel';
import { pkiPlane } from '#pki';
import { Resources } from '#resources';
import { openMemoryStorage, tenantPartition } from '#storage';

export interface Row extends Omit<Operation<never>, 'prepare'> {
  readonly plane: string;
}

export async function loadRows(): Promise<readonly Row[]> {
  const storage = await openMemoryStorage();
  const { tenantId } = await openInstallation({
    storage,
    clock,
    domain: 'localhost',
    systemGrant: systemGrant('system/', 'rows'),
    tenantGrant: (tenant) => systemGrant(tenantPartition(tenant), 'rows'),
    handOver: async () => {},
  });
  const urls = endpoints(loadConfig({ flags: {}, environment: {} }));
  const directory = await Directory.open({ storage, tenantId, clock });
  const resources = await Resources.open({ storage, tenantId });
  const authorizer = await Authorizer.open({ resources, directory });
  const authenticator = new Authenticator({ directory, clock, login: urls.login });
  const logError = () => {};
  const watched = openIdentityLogs({ storage, directory, clock, logError });
  const ports = { ...watched, directory, resources, authorizer, authenticator, clock, tenantId };
  const estate = { ...ports, endpoints: urls, audiences: resourceAudiences(urls).vault };
  const vaults = vaultPlane(estate);
  const planes = [
    vaults,
    managementPlane({ ...estate, vaultOperations: vaults.operations }),
    loginPlane(estate),
    graphPlane(estate),
    pkiPlane({ ...estate, authority: { clock, address: urls.pki } }),
  ];
  return planes.flatMap(({ name, operations }) =>
    operations.map(({ prepare: _unused, ...row }) => ({ ...row, plane: name })),
  );
}
