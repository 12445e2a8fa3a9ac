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

test('base64url that decodes is exactly what encoding its bytes gives', () => {
  const text = fc.stringMatching(/^[A-Za-z0-9_-]{0,12}$/);
  const property = fc.property(text, (given) => {
    const bytes = decodeBase64Url(given);
    if (bytes !== undefined) assert.equal(encodeBase64Url(bytes), given);
    else assert.notEqual(Buffer.from(given, 'base64url').toString('base64url'), given);
  });
  fc.assert(property, { numRuns: 1000 });
});

test('base64url of a part of a buffer holds nothing of the rest', () => {
  const whole = Buffer.from('secret public secret');
  assert.equal(encodeBase64Url(whole.subarray(7, 13)), Buffer.from('public').toString('base64url'));
});

describe('ids', () => {
  test('nothing but a GUID as it is written is one', () => {
    const guid = newGuid();
    assert.ok(isGuid(guid.toUpperCase()));
    const bad = [`{${guid}}`, `${guid}\n`, ` ${guid}`, guid.replaceAll('-', ''), guid.slice(1), ''];
    for (const text of bad) assert.equal(isGuid(text), false, text);
    assert.equal(isGuid(guid.replace(/.$/, 'g')), false);
    assert.equal(new Set(Array.from({ length: 100 }, newVersion)).size, 100);
  });

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

  test('more for the audit log changes nothing that the caller sees', () => {
    const definition = { status: 404, code: 'C', message: 'a {x}' };
    const cause = new Error('cause');
    const headers = { 'Retry-After': '1' };
    const error = new ApiError(definition, { x: '1' }, { cause, headers, reason: 'first' });
    const more = error.withReason({ why: 1 });
    assert.deepEqual([error.reason, more.reason], ['first', { why: 1 }]);
    assert.deepEqual([more.message, more.status, more.headers], ['a 1', 404, headers]);
    assert.equal(more.cause, cause);
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

  test('work for the past and for now runs at the next step, in the order it was given', () => {
    const clock = new ManualClock(100);
    const ran: string[] = [];
    clock.after(0, () => ran.push('now'));
    clock.after(-50, () => ran.push('past'));
    assert.equal(ran.length, 0);
    clock.advance(0);
    assert.deepEqual(ran, ['now', 'past']);
    assert.equal(clock.now(), 100, 'time does not go back');
    clock.after(10, () => ran.push('edge'));
    clock.advance(9);
    assert.equal(ran.length, 2);
    clock.advance(1);
    assert.equal(ran.length, 3);
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
