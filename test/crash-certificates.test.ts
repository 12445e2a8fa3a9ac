// The server is killed while certificates are pending, some of them just being signed. Afterwards
// each is completed, once.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { z } from '#kernel';
import { readAudit } from '#test/kit/audit.ts';
import { admitToSecrets, createVault } from '#test/kit/estate.ts';
import {
  type Instance,
  runCommand,
  startInstance,
  temporaryDirectory,
} from '#test/kit/instance.ts';

const CERTIFICATES = 40;
const ROUNDS = 3;
const MODEL = { model: 'rbac' } as const;
const PENDING = z.object({ status: z.string(), request_id: z.string() });
const LIST = z.object({ value: z.array(z.object({ id: z.string() }).or(z.unknown())) });

const dataDirectory = temporaryDirectory();
let instance: Instance | undefined;

after(async () => {
  await instance?.kill();
  rmSync(dataDirectory, { recursive: true, force: true });
});

/** Gives the ids of the requests that were acknowledged, by certificate. */
async function createUntilKilled({ owner }: Instance, vault: string, names: readonly string[]) {
  const acknowledged = new Map<string, string>();
  const create = async (name: string): Promise<void> => {
    const x509_props = { subject: `CN=${name}` };
    const policy = { key_props: { kty: 'EC' }, x509_props, issuer: { name: 'Self' } };
    const path = `/certificates/${name}/create`;
    const sent = owner.vault(vault, { method: 'POST', path, json: { policy } });
    const answer = await sent.catch(() => undefined);
    const id = answer?.expect(202).read(PENDING).request_id;
    if (id !== undefined) acknowledged.set(name, id);
  };
  await Promise.all(names.map(create));
  return acknowledged;
}

/** Asks until it is no longer in progress; `undefined`: there is none. */
async function endOf({ owner }: Instance, vault: string, name: string) {
  for (;;) {
    const answer = await owner.vault(vault, { path: `/certificates/${name}/pending` });
    if (answer.status === 404) return undefined;
    const pending = answer.expect(200).read(PENDING);
    if (pending.status !== 'inProgress') return pending;
  }
}

async function countVersions({ owner }: Instance, vault: string, path: string): Promise<number> {
  const answer = await owner.vault(vault, { path: `${path}/versions` });
  return answer.expect(200).read(LIST).value.length;
}

async function requireCompletedOnce(
  served: Instance,
  vault: string,
  { name, requestId }: { readonly name: string; readonly requestId: string | undefined },
): Promise<void> {
  const end = await endOf(served, vault, name);
  // What was not acknowledged may be there or not.
  if (end === undefined && requestId === undefined) return;
  assert.equal(end?.status, 'completed', name);
  if (requestId !== undefined) assert.equal(end.request_id, requestId);
  for (const kind of ['certificates', 'keys', 'secrets']) {
    assert.equal(await countVersions(served, vault, `/${kind}/${name}`), 1, `${kind}/${name}`);
  }
}

test('what was pending when the server was killed is completed once', async () => {
  let served = await startInstance({ dataDirectory });
  instance = served;
  const vault = await createVault(served.owner, MODEL);
  await admitToSecrets(served.owner, served.owner, { name: vault, ...MODEL });
  for (let round = 0; round < ROUNDS; round += 1) {
    const names = Array.from({ length: CERTIFICATES }, (_, index) => `round-${round}-${index}`);
    const creating = createUntilKilled(served, vault, names);
    // In the last round before anything is signed, in the others as soon as one is.
    const isLate = round < ROUNDS - 1;
    const acknowledged = isLate ? await creating : undefined;
    if (isLate) await endOf(served, vault, names[0] ?? '');
    else await Promise.race([creating, served.owner.vault(vault, { path: '/certificates' })]);
    await served.kill();
    const known = acknowledged ?? (await creating);
    served = await startInstance({ dataDirectory });
    instance = served;
    for (const name of names) {
      await requireCompletedOnce(served, vault, { name, requestId: known.get(name) });
    }
  }
  await served.stop();
  const enrolled = readAudit(served)
    .filter(({ operationName }) => operationName === 'CertificateEnroll')
    .map(({ properties }) => properties.id);
  assert.equal(new Set(enrolled).size, enrolled.length, 'nothing is told twice');
  const verified = await runCommand(['audit', 'verify', '--data-dir', dataDirectory]);
  assert.equal(verified.code, 0, verified.stderr);
});
