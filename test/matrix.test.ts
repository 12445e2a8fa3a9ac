// The matrix: every operation row of every plane against everything that a caller can get wrong.
// The rows are read from the product, so a new operation is covered the moment it is served.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Caller } from '#test/kit/caller.ts';
import { admitToSecrets, createApplication, createVault } from '#test/kit/estate.ts';
import { type Instance, startInstance } from '#test/kit/instance.ts';
import type { Answer } from '#test/kit/wire.ts';
import { callRow, type Estate, type RowCall } from '#test/matrix/call-row.ts';
import { describeAnswer, isWorded, readError, showsInternals } from '#test/matrix/dialect.ts';
import { loadRows, type Row } from '#test/matrix/rows.ts';

const MALFORMED = ['{"value":', '"text"', '[]', '7', 'true', '{"a":1}x', '\u0000'];
const ODD = ['{}', '{"properties":7}', '{"properties":{"tags":[]}}', `${'['.repeat(5_000)}`];
const METHODS = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE'];

const rows = await loadRows();
const guarded = rows.filter(({ access }) => access.kind !== 'anonymous');

describe('every operation', () => {
  let estate: Estate;
  let owner: Caller;
  let stranger: Caller;
  let instance: Instance;

  before(async () => {
    instance = await startInstance();
    owner = instance.owner;
    const rbac = await createVault(owner, { model: 'rbac' });
    const policy = await createVault(owner, { model: 'policy' });
    await admitToSecrets(owner, owner, { name: rbac, model: 'rbac' });
    stranger = await createApplication(owner, 'stranger');
    estate = { instance, vaults: { rbac, policy } };
  });

  after(() => instance?.stop());

  /** Calls each row and lists those whose answer is not as it should be, with that answer. */
  async function deviations(
    calls: readonly RowCall[],
    isRight: (answer: Answer, row: Row) => boolean,
  ): Promise<string[]> {
    const wrong: string[] = [];
    for (const call of calls) {
      const answer = await callRow(estate, call);
      const { plane, id } = call.row;
      if (isRight(answer, call.row) && !showsInternals(answer)) continue;
      const text = call.text === undefined ? '' : ` ${call.text.slice(0, 30)}`;
      wrong.push(`${plane} ${call.method ?? ''} ${id}${text}: ${describeAnswer(plane, answer)}`);
    }
    return wrong;
  }

  test('is refused with 401 and a challenge without a token', async () => {
    const calls = guarded.map((row) => ({ row }));
    const wrong = await deviations(calls, (answer, { plane }) => {
      const challenge = answer.headers['www-authenticate'] ?? '';
      const worded = isWorded(plane, answer);
      return answer.status === 401 && challenge.startsWith('Bearer ') && worded;
    });
    assert.deepEqual(wrong, []);
  });

  test('is refused with 401 with a token that nobody issued', async () => {
    const wrong: string[] = [];
    for (const row of guarded) {
      const [head = '', body = ''] = (await owner.vaultToken()).split('.');
      const forged = `${head}.${body}.${Buffer.alloc(256, 1).toString('base64url')}`;
      const caller = { vaultToken: async () => forged, token: async () => forged };
      const answer = await callRow(estate, { row, caller: Object.assign(cloneOf(owner), caller) });
      if (answer.status !== 401) wrong.push(`${row.id}: ${describeAnswer(row.plane, answer)}`);
    }
    assert.deepEqual(wrong, []);
  });

  for (const [vault, inner] of [
    ['rbac', 'ForbiddenByRbac'],
    ['policy', 'ForbiddenByPolicy'],
  ] as const) {
    test(`on a vault in ${vault} mode is refused with 403 without a grant`, async () => {
      const calls = guarded
        .filter(({ plane }) => plane === 'vault')
        .map((row) => ({ row, vault, caller: stranger }));
      const wrong = await deviations(calls, (answer, { plane }) => {
        const error = readError(plane, answer);
        return answer.status === 403 && error?.code === 'Forbidden' && error.inner === inner;
      });
      assert.deepEqual(wrong, []);
    });
  }

  test('of Graph is refused with 403 without a directory role', async () => {
    const calls = guarded
      .filter(({ plane, access }) => plane === 'graph' && access.kind === 'directory')
      .map((row) => ({ row, caller: stranger }));
    const wrong = await deviations(calls, (answer, { plane }) => {
      const error = readError(plane, answer);
      return answer.status === 403 && error?.code === 'Authorization_RequestDenied';
    });
    assert.deepEqual(wrong, []);
  });

  test('of Resource Manager does nothing and shows nothing without a role', async () => {
    const calls = guarded
      .filter(({ plane }) => plane === 'management')
      .map((row) => ({ row, caller: stranger, text: row.takesBody ? '{}' : undefined }))
      .map(({ text, ...call }) => (text === undefined ? call : { ...call, text }));
    // The other vault stands in the paths that are called, so a refusal may repeat it.
    const secrets = [estate.vaults.policy, owner.objectId];
    const wrong = await deviations(calls, (answer, { method, access }) => {
      if (secrets.some((secret) => answer.text.includes(secret))) return false;
      if ([400, 403].includes(answer.status)) return true;
      // Lists are for everyone, each with what he may see; for him that is nothing of ours.
      return (method === 'GET' && answer.status === 200) || access.kind !== 'action';
    });
    assert.deepEqual(wrong, []);
  });

  test('is refused with 400 without an api-version, or with one that is not known', async () => {
    const versioned = guarded.filter(({ versions }) => versions.required);
    const calls = versioned.flatMap((row) =>
      [null, '1.0', '2999-99-99', 'latest'].map((apiVersion) => ({
        row,
        apiVersion,
        caller: owner,
      })),
    );
    const wrong = await deviations(
      calls,
      (answer, { plane }) => answer.status === 400 && isWorded(plane, answer),
    );
    assert.deepEqual(wrong, []);
  });

  test('is refused with 400 with a body that is not a JSON object', async () => {
    const calls = rows
      .filter(({ takesBody, bodyFormat }) => takesBody && (bodyFormat ?? 'json') === 'json')
      .flatMap((row) => MALFORMED.map((text) => ({ row, caller: owner, text })));
    const wrong = await deviations(
      calls,
      (answer, { plane }) => [400, 404].includes(answer.status) && isWorded(plane, answer),
    );
    assert.deepEqual(wrong, []);
  });

  test('is refused with 400 with a form that holds nothing of use', async () => {
    const calls = rows
      .filter(({ takesBody, bodyFormat }) => takesBody && bodyFormat === 'form')
      .flatMap((row) => ['', '&&&', '%', 'a=%ff', 'grant_type='].map((text) => ({ row, text })));
    const wrong = await deviations(
      calls,
      (answer, { plane }) => answer.status === 400 && isWorded(plane, answer),
    );
    assert.deepEqual(wrong, []);
  });

  test('never answers 500, whatever the body', async () => {
    const calls = rows
      .filter(({ takesBody }) => takesBody)
      .flatMap((row) => ODD.map((text) => ({ row, caller: owner, text })));
    assert.deepEqual(await deviations(calls, ({ status }) => status < 500), []);
  });

  test('never answers 500, whatever the path', async () => {
    const odd = ['%00', '%2e%2e', '%2F', '%E0%A4%A', 'a'.repeat(2_000), "'", '%0d%0aX-Evil:%201'];
    const calls = rows.flatMap((row) => {
      const places = [...row.path.matchAll(/\{([^}]+)\}/g)].map(([, place = '']) => place);
      return odd.map((value) => ({
        row,
        caller: owner,
        params: Object.fromEntries(places.map((place) => [place, value])),
      }));
    });
    const wrong = await deviations(
      calls,
      (answer, { plane }) =>
        answer.status < 500 &&
        answer.headers['x-evil'] === undefined &&
        (answer.status < 400 || isWorded(plane, answer)),
    );
    assert.deepEqual(wrong, []);
  });

  test('refuses methods that its path does not have, in its plane’s words', async () => {
    const calls = rows.flatMap((row) => {
      const served = rows
        .filter(({ plane, path }) => plane === row.plane && sameShape(path, row.path))
        .map(({ method }) => method);
      return METHODS.filter((method) => !served.some((known) => known === method)).map(
        (method) => ({ row, method, caller: owner }),
      );
    });
    const wrong = await deviations(
      calls,
      (answer, { plane }) => answer.status >= 400 && answer.status < 500 && isWorded(plane, answer),
    );
    assert.deepEqual(wrong, []);
  });

  test('says of what is not there only what its row declares', async () => {
    const calls = guarded
      .filter(({ takesBody, method }) => !takesBody && method !== 'HEAD')
      .map((row) => ({ row, caller: owner }));
    const wrong = await deviations(calls, (answer, { plane, errors }) => {
      if (answer.status < 400) return true;
      const error = readError(plane, answer);
      return errors.some(
        ({ status, code, inner }) =>
          status === answer.status && code === error?.code && inner === error.inner,
      );
    });
    assert.deepEqual(wrong, []);
  });

  test('answers with a request id, and with nothing to be sniffed or kept', async () => {
    const calls = rows.map((row) => ({ row, caller: owner }));
    const wrong = await deviations(calls, ({ headers }) => {
      const id = headers['x-ms-request-id'] ?? headers['request-id'];
      return id !== undefined && headers['x-content-type-options'] === 'nosniff';
    });
    assert.deepEqual(wrong, []);
  });

  test('has left no unexpected error in the log', () => {
    assert.equal(instance.child.stderr(), '');
  });
});

/** Two templates that match the same paths. */
function sameShape(one: string, other: string): boolean {
  const shape = (path: string) => path.replace(/\{[^}]+\}/g, '{}').toLowerCase();
  return shape(one) === shape(other);
}

function cloneOf(caller: Caller): Caller {
  return Object.create(caller);
}
