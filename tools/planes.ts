// Every plane of the product over an empty store in memory, for tools and tests that read the rows.
import { Authenticator, resourceAudiences } from '#authentication';
import { Authorizer, systemGrant } from '#authorization';
import { endpoints } from '#config';
import { managementPlane } from '#control-plane';
import { vaultPlane } from '#data-plane';
import { Directory } from '#directory';
import { graphPlane, loginPlane, openIdentityLogs } from '#identity-provider';
import { openInstallation } from '#installation';
import { type Access, systemClock as clock, type Method } from '#kernel';
import { pkiPlane } from '#pki';
import { Resources } from '#resources';
import { openMemoryStorage, tenantPartition } from '#storage';

/** A row without its handler. */
export interface RowFacts {
  readonly id: string;
  readonly method: Method;
  readonly path: string;
  readonly access: Access;
  readonly audit: string;
  readonly success: number;
  accepts(apiVersion: string): boolean;
}

export interface PlaneFacts {
  readonly name: string;
  readonly rows: readonly RowFacts[];
}

export async function openPlanes(): Promise<readonly PlaneFacts[]> {
  const storage = await openMemoryStorage();
  const { tenantId } = await openInstallation({
    storage,
    clock,
    domain: 'localhost',
    systemGrant: systemGrant('system/', 'tools'),
    tenantGrant: (id) => systemGrant(tenantPartition(id), 'tools'),
    handOver: () => {},
  });
  const urls = endpoints({ domain: 'localhost', port: 8443 });
  const directory = await Directory.open({ storage, tenantId, clock });
  const resources = await Resources.open({ storage, tenantId });
  const authorizer = await Authorizer.open({ resources, directory });
  const authenticator = new Authenticator({ directory, clock, login: urls.login });
  const audiences = resourceAudiences(urls).vault;
  const logError = () => {};
  const watched = openIdentityLogs({ storage, directory, clock, logError });
  const ports = { ...watched, directory, resources, authorizer, authenticator, clock, tenantId };
  const options = { ...ports, endpoints: urls, audiences };
  const planes = [
    loginPlane(options),
    graphPlane(options),
    managementPlane(options),
    vaultPlane(options),
    pkiPlane({ ...options, authority: { clock, address: urls.pki } }),
  ];
  await storage.close();
  return planes.map(({ name, operations }) => ({
    name,
    rows: operations.map((row) => ({
      id: row.id,
      method: row.method,
      path: row.path,
      access: row.access,
      audit: row.audit,
      success: row.success,
      accepts: (version) => row.versions.accepts(version),
    })),
  }));
}
