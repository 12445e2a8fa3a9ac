import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AuditedRequest } from '#audit';
import {
  ApiError,
  BodyTooLarge,
  issueGrant,
  ManualClock,
  type Operation,
  operation,
  type Plane,
  type Principal,
  type RawRequest,
  z,
} from '#kernel';
import { type Answer, servePlane } from './pipeline.ts';

const ALICE: Principal = {
  type: 'User',
  tenantId: 't',
  objectId: 'alice',
  applicationId: 'app',
  issuer: 'https://login.test/t/',
  claims: {},
};

const error = (status: number, code: string) => new ApiError({ status, code, message: code });

/** Notes each stage it is asked for, so that a test can read the order. */
class ToyPlane implements Plane<string> {
  readonly name = 'toy';
  readonly methodOverrideHeader = 'x-http-method';
  readonly stages: string[] = [];
  readonly operations: readonly Operation<string>[];
  refuseAt: string | undefined;

  constructor() {
    const versions = { required: true, accepts: (version: string) => version === '1' };
    const common = { versions, success: 200, errors: [] };
    const note = (stage: string) => this.stages.push(stage);
    this.operations = [
      operation<string, unknown, unknown, { n: number }>({
        ...common,
        id: 'Put',
        method: 'PUT',
        path: '/things/{name}',
        access: { kind: 'action', action: 'things/write' },
        audit: 'ThingPut',
        body: z.object({ n: z.number() }),
        handle: ({ body, params, grant }) => {
          note('handle');
          return { status: 201, body: { n: body.n, params, by: grant.by }, audit: { n: body.n } };
        },
      }),
      operation<string>({
        ...common,
        id: 'Open',
        method: 'GET',
        path: '/open',
        access: { kind: 'anonymous' },
        audit: 'Open',
        handle: () => ({ text: { contentType: 'text/plain', content: 'open' } }),
      }),
      operation<string>({
        ...common,
        id: 'Crash',
        method: 'GET',
        path: '/crash',
        access: { kind: 'authenticated' },
        audit: 'Crash',
        handle: () => {
          throw new TypeError('secret detail that must stay inside');
        },
      }),
    ];
  }

  #stage(name: string, status: number): void {
    this.stages.push(name);
    if (this.refuseAt === name) throw error(status, name);
  }
  accept(hostname: string) {
    return hostname === 'toy.test' ? 'target' : undefined;
  }
  async authenticate(request: RawRequest) {
    this.#stage('authenticate', 401);
    if (request.headers.authorization === 'Nobody') return undefined;
    if (request.headers.authorization !== 'Bearer alice') throw error(401, 'Unauthorized');
    return ALICE;
  }
  admit() {
    this.#stage('admit', 403);
  }
  authorize() {
    this.#stage('authorize', 403);
    return issueGrant({ principal: ALICE, action: 'a', scope: '/', partition: 'p/', by: 'rbac' });
  }
  readonly refusals = {
    unknownPath: () => error(404, 'UnknownPath'),
    methodNotAllowed: () => error(405, 'MethodNotAllowed'),
    apiVersion: (given: string | undefined) => error(400, `ApiVersion ${given}`),
    malformedJson: () => error(400, 'MalformedJson'),
    schema: () => error(400, 'Schema'),
    bodyTooLarge: () => error(413, 'BodyTooLarge'),
    internal: () => error(500, 'Internal'),
  };
  renderError(thrown: ApiError) {
    return { status: thrown.status, body: { error: thrown.definition.code } };
  }
  headers() {
    return { 'x-plane': 'toy' };
  }
  describe() {
    return { resourceId: 'R', objectId: 'O' };
  }
}

interface Sent {
  readonly answer: Answer;
  readonly outcome: AuditedRequest | undefined;
  readonly logged: readonly unknown[];
  readonly plane: ToyPlane;
}

interface Sending {
  readonly method?: string;
  readonly path?: string;
  readonly version?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Error;
  readonly refuseAt?: string;
  readonly auditFails?: boolean;
}

async function send(sending: Sending): Promise<Sent> {
  const plane = new ToyPlane();
  plane.refuseAt = sending.refuseAt;
  const outcomes: AuditedRequest[] = [];
  const logged: unknown[] = [];
  const handler = servePlane(plane, {
    clock: new ManualClock(),
    audit: async (outcome) => {
      outcomes.push(outcome);
      if (sending.auditFails) throw new Error('disk full');
    },
    logError: (_id, cause) => logged.push(cause),
  });
  const answer = await handler({
    id: 'request-1',
    method: sending.method ?? 'PUT',
    origin: 'https://toy.test',
    hostname: 'toy.test',
    path: sending.path ?? '/things/a',
    query: { 'api-version': sending.version ?? '1' },
    queryText: '',
    headers: { authorization: 'Bearer alice', ...sending.headers },
    clientAddress: '127.0.0.1',
    tlsVersion: 'TLS1_3',
    receivedAtMs: 0,
    body: async () => {
      plane.stages.push('body');
      if (sending.body instanceof Error) throw sending.body;
      return Buffer.from(sending.body ?? '{"n":1}');
    },
  });
  assert.ok(answer);
  return { answer, outcome: outcomes[0], logged, plane };
}

describe('pipeline', () => {
  test('stages run in one order and the body is read only after the access decision', async () => {
    const { answer, plane } = await send({});
    assert.deepEqual(plane.stages, ['authenticate', 'admit', 'authorize', 'body', 'handle']);
    assert.equal(answer.status, 201);
    assert.equal(answer.headers['x-plane'], 'toy');
    assert.deepEqual(JSON.parse(answer.body), { n: 1, params: { name: 'a' }, by: 'rbac' });
  });

  for (const [stage, status] of [
    ['authenticate', 401],
    ['admit', 403],
    ['authorize', 403],
  ] as const) {
    test(`a refusal at ${stage} ends the request there and is audited`, async () => {
      const { answer, plane, outcome } = await send({ refuseAt: stage });
      assert.equal(answer.status, status);
      assert.equal(plane.stages.at(-1), stage);
      assert.equal(outcome?.status, status);
      assert.equal(outcome?.errorCode, stage);
    });
  }

  const refusals: readonly [string, Sending, number, string][] = [
    ['no token on a known path', { headers: { authorization: '' } }, 401, 'Unauthorized'],
    [
      'no token on an unknown path',
      { path: '/x', headers: { authorization: '' } },
      401,
      'Unauthorized',
    ],
    ['an unknown path', { path: '/x' }, 404, 'UnknownPath'],
    [
      'a row that wants a caller, where the plane knows nobody,',
      { headers: { authorization: 'Nobody' } },
      404,
      'UnknownPath',
    ],
    ['another method', { method: 'DELETE' }, 405, 'MethodNotAllowed'],
    ['an unknown api-version', { version: '2' }, 400, 'ApiVersion 2'],
    ['a body that is not JSON', { body: '{' }, 400, 'MalformedJson'],
    ['a body that does not fit', { body: '{"n":"1"}' }, 400, 'Schema'],
    ['an empty body where one is needed', { body: '' }, 400, 'Schema'],
    ['a body past the limit', { body: new BodyTooLarge() }, 413, 'BodyTooLarge'],
  ];
  for (const [name, sending, status, code] of refusals) {
    test(`${name} is ${status} ${code}`, async () => {
      const { answer, outcome } = await send(sending);
      assert.equal(answer.status, status);
      assert.deepEqual(JSON.parse(answer.body), { error: code });
      assert.equal(outcome?.status, status);
    });
  }

  test('a call without a token is audited as Authentication, not as the operation', async () => {
    const { outcome } = await send({ headers: { authorization: '' } });
    assert.equal(outcome?.operation.name, 'Authentication');
    assert.equal(outcome?.principal, undefined);
  });

  test('an anonymous row asks for no token but passes network and access decision', async () => {
    const { answer, plane } = await send({
      method: 'GET',
      path: '/open',
      headers: { authorization: '' },
    });
    assert.deepEqual(plane.stages, ['admit', 'authorize']);
    assert.equal(answer.body, 'open');
    assert.equal(answer.headers['Content-Type'], 'text/plain');
  });

  test('what nobody expected is 500 Internal outside and its cause only in the log', async () => {
    const { answer, logged, outcome } = await send({ method: 'GET', path: '/crash' });
    assert.equal(answer.status, 500);
    assert.equal(answer.body.includes('secret detail'), false);
    assert.equal(JSON.stringify(outcome).includes('secret detail'), false);
    assert.match(String(logged[0]), /secret detail/);
  });

  test('an event that cannot be written turns success into 500 and shows no result', async () => {
    const { answer } = await send({ auditFails: true });
    assert.equal(answer.status, 500);
    assert.deepEqual(JSON.parse(answer.body), { error: 'Internal' });
  });

  test('a POST may name another method in the override header; other verbs may not', async () => {
    const put = await send({ method: 'POST', headers: { 'x-http-method': 'put' } });
    assert.equal(put.answer.status, 201);
    const get = await send({ method: 'GET', headers: { 'x-http-method': 'PUT' } });
    assert.equal(get.answer.status, 405);
  });

  test('a byte order mark before JSON does not matter', async () => {
    assert.equal((await send({ body: '\uFEFF{"n":2}' })).answer.status, 201);
  });

  test('the audited outcome names operation, caller, target and added details', async () => {
    const { outcome } = await send({});
    assert.equal(outcome?.operation.name, 'ThingPut');
    assert.equal(outcome?.principal, ALICE);
    assert.equal(outcome?.resourceId, 'R');
    assert.deepEqual(outcome?.details, { n: 1 });
  });

  test('a host of another plane is not handled', () => {
    const handler = servePlane(new ToyPlane(), {
      clock: new ManualClock(),
      audit: async () => {},
      logError: () => {},
    });
    const request = { hostname: 'other.test' } satisfies Partial<RawRequest>;
    assert.equal(handler({ ...blank, ...request }), undefined);
  });
});

const blank: RawRequest = {
  id: '',
  method: 'GET',
  origin: '',
  hostname: '',
  path: '/',
  query: {},
  queryText: '',
  headers: {},
  clientAddress: '',
  tlsVersion: '',
  receivedAtMs: 0,
  body: async () => new Uint8Array(),
};
