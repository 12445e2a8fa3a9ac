import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  ApiError,
  assertIssued,
  decodeBase64Url,
  encodeBase64Url,
  Grant,
  isGuid,
  issueGrant,
  ManualClock,
  newGuid,
  newVersion,
  parse,
  SchemaError,
  z,
} from '#kernel';

describe('base64url', () => {
  test('what was encoded decodes to the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        assert.deepEqual(new Uint8Array(decodeBase64Url(encodeBase64Url(bytes)) ?? []), bytes);
      }),
    );
  });

  for (const bad of ['a', 'ab=', 'a+b/', 'a b ', 'AB', '\u00e4']) {
    test(`${JSON.stringify(bad)} is refused: it is not what encoding would give`, () => {
      assert.equal(decodeBase64Url(bad), undefined);
    });
  }
});

describe('ids', () => {
  test('a new GUID is a GUID and a new version is 32 lower-case hex digits', () => {
    assert.ok(isGuid(newGuid()));
    assert.match(newVersion(), /^[0-9a-f]{32}$/);
    assert.equal(isGuid(`${newGuid()}0`), false);
  });
});

describe('grant', () => {
  const details = {
    principal: undefined,
    action: 'a',
    scope: '/',
    partition: 'p/',
    by: 'system',
  } as const;

  test('an issued grant cannot be widened afterwards', () => {
    const grant = issueGrant(details);
    assert.throws(() => Object.assign(grant, { partition: '' }), TypeError);
    assert.equal(grant.partition, 'p/');
  });

  test('an object that only looks like a grant is not one', () => {
    const forged: Grant = Object.assign(Object.create(Grant.prototype), details);
    assert.throws(() => assertIssued(forged), /not an issued grant/);
    assertIssued(issueGrant(details));
  });
});

describe('api error', () => {
  test('the message is the template with its arguments, a missing one left empty', () => {
    const definition = { status: 404, code: 'C', message: 'a {x} b {y}' };
    assert.equal(new ApiError(definition, { x: '1' }).message, 'a 1 b ');
  });

  test('an argument that looks like a placeholder is not filled again', () => {
    const definition = { status: 404, code: 'C', message: '{x}' };
    assert.equal(new ApiError(definition, { x: '{y}', y: 'secret' }).message, '{y}');
  });
});

test('a value that does not fit throws SchemaError naming the part and the path', () => {
  const schema = z.object({ a: z.object({ b: z.number() }) });
  assert.throws(
    () => parse(schema, { a: { b: 'x' } }, 'body'),
    (thrown) => {
      assert.ok(thrown instanceof SchemaError);
      assert.equal(thrown.part, 'body');
      assert.deepEqual(thrown.issues[0]?.path, ['a', 'b']);
      return true;
    },
  );
});

describe('manual clock', () => {
  test('due work runs in order of time, also work that due work adds', () => {
    const clock = new ManualClock(0);
    const ran: string[] = [];
    clock.after(20, () => ran.push(`b${clock.now()}`));
    clock.after(10, () => {
      ran.push(`a${clock.now()}`);
      clock.after(5, () => ran.push(`c${clock.now()}`));
    });
    clock.after(99, () => ran.push('late'));
    clock.advance(30);
    assert.deepEqual(ran, ['a10', 'c15', 'b20']);
  });

  test('cancelled work does not run', () => {
    const clock = new ManualClock(0);
    let ran = false;
    clock.after(1, () => {
      ran = true;
    })();
    clock.advance(5);
    assert.equal(ran, false);
  });
});
