// `npm run test:clients [NAME…]`: clients of other languages against a served instance. Each suite
// installs what it can; what cannot be installed or run here is named and counted as skipped.
import { rmSync } from 'node:fs';
import process from 'node:process';
import { type Agent, startAgent } from '#test/kit/agent.ts';
import {
  admitToSecrets,
  assignRole,
  createApplication,
  createVault,
  ROLES,
  vaultScope,
} from '#test/kit/estate.ts';
import { type Instance, startInstance, temporaryDirectory } from '#test/kit/instance.ts';
import { startNameProxy } from '#test/kit/name-proxy.ts';
import { Report } from '#test/kit/report.ts';
import { az } from './az.ts';
import { go } from './go.ts';
import { java } from './java.ts';
import { openssl } from './openssl.ts';
import { opensslCertificates } from './openssl-certificates.ts';
import { pebble } from './pebble.ts';
import { python } from './python.ts';
import { rust } from './rust.ts';
import { Proofs } from './sign-in.ts';
import { sops } from './sops.ts';
import type { ClientSuite, Place } from './suite.ts';

/** Of .NET there is no suite yet; it is named, so that nobody takes it for tested. */
const dotnet: ClientSuite = {
  name: '.NET',
  prepare: async () => ({ unavailable: 'there is no program for it yet' }),
};

/** Rows run side by side, the suites of a row one after the other: they share a vault. */
const ROWS: readonly (readonly ClientSuite[])[] = [
  [az, pebble],
  [openssl, opensslCertificates, python, go, java, rust, sops, dotnet],
];

const wanted = process.argv.slice(2).map((name) => name.toLowerCase());
const isWanted = ({ name }: ClientSuite) =>
  wanted.length === 0 || wanted.includes(name.toLowerCase());
const names = ROWS.flat().map(({ name }) => name);
const unknown = wanted.filter((name) => !names.some((known) => known.toLowerCase() === name));
if (unknown.length > 0) {
  process.stderr.write(`no suite is called ${unknown.join()}; there are ${names.join(', ')}\n`);
  process.exit(2);
}
const report = new Report();

/** An application that may do everything with the secrets of a vault that holds one. */
async function preparePlace(instance: Instance, agent: Agent): Promise<Place> {
  const { owner } = instance;
  const application = await createApplication(owner, 'clients');
  const vault = await createVault(owner, { model: 'rbac' });
  await admitToSecrets(owner, application, { name: vault, model: 'rbac' });
  const machine = { objectId: agent.objectId };
  const scope = vaultScope(owner, vault);
  await assignRole(owner, { to: machine, role: ROLES.secretsUser, scope });
  const secretName = 'message';
  const secretValue = 'hello from the vault';
  const written = await application.vault(vault, {
    method: 'PUT',
    path: `/secrets/${secretName}`,
    json: { value: secretValue },
  });
  written.expect(200);
  return {
    instance,
    vaultUrl: instance.vaultUrl(vault),
    caFile: instance.caFile,
    clientId: application.credentials.clientId,
    clientSecret: application.credentials.clientSecret,
    workload: await agent.workload('clients'),
    workloadObjectId: agent.objectId,
    proxy: await startNameProxy(instance),
    secretName,
    secretValue,
    proofs: await Proofs.make(owner, application, vault),
  };
}

async function runSuite(suite: ClientSuite, place: Place): Promise<void> {
  const prepared = await suite.prepare(place).catch((error: unknown) => String(error));
  if (typeof prepared === 'string') {
    report.say('failed', `${suite.name}: is made ready`, prepared);
    return;
  }
  if ('unavailable' in prepared) {
    report.say('skipped', suite.name, prepared.unavailable);
    return;
  }
  for (const one of prepared) {
    const name = `${suite.name}: ${one.name}`;
    if (one.skip !== undefined) {
      report.say('skipped', name, one.skip);
    } else {
      await report.run(name, one.run);
    }
  }
}

/** How fast it starts is tested elsewhere; here compilers may be at work beside it. */
const instance = await startInstance({ readyMsMax: 120_000 });
const directory = temporaryDirectory();
let agent: Agent | undefined;
try {
  agent = await startAgent(instance, { directory, machine: 'clients' });
  const place = await preparePlace(instance, agent);
  const running = ROWS.map(async (suites) => {
    for (const suite of suites.filter(isWanted)) await runSuite(suite, place);
  });
  await Promise.all(running);
} finally {
  await agent?.stop();
  rmSync(directory, { recursive: true, force: true });
  await instance.stop();
}
process.exitCode = report.conclude();
