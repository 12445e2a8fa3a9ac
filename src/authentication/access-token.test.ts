import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, test } from 'node:test';
import { openAccessToken } from './access-token.ts';
import { TokenRefused } from './token-refused.ts';

const ours = generateKeyPairSync('rsa', { modulusLength: 2048 });
const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 });
const keyOf = (kid: string) => (kid === 'ours' ? ours.publicKey : undefined);

const CLAIMS = {
  iss: 'https://login.test/t/',
  aud: 'https://vault.test',
  tid: 't',
  oid: 'alice',
  iat: 1,
  nbf: 1,
  exp: 2,
  idtyp: 'app',
};

function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString(
    'base64url',
  );
}

function make(header: unknown, claims: unknown, key: KeyObject = ours.privateKey): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

const GOOD = { typ: 'JWT', alg: 'RS256', kid: 'ours' };

function refusal(token: string): string {
  try {
    openAccessToken(token, keyOf);
  } catch (error) {
    assert.ok(error instanceof TokenRefused);
    return error.code;
  }
  return 'accepted';
}

test('a token that we signed is read', () => {
  const opened = openAccessToken(make(GOOD, CLAIMS), keyOf);
  assert.equal(opened.kid, 'ours');
  assert.equal(opened.claims.oid, 'alice');
});

describe('the algorithm is ours to choose, not the token’s', () => {
  test('an unsigned token is refused under every spelling of none', () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
      const token = `${encode({ ...GOOD, alg })}.${encode(CLAIMS)}.`;
      assert.equal(refusal(token), 'algorithm');
    }
    assert.equal(refusal(`${encode(GOOD)}.${encode(CLAIMS)}.`), 'signature');
  });

  test('an HMAC made with the public key as its secret is refused', () => {
    for (const format of ['pem', 'der'] as const) {
      const secret = ours.publicKey.export({ type: 'spki', format });
      for (const alg of ['HS256', 'RS256']) {
        const signed = `${encode({ ...GOOD, alg })}.${encode(CLAIMS)}`;
        const mac = createHmac('sha256', secret).update(signed).digest('base64url');
        assert.notEqual(refusal(`${signed}.${mac}`), 'accepted');
      }
    }
  });

  test('another algorithm of the same key is refused', () => {
    for (const alg of ['PS256', 'RS384', 'RS512', 'ES256', 'EdDSA', 'rs256']) {
      assert.equal(refusal(make({ ...GOOD, alg }, CLAIMS)), 'algorithm');
    }
  });
});

describe('the key is ours, whatever the header says', () => {
  test('a foreign key is refused under its own kid and under ours', () => {
    assert.equal(
      refusal(make({ ...GOOD, kid: 'theirs' }, CLAIMS, foreign.privateKey)),
      'unknownKey',
    );
    assert.equal(refusal(make(GOOD, CLAIMS, foreign.privateKey)), 'signature');
  });

  test('a key or the address of one in the header is never followed', () => {
    const jwk = foreign.publicKey.export({ format: 'jwk' });
    const bait = { jwk, jku: 'https://evil.test/keys', x5u: 'https://evil.test/c', x5c: ['AAAA'] };
    assert.equal(refusal(make({ ...GOOD, ...bait }, CLAIMS, foreign.privateKey)), 'signature');
    const nameless = { typ: 'JWT', alg: 'RS256', ...bait };
    assert.equal(refusal(make(nameless, CLAIMS, foreign.privateKey)), 'unknownKey');
  });

  test('kid is looked up, never interpreted', () => {
    for (const kid of ['../../ours', '__proto__', 'constructor', '', 7, null, ['ours']]) {
      assert.notEqual(refusal(make({ ...GOOD, kid }, CLAIMS)), 'accepted');
    }
  });
});

describe('nothing in the token can be changed', () => {
  test('every flipped bit of header, claims and signature is noticed', () => {
    const token = make(GOOD, CLAIMS);
    for (let at = 0; at < token.length; at += 5) {
      const code = token.charCodeAt(at);
      const changed = token.slice(0, at) + String.fromCharCode(code ^ 1) + token.slice(at + 1);
      assert.notEqual(refusal(changed), 'accepted', `position ${at}`);
    }
  });

  test('a signature is good for its own claims only', () => {
    const [header, , signature] = make(GOOD, CLAIMS).split('.');
    const other = encode({ ...CLAIMS, oid: 'root' });
    assert.equal(refusal(`${header}.${other}.${signature}`), 'signature');
  });

  test('base64 that is not canonical is refused, so a token has one spelling', () => {
    const token = make(GOOD, CLAIMS);
    for (const changed of [`${token}=`, `${token}A`, ` ${token}`, `${token}.`, `.${token}`]) {
      assert.notEqual(refusal(changed), 'accepted');
    }
  });
});

describe('what is no access token of ours is malformed', () => {
  test('parts, JSON and types', () => {
    for (const text of [
      '',
      '.',
      '..',
      'a.b',
      'a.b.c',
      'a.b.c.d',
      `${encode('{')}.${encode('{')}.AA`,
    ]) {
      assert.equal(refusal(text), 'malformed', text);
    }
    for (const claims of [
      {},
      [],
      null,
      { ...CLAIMS, aud: ['https://vault.test'] },
      { ...CLAIMS, exp: '2' },
      { ...CLAIMS, exp: 2.5 },
      { ...CLAIMS, oid: 7 },
      { ...CLAIMS, idtyp: 'admin' },
      { ...CLAIMS, oid: undefined },
    ]) {
      assert.equal(refusal(make(GOOD, claims)), 'malformed', JSON.stringify(claims));
    }
  });

  test('an id token or anything without our type is refused', () => {
    for (const typ of [undefined, 'at+jwt', 'JWS', 'jwt']) {
      assert.equal(refusal(make({ ...GOOD, typ }, CLAIMS)), 'malformed');
    }
  });

  test('a critical extension that we do not understand is refused', () => {
    assert.equal(refusal(make({ ...GOOD, crit: ['b64'], b64: false }, CLAIMS)), 'malformed');
  });
});
