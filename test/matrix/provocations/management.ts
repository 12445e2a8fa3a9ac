// Provokes the errors of the management plane.
import { randomUUID } from 'node:crypto';
import { z } from '#kernel';
import { ARM_VERSIONS, type Caller } from '#test/kit/caller.ts';
import {
  assignRole,
  createApplication,
  createVault,
  groupScope,
  newVaultName,
  ROLES,
  vaultScope,
} from '#test/kit/estate.ts';
import type { Answer } from '#test/kit/wire.ts';
import type { Estate } from '../call-row.ts';
import { provokeCertificateAuthority } from './certificate-authority.ts';
import { provokeIdentities } from './identities.ts';

const AUTHORIZATION = '/providers/Microsoft.Authorization';
const SCHEDULES = '2020-10-01';

export async function provokeManagement(estate: Estate): Promise<Answer[]> {
  const { owner } = estate.instance;
  return [
    ...(await provokeContainers(owner)),
    ...(await provokeVaults(owner)),
    ...(await provokeRoles(owner)),
    ...(await provokeSchedules(owner)),
    ...(await provokeIdentities(owner)),
    ...(await provokeCertificateAuthority(owner)),
  ];
}

async function provokeContainers(owner: Caller): Promise<Answer[]> {
  const { subscriptionId } = owner.endpoints;
  const apiVersion = ARM_VERSIONS.resources;
  const send = (method: string, path: string, json?: unknown) =>
    owner.arm({ method, path, json, apiVersion });
  const subscription = `/subscriptions/${subscriptionId}`;
  const groups = '/providers/Microsoft.Management/managementGroups';
  return [
    await send('GET', `/subscriptions/${randomUUID()}`),
    await send('GET', `${subscription}/providers/Microsoft.Absent`),
    await send('GET', `${AUTHORIZATION}/providerOperations/Microsoft.Absent`),
    await send('GET', `${subscription}/resourceGroups/absent-group`),
    await send('PUT', `${subscription}/resourceGroups/ends-with.`, { location: 'westeurope' }),
    await send('PUT', groupScope(owner), { location: 'eastus' }),
    await send('GET', `${subscription}/operationresults/absent`),
    await send('GET', `${groups}/absent`),
    await send('DELETE', `${groups}/${owner.endpoints.tenantId}`),
    await send('PUT', `${groups}/one`, { properties: { details: { parent: { id: 'absent' } } } }),
    await send('PUT', `${groups}/.`, {}),
  ];
}

async function provokeVaults(owner: Caller): Promise<Answer[]> {
  const { tenantId } = owner.endpoints;
  const properties = { tenantId, sku: { family: 'A', name: 'standard' }, accessPolicies: [] };
  const put = (name: string, location = 'westeurope', group = 'tests') =>
    owner.arm({
      method: 'PUT',
      path: vaultScope(owner, name, group),
      json: { location, properties },
    });
  const name = await createVault(owner, { model: 'policy', resourceGroup: 'other-tests' });
  const kept = await createVault(owner, {
    model: 'policy',
    properties: { enablePurgeProtection: true },
  });
  const locations = `/subscriptions/${owner.endpoints.subscriptionId}/providers/Microsoft.KeyVault/locations/westeurope`;
  const answers = [
    await put('1-'),
    await put(name),
    await put(kept, 'eastus'),
    await owner.arm({ path: vaultScope(owner, newVaultName()) }),
    await owner.arm({ path: `${locations}/deletedVaults/absent-vault` }),
    await owner.arm({ path: `${locations}/operationResults/absent` }),
  ];
  await owner.arm({ method: 'DELETE', path: vaultScope(owner, kept) });
  answers.push(await put(kept));
  const purge = `${locations}/deletedVaults/${kept}/purge`;
  answers.push(await owner.arm({ method: 'POST', path: purge }));
  const contributor = await createApplication(owner, 'contributor');
  const scope = vaultScope(owner, name, 'other-tests');
  await assignRole(owner, { to: contributor, role: ROLES.contributor, scope });
  const json = { properties: { enableRbacAuthorization: true } };
  answers.push(await contributor.arm({ method: 'PATCH', path: scope, json }));
  return answers;
}

async function provokeRoles(owner: Caller): Promise<Answer[]> {
  const scope = groupScope(owner);
  const apiVersion = ARM_VERSIONS.authorization;
  const send = (method: string, path: string, json?: unknown) =>
    owner.arm({ method, path: `${scope}${AUTHORIZATION}${path}`, json, apiVersion });
  const principalId = (await createApplication(owner, 'assigned')).objectId;
  const assign = (name: string, principal: string, role: string) =>
    send('PUT', `/roleAssignments/${name}`, {
      properties: {
        principalId: principal,
        principalType: 'ServicePrincipal',
        roleDefinitionId: `${AUTHORIZATION}/roleDefinitions/${role}`,
      },
    });
  const define = (name: string, roleName: string, assignableScopes: readonly string[]) =>
    send('PUT', `/roleDefinitions/${name}`, {
      properties: {
        roleName,
        type: 'CustomRole',
        description: '',
        permissions: [{ actions: ['Microsoft.KeyVault/vaults/read'], notActions: [] }],
        assignableScopes,
      },
    });
  const name = randomUUID();
  const role = randomUUID();
  (await assign(name, principalId, ROLES.reader)).expect(201);
  (await define(role, 'Custom', [scope])).expect(201);
  (await assign(randomUUID(), principalId, role)).expect(201);
  return [
    await assign(randomUUID(), principalId, ROLES.reader),
    await assign(randomUUID(), randomUUID(), ROLES.reader),
    await assign(randomUUID(), principalId, randomUUID()),
    await assign(name, owner.objectId, ROLES.contributor),
    await send('GET', `/roleAssignments/${randomUUID()}`),
    await send('GET', '/roleAssignments?$filter=nonsense'),
    await send('GET', `/denyAssignments/${randomUUID()}`),
    await send('GET', '/roleDefinitions/not-a-guid'),
    await define(ROLES.reader, 'Another', [scope]),
    await define(randomUUID(), 'Custom', [scope]),
    await define(randomUUID(), '', [scope]),
    await define(randomUUID(), 'Nowhere', []),
    await send('DELETE', `/roleDefinitions/${role}`),
  ];
}

const REQUEST = z.object({ name: z.string() });

/** Eligibility and activation of roles. */
async function provokeSchedules(owner: Caller): Promise<Answer[]> {
  const scope = groupScope(owner);
  const requests = `${scope}${AUTHORIZATION}/roleEligibilityScheduleRequests`;
  const send = (method: string, path: string, json?: unknown) =>
    owner.arm({ method, path, json, apiVersion: SCHEDULES });
  const { userId } = await createUser(owner);
  const request = (changes: object) => ({
    properties: {
      principalId: userId,
      roleDefinitionId: `${scope}${AUTHORIZATION}/roleDefinitions/${ROLES.secretsUser}`,
      requestType: 'AdminAssign',
      justification: 'tests',
      scheduleInfo: {
        startDateTime: new Date().toISOString(),
        expiration: { type: 'AfterDuration', duration: 'P30D' },
      },
      ...changes,
    },
  });
  const put = (name: string, changes: object) =>
    send('PUT', `${requests}/${name}`, request(changes));
  const name = randomUUID();
  const made = (await put(name, {})).expect(201).read(REQUEST);
  const odd = { startDateTime: '2026-01-01', expiration: { type: 'AfterDuration' } };
  const endless = { expiration: { type: 'AfterDuration', duration: 'P9999D' } };
  return [
    await put(name, { justification: 'again' }),
    await put(name, {
      roleDefinitionId: `${scope}${AUTHORIZATION}/roleDefinitions/${ROLES.administrator}`,
    }),
    await put(randomUUID(), {}),
    await put(randomUUID(), {
      requestType: 'AdminRemove',
      roleDefinitionId: `${scope}${AUTHORIZATION}/roleDefinitions/${ROLES.reader}`,
    }),
    await put(randomUUID(), { requestType: 'AdminUpdate', scheduleInfo: odd }),
    await put(randomUUID(), {
      scheduleInfo: endless,
      roleDefinitionId: `${scope}${AUTHORIZATION}/roleDefinitions/${ROLES.contributor}`,
    }),
    await send('POST', `${requests}/${made.name}/cancel`),
    await send('GET', `${requests}/${randomUUID()}`),
  ];
}

const USER = z.object({ id: z.guid() });
const USERS = z.object({ value: z.array(z.object({ userPrincipalName: z.string() })) });

async function createUser(owner: Caller): Promise<{ userId: string }> {
  const users = (await owner.graph({ path: '/users' })).expect(200).read(USERS);
  const domain = users.value[0]?.userPrincipalName.split('@')[1];
  const created = await owner.graph({
    method: 'POST',
    path: '/users',
    json: {
      accountEnabled: true,
      displayName: 'Eligible',
      mailNickname: 'eligible',
      userPrincipalName: `eligible@${domain}`,
      passwordProfile: { password: 'A-long-enough-1-password' },
    },
  });
  return { userId: created.expect(201).read(USER).id };
}
