import assert from 'node:assert/strict';
import { before, beforeEach, describe, test } from 'node:test';
import { addRoleMember, directoryRoleIds, type User, updateApplication } from '#directory';
import { newGuid, parseJson, z } from '#kernel';
import { FormBrowser, redirected, tenantNetwork } from '#test/kit/form-browser.ts';
import { openTenant, type Tenant, type TestAnswer } from '#test/kit/tenant.ts';
import {
  authorizeAddress,
  LOOPBACK,
  type MadeApplication,
  makeApplication,
  makeUser,
  newProofKey,
  redeem,
  signIn,
} from '../authorize/authorize.fixture.ts';

let tenant: Tenant;
let api: MadeApplication;
let client: MadeApplication;
let user: User;
let browser: FormBrowser<TestAnswer>;
before(async () => {
  tenant = await openTenant();
  api = await makeApplication(tenant, {});
  const scope = (value: string, type: 'User' | 'Admin', userConsentDisplayName: string | null) => ({
    id: newGuid(),
    value,
    type,
    isEnabled: true,
    adminConsentDisplayName: `${value} for all`,
    adminConsentDescription: null,
    userConsentDisplayName,
    userConsentDescription: null,
  });
  await updateApplication(tenant.view, api.application.id, {
    identifierUris: ['api://ledger'],
    api: {
      requestedAccessTokenVersion: null,
      oauth2PermissionScopes: [
        scope('Read', 'User', 'See your bookings'),
        scope('Close', 'Admin', null),
      ],
      preAuthorizedApplications: [],
      acceptMappedClaims: null,
      knownClientApplications: [],
    },
  });
});
beforeEach(async () => {
  client = await makeApplication(tenant, { publicClientRedirectUris: ['http://localhost'] });
  user = await makeUser(tenant);
  browser = new FormBrowser(tenantNetwork(tenant));
});

const open = (scope: string, changes: Readonly<Record<string, string>> = {}) =>
  browser.open(
    authorizeAddress(tenant, { client_id: client.application.appId, scope, ...changes }),
  );

describe('consent to an application’s own scopes', () => {
  test('names them in its words, and puts into the token what was consented to', async () => {
    const { verifier, challenge } = newProofKey();
    await open('api://ledger/Read', { code_challenge: challenge });
    const page = await signIn(browser, user);
    assert.match(page.text, /<li>See your bookings<\/li>/);
    assert.doesNotMatch(page.text, /Close/);
    const accepted = await browser.submit('/sign-in/consent', { answer: 'yes' });
    const code = redirected(accepted).searchParams.get('code') ?? '';
    const tokens = await redeem(tenant, {
      client_id: client.application.appId,
      redirect_uri: LOOPBACK,
      code,
      code_verifier: verifier,
    });
    assert.equal(tokens.status, 200, tokens.text);
    const [, payload = ''] = z.string().parse(tokens.body.access_token).split('.');
    const claims = z.object({ aud: z.string(), scp: z.string() });
    const said = claims.parse(parseJson(Buffer.from(payload, 'base64url').toString()));
    assert.deepEqual(said, { aud: 'api://ledger', scp: 'Read' });
  });

  test('to one that only administrators may give, is not a person’s to give', async () => {
    await open('api://ledger/Close');
    const page = await signIn(browser, user);
    assert.match(page.text, /Only an administrator can accept this/);
    assert.doesNotMatch(page.text, /value="yes"/);
    const before = tenant.directory.permissionGrants().length;
    const forced = await browser.submit('/sign-in/consent', { answer: 'yes', everyone: 'yes' });
    assert.equal(redirected(forced).searchParams.get('error'), 'access_denied');
    assert.equal(tenant.directory.permissionGrants().length, before);
  });

  test('by an administrator for everyone asks nobody else again', async () => {
    const administrator = await makeUser(tenant);
    const role = directoryRoleIds.applicationAdministrator;
    await addRoleMember(tenant.view, role, administrator.id);
    await open('api://ledger/Close');
    const page = await signIn(browser, administrator);
    assert.match(page.text, /For everyone in the organization/);
    await browser.submit('/sign-in/consent', { answer: 'yes', everyone: 'yes' });
    browser = new FormBrowser(tenantNetwork(tenant));
    await open('api://ledger/Close');
    assert.ok(redirected(await signIn(browser, user)).searchParams.get('code'));
  });
});

test('to the directory for everyone is a Global Administrator’s to give', async () => {
  const { applicationAdministrator, globalAdministrator } = directoryRoleIds;
  for (const [role, type] of [
    [applicationAdministrator, 'Principal'],
    [globalAdministrator, 'AllPrincipals'],
  ] as const) {
    browser = new FormBrowser(tenantNetwork(tenant));
    const administrator = await makeUser(tenant);
    await addRoleMember(tenant.view, role, administrator.id);
    await open(`${tenant.urls.graph}/.default`);
    const page = await signIn(browser, administrator);
    assert.equal(/For everyone in the organization/.test(page.text), type === 'AllPrincipals');
    await browser.submit('/sign-in/consent', { answer: 'yes', everyone: 'yes' });
    assert.equal(tenant.directory.permissionGrants().at(-1)?.consentType, type);
  }
});
