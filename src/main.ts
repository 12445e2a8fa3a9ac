// The composition root: opens what there is, hands each module its ports, and takes it all down
// again. The only file that may import every module; it holds no rules of its own.
import process from 'node:process';
import { type AuditedRequest, renderAuditEvent, renderSystemEvent, type SystemWork } from '#audit';
import { Authenticator, resourceAudiences } from '#authentication';
import { Authorizer, systemGrant } from '#authorization';
import { buildProgram, renderBanner, renderReadyLine } from '#cli';
import { type Config, dataFiles, endpoints } from '#config';
import { managementPlane, scheduleExpiryJob, vaultPurgeJob } from '#control-plane';
import { dueWorkJob, purgeJob, vaultPlane } from '#data-plane';
import { Directory, maintainSigningKeys } from '#directory';
import { graphPlane, loginPlane, purgeExpiredSignIns } from '#identity-provider';
import * as install from '#installation';
import { systemClock as clock } from '#kernel';
import { Resources } from '#resources';
import * as server from '#server';
import * as store from '#storage';

const HOUR_MS = 3_600_000;
const SYSTEM_PARTITION = 'system/';
const files = (config: Config) => dataFiles(config.dataDirectory);
const asSystem = (partition: string) => systemGrant(partition, 'Strongroom/system');

async function serve(requested: Config): Promise<void> {
  const { host } = requested;
  // What is wrong is said before anything is made.
  install.readOwnCertificate(requested);
  const listener = await server.bindListener({
    host,
    port: requested.port,
    limits: server.defaultLimits,
    clock,
    logError: server.logError,
  });
  // From here on the real port stands in every URL, also when any free one was asked for.
  const config: Config = { ...requested, port: listener.port };
  try {
    await serveOn(listener, config);
  } catch (error) {
    await listener.close();
    throw error;
  }
}

async function serveOn(listener: server.Listener, config: Config): Promise<void> {
  const storage = await store.openStorage({
    physical: await store.sqlitePhysical({ directory: config.dataDirectory }),
    keyring: install.chooseSeal(config.seal),
    clock,
  });
  const installation = await install.openInstallation({
    storage,
    clock,
    domain: config.domain,
    systemGrant: asSystem(SYSTEM_PARTITION),
    tenantGrant: (tenantId) => asSystem(store.tenantPartition(tenantId)),
    handOver: install.handOver(config, clock),
  });
  const audit = await install.openAuditLog({ config, installation, clock, isUsed: true });
  const estate = await openEstate(storage, installation, config);
  const certificate = install.serverTls({
    view: storage.view(asSystem(SYSTEM_PARTITION)),
    config,
    caFile: files(config).caFile,
    clock,
  });
  const pipeline = {
    clock,
    audit: (outcome: AuditedRequest) => audit.append(renderAuditEvent(outcome)),
    logError: server.logError,
  };
  const vaults = vaultPlane(estate);
  listener.serve({
    tls: await certificate.load(),
    handlers: [
      server.servePlane(vaults, pipeline),
      server.servePlane(loginPlane({ ...estate, fetchJson: server.fetchJson }), pipeline),
      server.servePlane(
        managementPlane({ ...estate, vaultOperations: vaults.operations }),
        pipeline,
      ),
      server.servePlane(graphPlane(estate), pipeline),
    ],
  });
  const renewalJob: server.Job = {
    name: 'renew the server certificate',
    everyMs: 12 * HOUR_MS,
    run: async () => listener.useCertificate(await certificate.load()),
  };
  const dueJob = dueWorkJob({
    ...estate,
    audit: (work: SystemWork) => audit.append(renderSystemEvent(work, { timeMs: clock.now() })),
    logError: server.logError,
  });
  const jobs = server.startJobs([...estate.jobs, renewalJob, dueJob], pipeline);
  // Whoever reads the ready line may ask for the end at once.
  const askedToStop = server.untilAskedToStop();
  announce(config, installation);
  await askedToStop;
  await listener.close();
  await jobs.stop();
  await audit.close();
  await storage.close();
}

async function openEstate(
  storage: store.Storage,
  { tenantId }: install.Installation,
  config: Config,
) {
  const urls = endpoints(config);
  const hsm = await install.openHsm(config.hsm);
  const directory = await Directory.open({ storage, tenantId, clock });
  const resources = await Resources.open({ storage, tenantId });
  const authorizer = await Authorizer.open({ resources, directory });
  const authenticator = new Authenticator({ directory, clock, login: urls.login });
  const ports = { storage, directory, resources, authorizer, authenticator, clock, tenantId };
  const tenant = storage.view(asSystem(store.tenantPartition(tenantId)));
  const rotate = async () => void (await maintainSigningKeys(tenant, clock));
  const keyJob = { name: 'rotate token signing keys', everyMs: HOUR_MS, run: rotate };
  const forget = async () => void (await purgeExpiredSignIns(tenant, clock));
  const signInJob = { name: 'forget expired sign-ins', everyMs: 24 * HOUR_MS, run: forget };
  const jobs = [keyJob, signInJob, purgeJob(ports), vaultPurgeJob(ports), scheduleExpiryJob(ports)];
  const attestationAuthorities = install.readAttestationAuthorities(config);
  return {
    ...{ ...ports, jobs, attestationAuthorities, endpoints: urls },
    ...(hsm && { hsm }),
    audiences: resourceAudiences(urls).vault,
  };
}

function announce(config: Config, { tenantId, subscriptionId }: install.Installation): void {
  const { caFile, administratorFile, instanceFile } = files(config);
  const ready = { ...endpoints(config), tenantId, subscriptionId, caFile, administratorFile };
  const line = renderReadyLine(ready);
  install.writeWhole(instanceFile, line, install.PRIVATE_MODE);
  process.stdout.write(config.output === 'json' ? line : renderBanner(ready, config.hsm?.token));
}

await buildProgram({
  serve,
  auditKey: (config) =>
    install.readAuditKey({ config, systemGrant: asSystem(SYSTEM_PARTITION), clock }),
  describeFailure: install.describeStartFailure,
}).parseAsync();
