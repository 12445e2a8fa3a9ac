// @azure/msal-node's confidential client as its users write it: client credentials by secret and by
// certificate, on-behalf-of, silent renewal by refresh token.
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  ConfidentialClientApplication,
  type NodeAuthOptions,
  PublicClientApplication,
} from '@azure/msal-node';
import { parseJson, z } from '#kernel';
import type { Caller } from '#test/kit/caller.ts';
import { createApplication } from '#test/kit/estate.ts';
import {
  consentForAll,
  createPerson,
  makeClientCertificate,
  type Person,
  patchApplication,
  registerCertificates,
} from '#test/kit/identities.ts';
import type { Instance } from '#test/kit/instance.ts';
import { startTrustedInstance } from './clients.ts';

const MICROSOFT_GRAPH = '00000003-0000-0000-c000-000000000000';
const AZURE_CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';

let instance: Instance;
let service: Caller;
let person: Person;

before(async () => {
  instance = await startTrustedInstance();
  service = await createApplication(instance.owner, 'service');
  person = await createPerson(instance.owner);
  const scope = { id: randomUUID(), value: 'Data.Read' };
  await patchApplication(instance.owner, service, {
    identifierUris: [`api://${service.credentials.clientId}`],
    api: {
      oauth2PermissionScopes: [scope],
      preAuthorizedApplications: [{ appId: AZURE_CLI, delegatedPermissionIds: [scope.id] }],
    },
  });
});

after(() => instance?.stop());

function authority(): Pick<NodeAuthOptions, 'authority' | 'knownAuthorities'> {
  return {
    authority: `${instance.login}/${instance.tenantId}`,
    // Naming the authority as known is MSAL's way to say: ask nobody else about it.
    knownAuthorities: [new URL(instance.login).host],
  };
}

function confidential(proof: Partial<NodeAuthOptions>): ConfidentialClientApplication {
  const { clientId } = service.credentials;
  return new ConfidentialClientApplication({ auth: { ...authority(), clientId, ...proof } });
}

const bySecret = () => confidential({ clientSecret: service.credentials.clientSecret });
const vaultScope = () => `https://${instance.vaultSuffix.slice(1)}/.default`;

function claimsOf(token: string): Record<string, unknown> {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return z.record(z.string(), z.unknown()).parse(parseJson(payload));
}

describe('acquireTokenByClientCredential', () => {
  test('by secret, and the second time from its cache', async () => {
    const client = bySecret();
    const request = { scopes: [vaultScope()] };
    const first = await client.acquireTokenByClientCredential(request);
    const second = await client.acquireTokenByClientCredential(request);
    assert.equal(first?.fromCache, false);
    assert.equal(second?.fromCache, true);
    assert.equal(claimsOf(first?.accessToken ?? '').oid, service.objectId);
  });

  test('by certificate, with its chain and without', async () => {
    const made = await makeClientCertificate();
    await registerCertificates(instance.owner, service, [made]);
    const thumbprintSha256 = createHash('sha256').update(made.der).digest('hex');
    for (const chain of [{}, { x5c: made.chainPem }]) {
      const clientCertificate = { thumbprintSha256, privateKey: made.privateKeyPem, ...chain };
      const client = confidential({ clientCertificate });
      const result = await client.acquireTokenByClientCredential({ scopes: [vaultScope()] });
      assert.equal(claimsOf(result?.accessToken ?? '').appidacr, '2');
    }
  });
});

/** What a public client got for the service from a person. */
async function tokenForService(): Promise<string> {
  const client = new PublicClientApplication({ auth: { ...authority(), clientId: AZURE_CLI } });
  const result = await client.acquireTokenByUsernamePassword({
    scopes: [`api://${service.credentials.clientId}/Data.Read`],
    username: person.userName,
    password: person.password,
  });
  return result?.accessToken ?? '';
}

describe('acquireTokenOnBehalfOf', () => {
  test('passes the person’s token on to the next service, with consent', async () => {
    const oboAssertion = await tokenForService();
    const request = { oboAssertion, scopes: [`${instance.graph}/.default`] };
    await assert.rejects(bySecret().acquireTokenOnBehalfOf(request), /AADSTS65001/);
    const scope = 'user_impersonation';
    await consentForAll(instance.owner, service, { resourceAppId: MICROSOFT_GRAPH, scope });
    const result = await bySecret().acquireTokenOnBehalfOf(request);
    const claims = claimsOf(result?.accessToken ?? '');
    assert.equal(claims.oid, person.objectId);
    assert.equal(claims.appid, service.credentials.clientId);
    const url = `${instance.graph}/v1.0/me`;
    const token = result?.accessToken;
    const me = await instance.wire.send({ url, token });
    assert.equal(me.expect(200).read(z.object({ id: z.guid() })).id, person.objectId);
  });

  test('passes nothing on that is not for this service', async () => {
    const foreign = await instance.owner.token(instance.graph);
    const request = { oboAssertion: foreign, scopes: [vaultScope()] };
    await assert.rejects(bySecret().acquireTokenOnBehalfOf(request), /AADSTS500131/);
  });
});

describe('acquireTokenSilent', () => {
  test('one refresh token serves every resource, and is replaced at each use', async () => {
    const client = new PublicClientApplication({ auth: { ...authority(), clientId: AZURE_CLI } });
    const signedIn = await client.acquireTokenByUsernamePassword({
      scopes: [vaultScope()],
      username: person.userName,
      password: person.password,
    });
    const account = signedIn?.account;
    assert.ok(account);
    assert.equal(account.username, person.userName);
    assert.equal(account.homeAccountId, `${person.objectId}.${instance.tenantId}`);
    for (const resource of [instance.management, instance.graph]) {
      const scopes = [`${resource}/.default`];
      const renewed = await client.acquireTokenSilent({ account, scopes, forceRefresh: true });
      assert.equal(claimsOf(renewed?.accessToken ?? '').aud, resource);
    }
    await instance.owner.graph({
      method: 'POST',
      path: `/users/${person.objectId}/revokeSignInSessions`,
    });
    const again = { account, scopes: [vaultScope()], forceRefresh: true };
    await assert.rejects(client.acquireTokenSilent(again), /AADSTS50173/);
  });
});
