import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  addPassword,
  deleteServicePrincipal,
  removePassword,
  rollSigningKeys,
  updateServicePrincipal,
} from '#directory';
import { unixSeconds } from '#kernel';
import { automationHeader, openTenant, type Tenant } from '#test/kit/tenant.ts';
import { Authenticator } from './authenticator.ts';
import { type TokenRefusal, TokenRefused } from './token-refused.ts';

const SECOND = 1000;

function refusal(tenant: Tenant, header: string | undefined): TokenRefusal | 'accepted' {
  return refused(tenant, header)?.refusal ?? 'accepted';
}

function refused(tenant: Tenant, header: string | undefined): TokenRefused | undefined {
  try {
    tenant.authenticator.authenticate(header, tenant.audiences.vault);
  } catch (error) {
    assert.ok(error instanceof TokenRefused);
    return error;
  }
  return undefined;
}

const vaultToken = (tenant: Tenant) => automationHeader(tenant, tenant.urls.vaultResource);

describe('a token that stands', () => {
  let tenant: Tenant;
  let header: string;
  before(async () => {
    tenant = await openTenant();
    header = await vaultToken(tenant);
  });

  test('names its principal', () => {
    const principal = tenant.authenticator.authenticate(header, tenant.audiences.vault);
    const { automation } = tenant.made;
    assert.equal(principal.type, 'ServicePrincipal');
    assert.equal(principal.objectId, automation.objectId);
    assert.equal(principal.applicationId, automation.clientId);
    assert.equal(principal.issuer, `${tenant.urls.login}/${tenant.tenantId}/`);
    assert.equal(principal.claims.idtyp, 'app');
  });

  test('opens only the plane it was issued for', () => {
    for (const audience of [
      tenant.audiences.management,
      tenant.audiences.graph,
      new Set<string>(),
    ]) {
      assert.throws(
        () => tenant.authenticator.authenticate(header, audience),
        (error) =>
          error instanceof TokenRefused &&
          error.refusal.code === 'audience' &&
          error.refusal.found === tenant.urls.vaultResource,
      );
    }
  });

  test('is of no use to another installation, even one with the same tenant id', () => {
    const elsewhere = new Authenticator({
      directory: tenant.directory,
      clock: tenant.clock,
      login: 'https://login.elsewhere.test',
    });
    assert.throws(
      () => elsewhere.authenticate(header, tenant.audiences.vault),
      (error) => error instanceof TokenRefused && error.code === 'issuer',
    );
  });

  test('the scheme is Bearer in any case, and nothing else', () => {
    const token = header.slice('Bearer '.length);
    assert.equal(refusal(tenant, `bearer ${token}`), 'accepted');
    for (const other of [undefined, '', token, `Basic ${token}`, 'Bearer', 'Bearer ', 'Bearer  ']) {
      assert.deepEqual(refusal(tenant, other), { code: 'missing' });
    }
    for (const other of [`Bearer ${token}, Bearer ${token}`, `Bearer ${token} x`, 'Bearer @']) {
      assert.deepEqual(refusal(tenant, other), { code: 'malformed' });
    }
    assert.deepEqual(refusal(tenant, `Bearer ${'a'.repeat(20_000)}`), { code: 'malformed' });
  });
});

test('a token of another tenant’s directory is refused', async () => {
  const [one, two] = await Promise.all([openTenant(), openTenant()]);
  assert.deepEqual(refusal(two, await vaultToken(one)), { code: 'unknownKey' });
});

test('a token lives for its hour and a minute of skew, cached or not', async () => {
  const tenant = await openTenant();
  const header = await vaultToken(tenant);
  tenant.clock.advance((3599 + 59) * SECOND);
  assert.equal(refusal(tenant, header), 'accepted');
  tenant.clock.advance(SECOND);
  assert.deepEqual(refusal(tenant, header), { code: 'expired' });
});

test('a token from the future is refused until its time has come', async () => {
  const tenant = await openTenant();
  const early = await openTenant();
  early.clock.advance(0);
  tenant.clock.advance(3_600 * SECOND);
  const header = await vaultToken(tenant);
  const past = new Authenticator({
    directory: tenant.directory,
    clock: early.clock,
    login: tenant.urls.login,
  });
  assert.throws(
    () => past.authenticate(header, tenant.audiences.vault),
    (error) => error instanceof TokenRefused && error.code === 'notYetValid',
  );
});

describe('what is withdrawn is withdrawn at the next request, cached or not', () => {
  test('a disabled service principal', async () => {
    const tenant = await openTenant();
    const header = await vaultToken(tenant);
    assert.equal(refusal(tenant, header), 'accepted');
    const { objectId } = tenant.made.automation;
    await updateServicePrincipal(tenant.view, objectId, { accountEnabled: false });
    assert.deepEqual(refusal(tenant, header), { code: 'revoked', what: 'principal' });
  });

  test('a deleted service principal', async () => {
    const tenant = await openTenant();
    const header = await vaultToken(tenant);
    assert.equal(refusal(tenant, header), 'accepted');
    await deleteServicePrincipal(tenant.view, tenant.made.automation.objectId, tenant.clock);
    assert.deepEqual(refusal(tenant, header), { code: 'revoked', what: 'principal' });
  });

  test('a removed secret takes its tokens along, and only its own', async () => {
    const tenant = await openTenant();
    const header = await vaultToken(tenant);
    const { clientId } = tenant.made.automation;
    const application = tenant.directory.applicationByAppId(clientId);
    assert.ok(application);
    const [first] = application.passwordCredentials;
    assert.ok(first);
    const added = { id: application.id, password: {} };
    const { secretText } = await addPassword(tenant.view, added, tenant.clock);
    const automation = { ...tenant.made.automation, clientSecret: secretText };
    const made = { ...tenant.made, automation };
    const second = await vaultToken({ ...tenant, made });
    assert.equal(refusal(tenant, second), 'accepted');
    await removePassword(tenant.view, application.id, first.keyId);
    assert.deepEqual(refusal(tenant, header), { code: 'revoked', what: 'credential' });
    assert.equal(refusal(tenant, second), 'accepted');
  });

  test('a replaced signing key', async () => {
    const tenant = await openTenant();
    const header = await vaultToken(tenant);
    assert.equal(refusal(tenant, header), 'accepted');
    await rollSigningKeys(tenant.view, tenant.clock);
    assert.deepEqual(refusal(tenant, header), { code: 'revoked', what: 'key' });
    assert.equal(refusal(tenant, await vaultToken(tenant)), 'accepted');
  });
});

test('a caller that understands claims challenges is told to fetch a newer token', async () => {
  const tenant = await openTenant();
  const { automation } = tenant.made;
  const answer = await tenant.call({
    url: `${tenant.urls.login}/${tenant.tenantId}/oauth2/v2.0/token`,
    form: {
      grant_type: 'client_credentials',
      client_id: automation.clientId,
      client_secret: automation.clientSecret,
      scope: `${tenant.urls.vaultResource}/.default`,
      claims: '{"access_token":{"xms_cc":{"values":["CP1"]}}}',
    },
  });
  const header = `Bearer ${answer.body.access_token}`;
  const plain = await vaultToken(tenant);
  await updateServicePrincipal(tenant.view, automation.objectId, { accountEnabled: false });
  assert.equal(refused(tenant, plain)?.claimsChallenge, undefined);
  const challenge = refused(tenant, header)?.claimsChallenge ?? '';
  assert.deepEqual(JSON.parse(Buffer.from(challenge, 'base64').toString()), {
    access_token: { nbf: { essential: true, value: String(unixSeconds(tenant.clock)) } },
  });
});
