// `strongroom serve`: opens what there is, serves until asked to stop, and takes it all down again.
import process from 'node:process';
import { type AuditedRequest, renderAuditEvent, renderSystemEvent, type SystemWork } from '#audit';
import { renderBanner, renderReadyLine } from '#cli';
import { type Config, dataFiles, endpoints } from '#config';
import * as install from '#installation';
import { systemClock as clock } from '#kernel';
import * as server from '#server';
import * as store from '#storage';
import { openEstate } from './estate.ts';
import { backgroundJobs } from './jobs.ts';
import { serveAllPlanes, servePlainPlane } from './planes.ts';
import { asSystem, SYSTEM_PARTITION } from './system.ts';

const files = (config: Config) => dataFiles(config.dataDirectory);

export async function serve(requested: Config): Promise<void> {
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
    audit: async (outcome: AuditedRequest) => {
      await audit.append(renderAuditEvent(outcome));
      estate.logs.record(outcome);
    },
    logError: server.logError,
  };
  const tls = await certificate.load();
  listener.serve({ tls, handlers: serveAllPlanes(estate, pipeline) });
  const plainly = { ...config, ...pipeline, limits: server.defaultLimits };
  const plain = await server.bindPlainListener(plainly, [servePlainPlane(estate, pipeline)]);
  const jobs = server.startJobs(
    backgroundJobs({
      estate,
      audit: (work: SystemWork) => audit.append(renderSystemEvent(work, { timeMs: clock.now() })),
      renewServerCertificate: async () => listener.useCertificate(await certificate.load()),
    }),
    pipeline,
  );
  // Whoever reads the ready line may ask for the end at once.
  const askedToStop = server.untilAskedToStop();
  announce(config, installation);
  await askedToStop;
  await listener.close();
  await plain?.close();
  await jobs.stop();
  await estate.logs.flush();
  await audit.close();
  await storage.close();
}

function announce(config: Config, { tenantId, subscriptionId }: install.Installation): void {
  const { caFile, administratorFile, instanceFile } = files(config);
  const ready = { ...endpoints(config), tenantId, subscriptionId, caFile, administratorFile };
  const line = renderReadyLine(ready);
  install.writeWhole(instanceFile, line, install.PRIVATE_MODE);
  process.stdout.write(config.output === 'json' ? line : renderBanner(ready, config.hsm?.token));
}
