// Provokes the errors of managed identities and machines in the management plane.
import { generateKeyPairSync } from 'node:crypto';
import type { Caller } from '#test/kit/caller.ts';
import {
  assignRole,
  createApplication,
  createResourceGroup,
  groupScope,
  ROLES,
} from '#test/kit/estate.ts';
import type { Answer } from '#test/kit/wire.ts';

const APIS = { identities: '2023-01-31', machines: '2024-07-10' };
const IDENTITIES = 'providers/Microsoft.ManagedIdentity/userAssignedIdentities';
const CREDENTIALS_MAX = 20;
const MACHINES_GROUP = 'machines';
const PLACE = { location: 'westeurope' };

export async function provokeIdentities(owner: Caller): Promise<Answer[]> {
  return [...(await provokeUserAssigned(owner)), ...(await provokeMachines(owner))];
}

async function provokeUserAssigned(owner: Caller): Promise<Answer[]> {
  const type = `${groupScope(owner)}/${IDENTITIES}`;
  const send = (method: string, path: string, json?: unknown) =>
    owner.arm({ method, path: `${type}/${path}`, json, apiVersion: APIS.identities });
  (await send('PUT', 'provoked', PLACE)).expect(201);
  const credential = (name: string, subject: string) =>
    send('PUT', `provoked/federatedIdentityCredentials/${name}`, {
      properties: { issuer: 'https://issuer.example', subject, audiences: ['a'] },
    });
  const answers = [
    await send('PUT', 'a', PLACE),
    await send('PUT', 'provoked', { location: '' }),
    await send('PUT', 'provoked', { location: 'eastus' }),
    await send('GET', 'absent'),
    await credential('-', 'x'),
    await credential('one', 'same'),
    await credential('two', 'same'),
  ];
  for (let n = 0; n < CREDENTIALS_MAX; n += 1) answers.push(await credential(`more-${n}`, `${n}`));
  return answers;
}

async function provokeMachines(owner: Caller): Promise<Answer[]> {
  await createResourceGroup(owner, MACHINES_GROUP);
  const scope = groupScope(owner, MACHINES_GROUP);
  const machine = `${scope}/providers/Microsoft.HybridCompute/machines/provoked`;
  const put = (caller: Caller, clientPublicKey: string, identity: object) =>
    caller.arm({
      method: 'PUT',
      path: machine,
      json: { ...PLACE, identity, properties: { clientPublicKey } },
      apiVersion: APIS.machines,
    });
  const contributor = await createApplication(owner, 'registers machines');
  await assignRole(owner, { to: contributor, role: ROLES.contributor, scope });
  const linked = `${groupScope(owner)}/${IDENTITIES}/provoked`;
  const userAssigned = { type: 'UserAssigned', userAssignedIdentities: { [linked]: {} } };
  return [
    await put(owner, 'nonsense', { type: 'None' }),
    await put(owner, newKey(), { type: 'Nonsense' }),
    await put(contributor, newKey(), userAssigned),
    await put(owner, newKey(), { type: 'None' }),
    await put(owner, newKey(), { type: 'None' }),
  ];
}

function newKey(): string {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
}
