import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { newGuid, z } from '#kernel';
import { GraphCaller } from '../graph-caller.fixture.ts';

let admin: GraphCaller;
before(async () => {
  admin = await GraphCaller.administrator();
});

const scope = (value: string, more: object = {}) => ({
  id: newGuid(),
  value,
  type: 'User',
  isEnabled: true,
  adminConsentDisplayName: `${value} for all`,
  adminConsentDescription: `${value} for all`,
  ...more,
});
const role = (value: string, more: object = {}) => ({
  id: newGuid(),
  value,
  displayName: value,
  description: value,
  allowedMemberTypes: ['User', 'Application'],
  isEnabled: true,
  ...more,
});
const exposed = z.object({
  api: z.looseObject({
    requestedAccessTokenVersion: z.number().nullable(),
    oauth2PermissionScopes: z.array(z.looseObject({ id: z.string(), value: z.string() })),
  }),
  appRoles: z.array(z.looseObject({ id: z.string(), value: z.string() })),
  requiredResourceAccess: z.array(z.unknown()),
  web: z.looseObject({ redirectUris: z.array(z.string()), homePageUrl: z.string().nullable() }),
});

describe('an application as a resource', () => {
  test('shows its scopes and roles, and its service principal shows them too', async () => {
    const { id, appId } = await admin.createApplication('exposing', {
      api: { requestedAccessTokenVersion: 2, oauth2PermissionScopes: [scope('Files.Read')] },
      appRoles: [role('Worker')],
    });
    const principal = await admin.createPrincipal(appId);
    const app = exposed.parse((await admin.get(`/applications/${id}`)).body);
    assert.equal(app.api.requestedAccessTokenVersion, 2);
    assert.equal(app.api.oauth2PermissionScopes[0]?.value, 'Files.Read');
    const shown = await admin.get(`/servicePrincipals/${principal}`);
    const of = z.object({
      oauth2PermissionScopes: z.tuple([z.looseObject({ value: z.literal('Files.Read') })]),
      appRoles: z.tuple([z.looseObject({ value: z.literal('Worker') })]),
      appRoleAssignmentRequired: z.literal(false),
    });
    of.parse(shown.body);
    const change = { appRoleAssignmentRequired: true };
    assert.equal((await admin.patch(`/servicePrincipals/${principal}`, change)).status, 204);
    const changed = await admin.get(`/servicePrincipals/${principal}`);
    assert.equal(changed.body.appRoleAssignmentRequired, true);
  });

  test('a change of one part of `api` or `web` leaves the others as they were', async () => {
    const files = scope('Files.Read');
    const { id } = await admin.createApplication('parts', {
      api: { oauth2PermissionScopes: [files] },
      web: { homePageUrl: 'https://home.test', redirectUris: ['https://home.test/back'] },
    });
    const part = { api: { requestedAccessTokenVersion: 2 }, web: { redirectUris: [] } };
    assert.equal((await admin.patch(`/applications/${id}`, part)).status, 204);
    const app = exposed.parse((await admin.get(`/applications/${id}`)).body);
    assert.equal(app.api.requestedAccessTokenVersion, 2);
    assert.equal(app.api.oauth2PermissionScopes[0]?.id, files.id);
    assert.deepEqual([app.web.homePageUrl, app.web.redirectUris], ['https://home.test', []]);
  });

  test('a permission that is enabled is not removed or renamed under its users', async () => {
    const files = scope('Files.Read');
    const worker = role('Worker');
    const { id } = await admin.createApplication('entitled', {
      api: { oauth2PermissionScopes: [files] },
      appRoles: [worker],
    });
    const path = `/applications/${id}`;
    for (const json of [
      { appRoles: [] },
      { appRoles: [{ ...worker, value: 'Other' }] },
      { api: { oauth2PermissionScopes: [] } },
    ]) {
      const refused = await admin.patch(path, json);
      assert.deepEqual(refused.refusal, [400, 'CannotDeleteOrUpdateEnabledEntitlement']);
    }
    const disabled = { appRoles: [{ ...worker, isEnabled: false }] };
    assert.equal((await admin.patch(path, disabled)).status, 204);
    assert.equal((await admin.patch(path, { appRoles: [] })).status, 204);
  });

  test('ids and values mean one thing each', async () => {
    const one = role('Same');
    for (const json of [
      { appRoles: [one, { ...one, value: 'Other' }] },
      { appRoles: [one, role('Same')] },
      { appRoles: [one], api: { oauth2PermissionScopes: [scope('Same')] } },
      { appRoles: [role('with space')] },
      { api: { requestedAccessTokenVersion: 3 } },
    ]) {
      const refused = await admin.post('/applications', { displayName: 'twice', ...json });
      assert.deepEqual(refused.refusal, [400, 'Request_BadRequest'], JSON.stringify(json));
    }
  });

  test('what it will ask for is kept and given back', async () => {
    const requiredResourceAccess = [
      {
        resourceAppId: '00000003-0000-0000-c000-000000000000',
        resourceAccess: [{ id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d', type: 'Scope' }],
      },
    ];
    const { id } = await admin.createApplication('asking', { requiredResourceAccess });
    const app = exposed.parse((await admin.get(`/applications/${id}`)).body);
    assert.deepEqual(app.requiredResourceAccess, requiredResourceAccess);
  });

  test('Microsoft’s own resources show the scopes that clients know by id', async () => {
    const filter = encodeURIComponent("appId eq '00000003-0000-0000-c000-000000000000'");
    const shape = z.object({
      value: z.tuple([z.looseObject({ oauth2PermissionScopes: z.array(z.looseObject({})) })]),
    });
    const { value } = shape.parse((await admin.get(`/servicePrincipals?$filter=${filter}`)).body);
    const ids = value[0].oauth2PermissionScopes.map((one) => one.id);
    assert.ok(ids.includes('e1fe6dd8-ba31-4d61-89e7-88639da4683d'));
  });
});
