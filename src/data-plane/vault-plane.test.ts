import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TokenRefusal, TokenRefused } from '#authentication';
import { TokenError } from '#cryptography';
import { ApiError, SchemaError } from '#kernel';
import { challengeError, renderChallenge } from './challenge.ts';
import {
  makeRequest,
  makeVault,
  openTestVault,
  owner,
  stranger,
  type TestVault,
} from './vault.fixture.ts';
import { vaultPlane } from './vault-plane.ts';

const CHALLENGE = {
  login: 'https://login.example:8443',
  tenantId: owner.tenantId,
  vaultResource: 'https://vault.example:8443',
};
const CALLER = `appid=${owner.applicationId};oid=${owner.objectId};iss=${owner.issuer}`;
const params = { name: 'db' };
const getSecret = (vault: TestVault, call = {}) => vault.call('GetSecret', { params, ...call });

test('the challenge has exactly the form that every SDK understands', () => {
  assert.equal(
    renderChallenge(CHALLENGE),
    `Bearer authorization="https://login.example:8443/${owner.tenantId}", ` +
      'resource="https://vault.example:8443"',
  );
  assert.equal(
    renderChallenge(CHALLENGE, 'e30='),
    `Bearer realm="", authorization_uri="https://login.example:8443/${owner.tenantId}", ` +
      'error="insufficient_claims", claims="e30="',
  );
});

const REFUSALS: [TokenRefusal, RegExp][] = [
  [{ code: 'missing' }, /^AKV10000: Request is missing a Bearer, PoP, or MTLS_POP token\.$/],
  [
    { code: 'audience', found: 'https://management.example' },
    /^AKV10022: Invalid audience\. Expected https:\/\/vault\.example:8443, found: https:\/\/management\.example\.$/,
  ],
  [
    { code: 'issuer', found: 'https://evil/', expected: '' },
    /^AKV10032: Invalid issuer\. Expected one of https:\/\/login\.example:8443\/1111.*\/, found https:\/\/evil\/\.$/,
  ],
  [{ code: 'tenant', found: 'x' }, /^AKV10032: /],
  [{ code: 'unknownKey' }, /^AKV10046: Unable to resolve the key used for signature validation\.$/],
  [{ code: 'signature' }, /^AKV10046: /],
  [{ code: 'algorithm', found: 'none' }, /not a token of this identity provider/],
  [{ code: 'malformed' }, /not a token of this identity provider/],
  [{ code: 'notYetValid' }, /not valid yet/],
  [{ code: 'expired' }, /has expired/],
  [{ code: 'revoked', what: 'principal' }, /has been revoked/],
];

for (const [refusal, message] of REFUSALS) {
  test(`a token refused as ${refusal.code} gets a 401 with the challenge`, () => {
    const error = challengeError(CHALLENGE, new TokenRefused(refusal));
    assert.equal(error.status, 401);
    assert.equal(error.definition.code, 'Unauthorized');
    assert.match(error.message, message);
    assert.equal(error.headers['WWW-Authenticate'], renderChallenge(CHALLENGE));
    assert.equal(error.reason, refusal);
  });
}

test('a revoked token of a client that understands claims is asked for a new one', () => {
  const refused = new TokenRefused({ code: 'revoked', what: 'credential' }, 'abc=');
  const { headers } = challengeError(CHALLENGE, refused);
  assert.match(headers['WWW-Authenticate'] ?? '', /, error="insufficient_claims", claims="abc="$/);
});

test('the plane answers hosts of vaults and no others', async () => {
  const { plane } = await openTestVault();
  assert.equal(plane.accept('contoso.vault.example')?.vault?.name, 'contoso');
  assert.deepEqual(plane.accept('nobody.vault.example'), { name: 'nobody', vault: undefined });
  for (const host of [
    ...['vault.example', '.vault.example', 'a.b.vault.example', 'contoso.vault.example.evil'],
    ...['contoso.example', 'contosovault.example', '', 'login.example'],
  ]) {
    assert.equal(plane.accept(host), undefined, host);
  }
});

test('a vault that does not exist, or is soft-deleted, is not found', async () => {
  const deleted = { deletedAtMs: 0, scheduledPurgeAtMs: 1 };
  const vault = await openTestVault(makeVault(), makeVault({ name: 'gone', deleted }));
  for (const name of ['nobody', 'gone']) {
    const { status, body } = await getSecret(vault, { vault: name });
    assert.deepEqual(
      [status, body.error],
      [404, { code: 'VaultNotFound', message: `Azure Key Vault '${name}' does not exist.` }],
    );
  }
});

test('without a permission in the access policy, Azure says which one is missing', async () => {
  const vault = await openTestVault();
  const { status, body } = await getSecret(vault, { as: stranger });
  assert.equal(status, 403);
  assert.deepEqual(body.error, {
    code: 'Forbidden',
    message:
      `The user, group or application '${CALLER.replace(owner.objectId, stranger.objectId)}' does ` +
      "not have secrets get permission on key vault 'contoso;location=westus'. For help resolving " +
      'this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287',
    innererror: { code: 'ForbiddenByPolicy' },
  });
});

test('access policies open no RBAC vault, and the refusal names the action', async () => {
  const vault = await openTestVault(makeVault({ enableRbacAuthorization: true }));
  const { status, body } = await getSecret(vault);
  assert.equal(status, 403);
  assert.equal(body.error.innererror.code, 'ForbiddenByRbac');
  assert.equal(
    body.error.message,
    [
      'Caller is not authorized to perform action on resource.',
      'If role assignments, deny assignments or role definitions were changed recently, ' +
        'please observe propagation time.',
      `Caller: ${CALLER}`,
      "Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'",
      "Resource: '/subscriptions/22222222-2222-4222-8222-222222222222/resourcegroups/group/" +
        "providers/microsoft.keyvault/vaults/contoso/secrets/db'",
      'Assignment: (not found)',
      'DenyAssignmentId: null',
      "DecisionReason: 'DeniedWithNoValidRBAC' ",
      'Vault: contoso;location=westus',
      '',
    ].join('\r\n'),
  );
});

test('a role at one secret opens that secret and lists nothing', async () => {
  const record = makeVault({ enableRbacAuthorization: true });
  const vault = await openTestVault(record);
  const scope =
    `/subscriptions/${record.subscriptionId}/resourceGroups/${record.resourceGroup}` +
    '/providers/Microsoft.KeyVault/vaults/contoso/secrets/db';
  await vault.assign('Key Vault Secrets Officer', scope);
  assert.equal((await vault.call('SetSecret', { params, body: { value: 'x' } })).status, 200);
  const got = await getSecret(vault);
  assert.equal(got.body.value, 'x');
  assert.match(got.headers['x-ms-keyvault-rbac-assignment-id'] ?? '', /^[0-9a-f]{32}$/);
  const other = await vault.call('GetSecret', { params: { name: 'other' } });
  assert.equal(other.body.error.innererror.code, 'ForbiddenByRbac');
  assert.equal((await vault.call('GetSecrets')).status, 403);
});

test('Owner, Contributor and Reader open no secret', async () => {
  const vault = await openTestVault(makeVault({ enableRbacAuthorization: true }));
  for (const role of ['Owner', 'Contributor', 'Reader', 'Key Vault Contributor']) {
    await vault.assign(role);
    assert.equal((await getSecret(vault)).status, 403, role);
  }
});

const acls = (bypass: 'AzureServices' | 'None') =>
  ({
    bypass,
    defaultAction: 'Deny',
    ipRules: [{ value: '203.0.113.0/24' }],
    virtualNetworkRules: [],
  }) as const;

test('the firewall names the address and the caller, and lets the listed in', async () => {
  const vault = await openTestVault(makeVault({ networkAcls: acls('AzureServices') }));
  assert.equal((await getSecret(vault)).status, 404);
  const { status, body } = await getSecret(vault, { clientAddress: '198.51.100.9' });
  assert.equal(status, 403);
  assert.deepEqual(body.error, {
    code: 'Forbidden',
    message:
      'Client address is not authorized and caller is not a trusted service.\r\n' +
      `Client address: 198.51.100.9\r\nCaller: ${CALLER}\r\nVault: contoso;location=westus`,
    innererror: { code: 'ForbiddenByFirewall' },
  });
});

test('nobody enters with public access disabled; the bypass changes the words', async () => {
  const vault = await openTestVault(makeVault({ publicNetworkAccess: 'Disabled' }));
  const plain = await getSecret(vault);
  assert.equal(plain.body.error.innererror.code, 'ForbiddenByConnection');
  assert.match(plain.body.error.message, /^Public network access is disabled .*\r\nCaller: appid=/);
  const closed = { publicNetworkAccess: 'Disabled', networkAcls: acls('None') };
  await vault.putVault(makeVault(closed));
  const noBypass = await getSecret(vault);
  assert.equal(noBypass.body.error.innererror.code, 'ForbiddenByConnection');
  assert.match(noBypass.body.error.message, /^Connection is not an approved private link/);
});

test('every answer carries the headers that clients and proxies rely on', async () => {
  const vault = await openTestVault();
  await vault.call('SetSecret', { params, body: { value: 'x' } });
  const { headers } = await getSecret(vault);
  const { 'x-ms-request-id': requestId, ...fixed } = headers;
  assert.match(requestId ?? '', /^[0-9a-f-]{36}$/);
  assert.deepEqual(fixed, {
    'Cache-Control': 'no-cache',
    Pragma: 'no-cache',
    Expires: '-1',
    'Strict-Transport-Security': 'max-age=31536000;includeSubDomains',
    'X-Content-Type-Options': 'nosniff',
    'x-ms-keyvault-region': 'westus',
    'x-ms-keyvault-service-version': '1.9.3347.1',
    'x-ms-keyvault-network-info': 'conn_type=Ipv4;addr=203.0.113.7;act_addr_fam=InterNetwork;',
    'x-ms-client-request-id': 'test-request',
  });
});

test('without a token the answers for vaults that exist and that do not are the same', async () => {
  const { plane } = await openTestVault();
  const request = makeRequest({ method: 'GET', path: '/secrets' }, {});
  const there = plane.headers(request, plane.accept('contoso.vault.example'), undefined);
  const absent = plane.headers(request, plane.accept('nobody.vault.example'), undefined);
  assert.deepEqual(there, absent);
});

test('a client request id that could break a header is not echoed', async () => {
  const { plane } = await openTestVault();
  const request = makeRequest({ method: 'GET', path: '/secrets' }, {});
  for (const id of ['a\r\nSet-Cookie: x', 'a b', '', 'x'.repeat(129), 'é']) {
    const headers = { 'x-ms-client-request-id': id };
    const answer = plane.headers({ ...request, headers }, undefined, undefined);
    assert.equal(answer['x-ms-client-request-id'], undefined, JSON.stringify(id));
  }
});

test('an unknown api-version is told which one is the latest', async () => {
  const vault = await openTestVault();
  const { status, body } = await getSecret(vault, { apiVersion: '6.0' });
  assert.deepEqual(
    [status, body.error],
    [
      400,
      {
        code: 'BadParameter',
        message:
          'The specified version (6.0) is not recognized. ' +
          'Consider using the latest supported version (2026-04-01).',
      },
    ],
  );
});

test('what the pipeline refuses comes in Key Vault shape, with nothing of the cause', async () => {
  const { plane } = await openTestVault();
  const { refusals } = plane;
  const request = makeRequest({ method: 'PUT', path: '/secrets/' }, {});
  const cause = new Error('hunter2');
  const absent = new TokenError('unavailable', 'hunter2');
  const cases: [ApiError, number, string, string][] = [
    [refusals.methodNotAllowed(request), 405, 'MethodNotAllowed', 'HTTP PUT not allowed'],
    [refusals.unknownPath(request), 404, 'NotFound', 'Nothing is served at this path.'],
    [refusals.bodyTooLarge(), 413, 'RequestTooLarge', 'The request body is too large.'],
    [refusals.malformedJson(cause), 400, 'BadParameter', 'The request body is not valid JSON.'],
    [refusals.apiVersion(undefined, request), 400, 'BadParameter', 'The query parameter api-'],
    [refusals.internal(cause), 500, 'InternalError', 'The request could not be completed.'],
    [refusals.internal(new TokenError('failed', 'hunter2')), 500, 'InternalError', 'The request'],
    [refusals.internal(absent), 503, 'ServiceUnavailable', 'The hardware security module'],
    [refusals.schema(new SchemaError('body', []), request), 400, 'BadParameter', ''],
  ];
  for (const [error, status, code, start] of cases) {
    const answer = plane.renderError(error, request, undefined);
    assert.equal(answer.status, status);
    const text = JSON.stringify(answer.body);
    assert.ok(text.startsWith(`{"error":{"code":"${code}","message":"${start}`), text);
    assert.equal(text.includes('hunter2'), false);
  }
});

test('a refused token becomes the challenge, any other failure stays a failure', async () => {
  const { options } = await openTestVault();
  const request = makeRequest({ method: 'GET', path: '/secrets' }, {});
  const withFailure = (failure: Error) =>
    vaultPlane({
      ...options,
      authenticator: {
        authenticate: () => {
          throw failure;
        },
      },
    });
  const target = { name: 'nobody', vault: undefined };
  const refusing = withFailure(new TokenRefused({ code: 'missing' }));
  await assert.rejects(refusing.authenticate(request, target), (error) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.status, 401, 'for a vault that does not exist as well');
    return 'WWW-Authenticate' in error.headers;
  });
  const broken = new Error('broken');
  await assert.rejects(withFailure(broken).authenticate(request, target), broken);
});

test('the audit log is told the vault and the address asked for, without the query', async () => {
  const { plane } = await openTestVault();
  const request = makeRequest({ method: 'GET', path: '/secrets' }, { query: { a: 'b' } });
  const target = plane.accept('contoso.vault.example');
  assert.deepEqual(plane.describe({ request, target, params: {} }), {
    resourceId:
      '/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/Group/providers/' +
      'Microsoft.KeyVault/vaults/contoso',
    objectId: 'https://contoso.vault.example:8443/secrets',
  });
});
