import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GrantDetails, RawRequest } from '#kernel';
import { type AuditedRequest, renderAuditEvent, renderSystemEvent } from './event.ts';

const request: RawRequest = {
  id: '11111111-1111-4111-8111-111111111111',
  method: 'GET',
  origin: 'https://myvault.vault.localhost:8443',
  hostname: 'myvault.vault.localhost',
  path: '/secrets/name/',
  query: { 'api-version': '7.4' },
  queryText: 'api-version=7.4',
  headers: { 'user-agent': 'azsdk-js', authorization: 'Bearer very-secret-token' },
  clientAddress: '203.0.113.10',
  tlsVersion: 'TLS1_3',
  receivedAtMs: Date.UTC(2026, 1, 3, 4, 5, 6, 789),
  body: () => Promise.reject(new Error('the audit log never reads a body')),
};

const audited: AuditedRequest = {
  request,
  plane: 'vault',
  operation: { name: 'SecretGet', apiVersion: '7.4' },
  principal: {
    type: 'ServicePrincipal',
    tenantId: 'tenant',
    objectId: 'object',
    applicationId: 'application',
    issuer: 'https://login.localhost:8443/tenant/',
    claims: { idtyp: 'app', appidacr: '1' },
  },
  grant: granted({
    by: 'rbac',
    assignmentId: '/x/roleAssignments/7e9d4c10-58f8-e4f0-887c-30b45f63aef1',
  }),
  resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/myvault',
  objectId: 'https://myvault.vault.localhost:8443/secrets/name/d123e4567d89b12c3456789abcdef012',
  status: 200,
  errorCode: undefined,
  message: undefined,
  reason: undefined,
  details: {},
  durationMs: 4.6,
};

function granted(details: Pick<GrantDetails, 'by' | 'assignmentId'>): GrantDetails {
  return { principal: undefined, action: 'a', scope: 's', partition: 'p', ...details };
}

function properties(change: Partial<AuditedRequest>): Readonly<Record<string, unknown>> {
  return renderAuditEvent({ ...audited, ...change }).properties;
}

describe('an audit event', () => {
  it('has the shape of Azure’s', () => {
    assert.deepEqual(renderAuditEvent(audited), {
      time: '2026-02-03T04:05:06.789Z',
      category: 'AuditEvent',
      operationName: 'SecretGet',
      resultType: 'Success',
      resultSignature: 'OK',
      resultDescription: '',
      correlationId: request.id,
      callerIpAddress: '203.0.113.10',
      identity: { claim: { oid: 'object', appid: 'application', idtyp: 'app', appidacr: '1' } },
      properties: {
        id: audited.objectId,
        clientInfo: 'azsdk-js',
        requestUri: 'https://myvault.vault.localhost:8443/secrets/name/?api-version=7.4',
        httpStatusCode: 200,
        isRbacAuthorized: true,
        appliedAssignmentId: '7e9d4c1058f8e4f0887c30b45f63aef1',
        isAddressAuthorized: true,
        tlsVersion: 'TLS1_3',
      },
      resourceId: '/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/MYVAULT',
      operationVersion: '7.4',
      durationMs: '5',
    });
  });

  it('calls a refusal a success that answered Forbidden, as Azure does', () => {
    const refused = renderAuditEvent({
      ...audited,
      grant: undefined,
      status: 403,
      errorCode: 'ForbiddenByRbac',
      message: 'Caller is not authorized to perform action on resource.',
      reason: { kind: 'no-assignment' },
    });
    assert.equal(refused.resultType, 'Success');
    assert.equal(refused.resultSignature, 'Forbidden');
    assert.match(refused.resultDescription, /not authorized/);
    assert.equal(refused.properties.isRbacAuthorized, false);
    assert.deepEqual(refused.properties.denialReason, { kind: 'no-assignment' });
    assert.equal(renderAuditEvent({ ...audited, status: 500 }).resultType, 'Failure');
  });

  it('says by which model access was decided, and nothing of the other', () => {
    const byPolicy = properties({ grant: granted({ by: 'policy' }) });
    assert.equal(byPolicy.isAccessPolicyMatch, true);
    assert.ok(!('isRbacAuthorized' in byPolicy));
    const noPolicy = properties({ grant: undefined, errorCode: 'AccessDenied' });
    assert.equal(noPolicy.isAccessPolicyMatch, false);
    for (const errorCode of ['ForbiddenByFirewall', 'ForbiddenByConnection']) {
      const outside = properties({ grant: undefined, errorCode });
      assert.equal(outside.isAddressAuthorized, false);
      assert.ok(!('isRbacAuthorized' in outside) && !('isAccessPolicyMatch' in outside));
    }
    for (const by of ['anonymous', 'authenticated', 'directory', 'system'] as const) {
      const other = properties({ grant: granted({ by }) });
      assert.ok(!('isRbacAuthorized' in other) && !('isAccessPolicyMatch' in other));
    }
  });

  it('names nobody when nobody was authenticated', () => {
    const anonymous = renderAuditEvent({ ...audited, principal: undefined, grant: undefined });
    assert.deepEqual(anonymous.identity, { claim: {} });
  });

  it('cannot be given another identity by a claim', () => {
    const { principal } = audited;
    assert.ok(principal !== undefined);
    const forged = { ...principal, claims: { oid: 'administrator', appid: 'x' } };
    const { claim } = renderAuditEvent({ ...audited, principal: forged }).identity;
    assert.equal(claim.oid, 'object');
    assert.equal(claim.appid, 'application');
  });

  it('takes the caller’s correlation id where there is one', () => {
    const headers = { 'x-ms-client-request-id': 'abc' };
    assert.equal(
      renderAuditEvent({ ...audited, request: { ...request, headers } }).correlationId,
      'abc',
    );
    const empty = { 'x-ms-client-request-id': '' };
    const event = renderAuditEvent({ ...audited, request: { ...request, headers: empty } });
    assert.equal(event.correlationId, request.id);
  });

  it('adds what the operation has to say', () => {
    assert.equal(properties({ details: { algorithm: 'RS256' } }).algorithm, 'RS256');
  });

  it('never holds the token', () => {
    assert.doesNotMatch(JSON.stringify(renderAuditEvent(audited)), /very-secret/);
  });

  it('leaves out the query of sign-in requests, which says who signs in', () => {
    const login = { ...request, queryText: 'login_hint=alice%40example.com' };
    assert.doesNotMatch(String(properties({ plane: 'login', request: login }).requestUri), /alice/);
    assert.match(String(properties({ plane: 'graph', request: login }).requestUri), /alice/);
  });

  it('has a length that no caller chooses', () => {
    const long = 'x'.repeat(100_000);
    const event = renderAuditEvent({
      ...audited,
      request: {
        ...request,
        path: `/${long}`,
        headers: { 'user-agent': long, 'x-ms-client-request-id': long },
      },
      operation: { name: 'SecretGet', apiVersion: long },
      objectId: long,
      message: long,
    });
    assert.ok(JSON.stringify(event).length < 25_000);
  });

  it('of work that time started names the work and nobody', () => {
    const resourceId = '/subscriptions/s/resourceGroups/g/providers/p/vaults/v';
    const objectId = 'https://v.vault.localhost/keys/k/1';
    const work = { operation: 'KeyRotateIfDue', resourceId, objectId };
    const { correlationId, ...event } = renderSystemEvent(work, { timeMs: 1000 });
    assert.match(correlationId, /^[0-9a-f-]{36}$/);
    assert.deepEqual(event.identity, { claim: {} });
    assert.equal(event.time, '1970-01-01T00:00:01.000Z');
    assert.equal(event.operationName, 'KeyRotateIfDue');
    assert.equal(event.resourceId, resourceId.toUpperCase());
    assert.deepEqual(event.properties, { id: objectId, httpStatusCode: 200 });
  });
});
