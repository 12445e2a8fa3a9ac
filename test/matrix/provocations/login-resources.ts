// Provokes the refusals that concern own applications as resources, and on-behalf-of.
import { randomUUID } from 'node:crypto';
import { z } from '#kernel';
import { createApplication } from '#test/kit/estate.ts';
import { consentForAll } from '#test/kit/identities.ts';
import type { Instance } from '#test/kit/instance.ts';
import type { Answer } from '#test/kit/wire.ts';

const MICROSOFT_GRAPH = '00000003-0000-0000-c000-000000000000';
const AZURE_CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const OBJECTS = z.object({ value: z.array(z.object({ id: z.guid() })) });
const TOKEN = z.object({ access_token: z.string() });

export async function provokeResources({ wire, login, owner, tenantId }: Instance) {
  const service = await createApplication(owner, 'service');
  const { clientId, clientSecret, objectId } = service.credentials;
  const uri = `api://${clientId}`;
  const scopeId = randomUUID();
  const scopes = ['call', 'ask'].map((value, at) => ({
    id: at === 0 ? scopeId : randomUUID(),
    value,
    isEnabled: true,
  }));
  const filter = encodeURIComponent(`appId eq '${clientId}'`);
  const found = await owner.graph({ path: `/applications?$filter=${filter}` });
  const exposed = await owner.graph({
    method: 'PATCH',
    path: `/applications/${found.read(OBJECTS).value[0]?.id}`,
    json: {
      identifierUris: [uri],
      api: {
        oauth2PermissionScopes: scopes,
        preAuthorizedApplications: [{ appId: AZURE_CLI, delegatedPermissionIds: [scopeId] }],
      },
    },
  });
  exposed.expect(204);
  const token = (form: Record<string, string>) =>
    wire.send({ method: 'POST', url: `${login}/${tenantId}/oauth2/v2.0/token`, form });
  const person = { grant_type: 'password', client_id: AZURE_CLI, ...(await createPerson(owner)) };
  const asService = { client_id: clientId, client_secret: clientSecret };
  const required = async (appRoleAssignmentRequired: boolean) => {
    const path = `/servicePrincipals/${objectId}`;
    const json = { appRoleAssignmentRequired };
    (await owner.graph({ method: 'PATCH', path, json })).expect(204);
  };

  await required(true);
  const app = { ...asService, grant_type: 'client_credentials', scope: `${uri}/.default` };
  const answers = [await token(app), await token({ ...person, scope: `${uri}/call` })];
  await required(false);
  const ofApp = (await token(app)).expect(200).read(TOKEN).access_token;
  const signedIn = await token({ ...person, scope: `${uri}/call` });
  const ofPerson = signedIn.expect(200).read(TOKEN).access_token;
  const passing = { ...asService, grant_type: GRANT, scope: `${owner.endpoints.graph}/.default` };
  const passOn = (assertion: string, use = 'on_behalf_of') =>
    token({ ...passing, assertion, requested_token_use: use });
  const resourceAppId = MICROSOFT_GRAPH;
  await consentForAll(owner, service, { resourceAppId, scope: 'user_impersonation' });
  const passedOn = (await passOn(ofPerson)).expect(200).read(TOKEN).access_token;
  return [
    ...answers,
    await token({ ...person, scope: `${uri}/ask` }),
    await token({ ...person, scope: `${uri}/absent` }),
    await passOn(ofPerson, 'logon'),
    await passOn('nonsense'),
    await passOn(passedOn),
    await passOn(ofApp),
  ] satisfies Answer[];
}

async function createPerson(owner: Instance['owner']) {
  const domains = await owner.graph({ path: '/organization' });
  const shape = z.object({
    value: z.array(z.object({ verifiedDomains: z.array(z.object({ name: z.string() })) })),
  });
  const domain = domains.read(shape).value[0]?.verifiedDomains[0]?.name;
  const [username, password] = [`caller@${domain}`, 'A-long-enough-1-password'];
  const json = {
    accountEnabled: true,
    displayName: 'Caller',
    mailNickname: 'caller',
    userPrincipalName: username,
    passwordProfile: { password, forceChangePasswordNextSignIn: false },
  };
  (await owner.graph({ method: 'POST', path: '/users', json })).expect(201);
  return { username, password };
}
