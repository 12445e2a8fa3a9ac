// Continuous access evaluation end to end, with Azure's own client: what is withdrawn is cut off at
// the next request. A client that says it can handle it is told by a claims challenge and recovers
// by itself as soon as it can prove itself anew; any other gets a plain 401.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  ClientAssertionCredential,
  type TokenCredential,
  UsernamePasswordCredential,
} from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';
import { parseJson, z } from '#kernel';
import type { Caller } from '#test/kit/caller.ts';
import {
  admitToSecrets,
  assignRole,
  createApplication,
  createVault,
  ROLES,
  vaultScope,
} from '#test/kit/estate.ts';
import {
  applicationId,
  createPerson,
  type OutsideIssuer,
  trustOutsideIssuer,
} from '#test/kit/identities.ts';
import type { Instance } from '#test/kit/instance.ts';
import { credential, startTrustedInstance } from './clients.ts';

const AZURE_CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const CP1 = JSON.stringify({ access_token: { xms_cc: { values: ['cp1'] } } });
const TOKEN = z.object({ access_token: z.string() });

let instance: Instance;
let vault: string;

before(async () => {
  instance = await startTrustedInstance();
  vault = await createVault(instance.owner, { model: 'rbac' });
  await admitToSecrets(instance.owner, instance.owner, { name: vault, model: 'rbac' });
  const json = { value: 'v' };
  const written = { method: 'PUT', path: '/secrets/message', json };
  (await instance.owner.vault(vault, written)).expect(200);
});

after(() => instance?.stop());

/** Counts what passes through, so that a test sees a client recover. */
interface Watched {
  readonly client: SecretClient;
  readonly statuses: number[];
  readonly claims: (string | undefined)[];
}

function watch(inner: TokenCredential): Watched {
  const statuses: number[] = [];
  const claims: (string | undefined)[] = [];
  const watched: TokenCredential = {
    getToken: (scopes, options) => {
      claims.push(options?.claims);
      return inner.getToken(scopes, options);
    },
  };
  const client = new SecretClient(instance.vaultUrl(vault), watched, {
    retryOptions: { maxRetries: 0 },
    additionalPolicies: [
      {
        position: 'perRetry',
        policy: {
          name: 'watch',
          sendRequest: async (request, next) => {
            const response = await next(request);
            statuses.push(response.status);
            return response;
          },
        },
      },
    ],
  });
  return { client, statuses, claims };
}

const settings = () => ({
  authorityHost: instance.login,
  disableInstanceDiscovery: true,
  retryOptions: { maxRetries: 0 },
});

async function admitted(name: string): Promise<Caller> {
  const caller = await createApplication(instance.owner, name);
  await admitToSecrets(instance.owner, caller, { name: vault, model: 'rbac' });
  return caller;
}

describe('@azure/keyvault-secrets recovers by itself', () => {
  test('when the credential that got its token is removed and another is there', async () => {
    const caller = await admitted('two issuers');
    const first = await trustOutsideIssuer(instance.owner, caller);
    const second = await trustOutsideIssuer(instance.owner, caller);
    let present: OutsideIssuer = first;
    const { clientId } = caller.credentials;
    const { client, statuses, claims } = watch(
      new ClientAssertionCredential(
        instance.tenantId,
        clientId,
        async () => present.issue(),
        settings(),
      ),
    );
    await client.getSecret('message');
    statuses.length = 0;
    present = second;
    const id = await applicationId(instance.owner, caller);
    const removed = await instance.owner.graph({
      method: 'DELETE',
      path: `/applications/${id}/federatedIdentityCredentials/${first.credentialId}`,
    });
    removed.expect(204);
    assert.equal((await client.getSecret('message')).value, 'v');
    assert.deepEqual(statuses, [401, 200]);
    const asked = z
      .object({ access_token: z.object({ nbf: z.object({ essential: z.literal(true) }) }) })
      .parse(parseJson(claims.at(-1) ?? ''));
    assert.ok(asked);
  });

  test('when a person’s sessions are ended, as his password is still known', async () => {
    const person = await createPerson(instance.owner);
    const to = { objectId: person.objectId, type: 'User' } as const;
    const scope = vaultScope(instance.owner, vault);
    await assignRole(instance.owner, { to, role: ROLES.secretsUser, scope });
    const { client, statuses } = watch(
      new UsernamePasswordCredential(
        instance.tenantId,
        AZURE_CLI,
        person.userName,
        person.password,
        settings(),
      ),
    );
    await client.getSecret('message');
    statuses.length = 0;
    const path = `/users/${person.objectId}/revokeSignInSessions`;
    (await instance.owner.graph({ method: 'POST', path })).expect(200);
    assert.equal((await client.getSecret('message')).value, 'v');
    assert.deepEqual(statuses, [401, 200]);
  });

  test('and does not when nothing is left to prove itself with', async () => {
    const caller = await admitted('one secret');
    const { client, statuses } = watch(credential(instance, caller));
    await client.getSecret('message');
    statuses.length = 0;
    await disable(caller.objectId);
    await assert.rejects(client.getSecret('message'), /AADSTS7000112/);
    assert.deepEqual(statuses, [401]);
  });
});

async function disable(objectId: string): Promise<void> {
  const path = `/servicePrincipals/${objectId}`;
  const json = { accountEnabled: false };
  (await instance.owner.graph({ method: 'PATCH', path, json })).expect(204);
}

describe('the challenge', () => {
  /** A token for the resource, saying what the client can handle. */
  async function tokenFor(caller: Caller, resource: string, claims?: string): Promise<string> {
    const { clientId, clientSecret } = caller.credentials;
    const answer = await instance.wire.send({
      method: 'POST',
      url: `${instance.login}/${instance.tenantId}/oauth2/v2.0/token`,
      form: {
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret,
        scope: `${resource}/.default`,
        ...(claims === undefined ? {} : { claims }),
      },
    });
    return answer.expect(200).read(TOKEN).access_token;
  }

  test('is for clients that said cp1; others get the plain one; on every plane', async () => {
    const caller = await admitted('planes');
    const vaultResource = `https://${instance.vaultSuffix.slice(1)}`;
    const version = '?api-version=';
    const planes = {
      [vaultResource]: `${instance.vaultUrl(vault)}/secrets/message${version}7.4`,
      [instance.management]: `${instance.management}/subscriptions${version}2022-12-01`,
      [instance.graph]: `${instance.graph}/v1.0/users`,
    };
    const held = await Promise.all(
      Object.entries(planes).map(async ([resource, url]) => ({
        url,
        capable: await tokenFor(caller, resource, CP1),
        plain: await tokenFor(caller, resource),
      })),
    );
    await disable(caller.objectId);
    for (const { url, capable, plain } of held) {
      const told = await instance.wire.send({ url, token: capable });
      assert.equal(told.status, 401);
      const header = String(told.headers['www-authenticate']);
      assert.match(header, /^Bearer .*error="insufficient_claims", claims="[A-Za-z0-9+/=]+"$/);
      const quiet = await instance.wire.send({ url, token: plain });
      assert.equal(quiet.status, 401);
      assert.doesNotMatch(String(quiet.headers['www-authenticate']), /insufficient_claims/);
    }
  });

  test('asks for a token that is newer than the withdrawal', async () => {
    const caller = await admitted('newer');
    const resource = `https://${instance.vaultSuffix.slice(1)}`;
    const token = await tokenFor(caller, resource, CP1);
    const beforeS = Math.floor(Date.now() / 1000);
    await disable(caller.objectId);
    const url = `${instance.vaultUrl(vault)}/secrets/message?api-version=7.4`;
    const told = await instance.wire.send({ url, token });
    const [, claims = ''] = /claims="([^"]+)"/.exec(String(told.headers['www-authenticate'])) ?? [];
    const asked = z
      .object({ access_token: z.object({ nbf: z.object({ value: z.string() }) }) })
      .parse(parseJson(Buffer.from(claims, 'base64').toString()));
    assert.ok(Number(asked.access_token.nbf.value) >= beforeS);
  });
});
