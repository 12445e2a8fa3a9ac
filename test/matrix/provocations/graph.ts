// Provokes the errors of Microsoft Graph.
import { randomUUID } from 'node:crypto';
import { z } from '#kernel';
import { createApplication } from '#test/kit/estate.ts';
import type { Answer } from '#test/kit/wire.ts';
import type { Estate } from '../call-row.ts';

const OBJECT = z.object({ id: z.guid(), appId: z.guid().optional() });

const GLOBAL_ADMINISTRATOR = '62e90394-69f5-4237-9190-012177145e10';
const KNOWN_PASSWORD = {
  passwordProfile: { password: 'Correct-Horse-7', forceChangePasswordNextSignIn: false },
};

type Send = (method: string, path: string, json?: unknown) => Promise<Answer>;

/** Takes the role from the others for a moment, so that the caller is the last to have it. */
async function provokeLastAdministrator(send: Send, caller: string): Promise<Answer> {
  const path = '/roleManagement/directory/roleAssignments';
  const listed = await send('GET', path);
  const { value } = listed.expect(200).read(z.object({ value: z.array(ASSIGNMENT) }));
  const holders = value.filter((one) => one.roleDefinitionId === GLOBAL_ADMINISTRATOR);
  const others = holders.filter(({ principalId }) => principalId !== caller);
  for (const { id } of others) (await send('DELETE', `${path}/${id}`)).expect(204);
  const answer = await send('DELETE', `${path}/${GLOBAL_ADMINISTRATOR}.${caller}`);
  for (const { principalId, roleDefinitionId } of others) {
    (await send('POST', path, { principalId, roleDefinitionId })).expect(201);
  }
  return answer;
}

const ASSIGNMENT = z.object({
  id: z.string(),
  principalId: z.string(),
  roleDefinitionId: z.string(),
});

export async function provokeGraph({ instance }: Estate): Promise<Answer[]> {
  const { owner } = instance;
  const send: Send = (method, path, json) => owner.graph({ method, path, json });
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
  const { wire } = instance;
  await send('POST', '/users', { ...user('Correct-Horse-7'), ...KNOWN_PASSWORD });
  const signedIn = await wire.send({
    method: 'POST',
    url: `${instance.login}/${instance.tenantId}/oauth2/v2.0/token`,
    form: {
      grant_type: 'password',
      client_id: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
      username: `user@${domain}`,
      password: KNOWN_PASSWORD.passwordProfile.password,
      scope: `${instance.graph}/.default`,
    },
  });
  const { access_token: token } = signedIn.expect(200).read(z.object({ access_token: z.string() }));
  const passwords = { currentPassword: 'wrong', newPassword: 'Correct-Horse-8' };
  const assignment = {
    principalId: owner.objectId,
    resourceId: owner.objectId,
    appRoleId: randomUUID(),
  };
  const grant = {
    clientId: owner.objectId,
    consentType: 'AllPrincipals',
    resourceId: owner.objectId,
    scope: 'x',
  };
  (await send('POST', '/oauth2PermissionGrants', grant)).expect(201);
  const roleAssignments = '/roleManagement/directory/roleAssignments';
  const lastOne = await provokeLastAdministrator(send, owner.objectId);
  return [
    lastOne,
    await send('POST', `/servicePrincipals/${owner.objectId}/appRoleAssignments`, assignment),
    await send('POST', '/oauth2PermissionGrants', grant),
    await send('POST', roleAssignments, {
      principalId: groupId,
      roleDefinitionId: GLOBAL_ADMINISTRATOR,
    }),
    await wire.send({
      method: 'POST',
      url: `${instance.graph}/v1.0/me/changePassword`,
      token,
      json: passwords,
    }),
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
    await send('POST', `/applications/${id}/removeKey`, { keyId: randomUUID(), proof: 'x' }),
    await send('POST', `/applications/${id}/addKey`, {
      keyCredential: { type: 'AsymmetricX509Cert', usage: 'Verify', key: 'AAAA' },
      proof: 'x',
    }),
    await send('POST', '/servicePrincipals', { appId: randomUUID() }),
    await send('POST', '/servicePrincipals', { appId }),
    await send('POST', members, member),
    await send('POST', '/users', user('short')),
    await send('GET', `/applications/${randomUUID()}`),
    await stranger.graph({ method: 'DELETE', path: `/applications/${id}` }),
  ];
}
