// Provokes the errors of Microsoft Graph.
import { randomUUID } from 'node:crypto';
import { z } from '#kernel';
import { createApplication } from '#test/kit/estate.ts';
import type { Answer } from '#test/kit/wire.ts';
import type { Estate } from '../call-row.ts';

const OBJECT = z.object({ id: z.guid(), appId: z.guid().optional() });

export async function provokeGraph({ instance }: Estate): Promise<Answer[]> {
  const { owner } = instance;
  const send = (method: string, path: string, json?: unknown) =>
    owner.graph({ method, path, json });
  const application = await send('POST', '/applications', { displayName: 'provoked' });
  const { id, appId } = application.expect(201).read(OBJECT);
  (await send('POST', '/servicePrincipals', { appId })).expect(201);
  const group = await send('POST', '/groups', {
    displayName: 'group',
    mailEnabled: false,
    mailNickname: 'group',
    securityEnabled: true,
  });
  const groupId = group.expect(201).read(OBJECT).id;
  const members = `/groups/${groupId}/members/$ref`;
  const member = { '@odata.id': `${instance.graph}/v1.0/directoryObjects/${owner.objectId}` };
  (await send('POST', members, member)).expect(204);
  const uris = { identifierUris: [`api://${appId}`] };
  (await send('PATCH', `/applications/${id}`, uris)).expect(204);
  const appRole = {
    id: randomUUID(),
    value: 'Worker',
    displayName: 'Worker',
    description: 'Works',
    allowedMemberTypes: ['Application'],
    isEnabled: true,
  };
  (await send('PATCH', `/applications/${id}`, { appRoles: [appRole] })).expect(204);
  const stranger = await createApplication(owner, 'stranger to graph');
  const domain = instance.administrator.userPrincipalName.split('@')[1];
  const user = (password: string) => ({
    accountEnabled: true,
    displayName: 'user',
    mailNickname: 'user',
    userPrincipalName: `user@${domain}`,
    passwordProfile: { password },
  });
  return [
    await send('GET', '/me'),
    await send('GET', '/applications?$filter=nonsense'),
    await send('GET', `/applications?$filter=${encodeURIComponent("displayName ne 'x'")}`),
    await send('GET', `/groups/${groupId}/members/nonsense`),
    await send('POST', '/applications', {}),
    await send('POST', '/applications', { displayName: 'x', ...uris }),
    await send('PATCH', `/applications/${id}`, { displayName: '' }),
    await send('PATCH', `/applications/${id}`, { appRoles: [] }),
    await send('POST', `/applications/${id}/addPassword`, {
      passwordCredential: { endDateTime: '2000-01-01T00:00:00Z' },
    }),
    await send('POST', `/applications/${id}/removePassword`, { keyId: randomUUID() }),
    await send('POST', '/servicePrincipals', { appId: randomUUID() }),
    await send('POST', '/servicePrincipals', { appId }),
    await send('POST', members, member),
    await send('POST', '/users', user('short')),
    await send('GET', `/applications/${randomUUID()}`),
    await stranger.graph({ method: 'DELETE', path: `/applications/${id}` }),
  ];
}
