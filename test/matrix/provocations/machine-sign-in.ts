// Provokes the errors that a machine's agent meets.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from '#kernel';
import { createResourceGroup, groupScope } from '#test/kit/estate.ts';
import type { Instance } from '#test/kit/instance.ts';
import type { Answer } from '#test/kit/wire.ts';

const IDENTITIES = 'providers/Microsoft.ManagedIdentity/userAssignedIdentities';
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const PLACE = { location: 'westeurope' };
const IDENTITY = z.object({ id: z.string(), properties: z.object({ clientId: z.guid() }) });

/** A machine with two identities, and what it must not ask. */
export async function provokeMachineSignIn(instance: Instance): Promise<Answer[]> {
  const { owner, wire, login, tenantId, vaultSuffix } = instance;
  await createResourceGroup(owner);
  const makeIdentity = async (name: string) => {
    const path = `${groupScope(owner)}/${IDENTITIES}/${name}`;
    const made = await owner.arm({ method: 'PUT', path, json: PLACE, apiVersion: '2023-01-31' });
    return made.expect(201).read(IDENTITY);
  };
  const ids = [(await makeIdentity('first')).id, (await makeIdentity('second')).id];
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const machine = `${groupScope(owner)}/providers/Microsoft.HybridCompute/machines/asks`;
  const registered = await owner.arm({
    method: 'PUT',
    path: machine,
    json: {
      ...PLACE,
      identity: {
        type: 'UserAssigned',
        userAssignedIdentities: Object.fromEntries(ids.map((id) => [id, {}])),
      },
      properties: {
        clientPublicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
      },
    },
    apiVersion: '2024-07-10',
  });
  registered.expect(201);
  const url = `${login}/${tenantId}/oauth2/managed-identity/token`;
  const ask = async (form: Record<string, string>) => {
    const assertion = await new SignJWT({ jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(machine)
      .setSubject(machine)
      .setAudience(url)
      .setIssuedAt()
      .setExpirationTime('2m')
      .sign(privateKey);
    const known = { client_assertion_type: JWT_BEARER, client_assertion: assertion };
    const resource = `https://${vaultSuffix.slice(1)}`;
    return wire.send({ method: 'POST', url, form: { ...known, resource, ...form } });
  };
  return [
    await ask({}),
    await ask({ client_assertion: 'x.y.z' }),
    await ask({ client_id: randomUUID() }),
    await ask({ client_id: randomUUID(), object_id: randomUUID() }),
  ];
}
