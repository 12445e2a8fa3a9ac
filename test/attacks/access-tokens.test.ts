// Access tokens as an attacker would make or bend them. Each is refused, with a 401 that says
// nothing of use, and each leaves a line in the audit log that says why.
import assert from 'node:assert/strict';
import {
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { exportPkcs8 } from '#cryptography';
import { parseJson, z } from '#kernel';
import { auditLineOf, lastAuditLine } from '#test/kit/audit.ts';
import { admitToSecrets, createVault } from '#test/kit/estate.ts';
import { type Instance, startInstance } from '#test/kit/instance.ts';
import { automationHeader, openTenant, type Tenant } from '#test/kit/tenant.ts';

type Fields = Readonly<Record<string, unknown>>;

const OBJECT = z.record(z.string(), z.unknown());
const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 });
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part = '') => OBJECT.parse(parseJson(Buffer.from(part, 'base64url').toString()));

let tenant: Tenant;
let good: string;

before(async () => {
  tenant = await openTenant();
  good = (await automationHeader(tenant, tenant.urls.graph)).slice('Bearer '.length);
});

interface Bent {
  readonly header?: Fields;
  readonly claims?: Fields;
  /** Our own, unless given: worse than any attacker could have it. */
  readonly key?: KeyObject;
}

function bend({ header, claims, key }: Bent): string {
  const [ownHeader, ownClaims] = good.split('.');
  const content = `${encode({ ...decode(ownHeader), ...header })}.${encode({
    ...decode(ownClaims),
    ...claims,
  })}`;
  const signer = key ?? ownKey();
  return `${content}.${sign('sha256', Buffer.from(content), signer).toString('base64url')}`;
}

function ownKey(): KeyObject {
  const key = Buffer.from(exportPkcs8(tenant.directory.signingKeys.current().material));
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

/** The reason that stands in the audit log. */
async function refusedFor(token: string): Promise<string | undefined> {
  const answer = await tenant.call({
    url: `${tenant.urls.graph}/v1.0/users`,
    headers: { authorization: `Bearer ${token}` },
  });
  assert.equal(answer.status, 401, answer.text);
  assert.ok(answer.headers['WWW-Authenticate']);
  const line = lastAuditLine(tenant.outcomes);
  assert.equal(line.resultSignature, 'Unauthorized');
  assert.equal(line.properties.httpStatusCode, 401);
  assert.deepEqual(line.identity.claim, {}, 'nobody is named who did not prove it');
  assert.ok(!JSON.stringify(line).includes(token.slice(-40)), 'the token is not in the log');
  return line.properties.denialReason?.code;
}

test('the token that all these are made from is good', async () => {
  const headers = { authorization: `Bearer ${bend({})}` };
  const answer = await tenant.call({ url: `${tenant.urls.graph}/v1.0/users`, headers });
  assert.equal(answer.status, 200);
});

describe('the signature', () => {
  test('alg none, in every spelling, with and without a signature', async () => {
    const [header, claims, signature] = good.split('.');
    for (const alg of ['none', 'None', 'nOnE', 'NONE']) {
      const unsigned = `${encode({ ...decode(header), alg })}.${claims}`;
      assert.equal(await refusedFor(`${unsigned}.`), 'algorithm');
      assert.equal(await refusedFor(`${unsigned}.${signature}`), 'algorithm');
    }
  });

  test('HS256 with our public key as its secret', async () => {
    const { kid } = tenant.directory.signingKeys.current();
    const publicKey = tenant.directory.signingKeys.verificationKey(kid);
    assert.ok(publicKey);
    const [, claims] = good.split('.');
    const secrets = [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      publicKey.export({ type: 'pkcs1', format: 'pem' }),
      JSON.stringify(tenant.directory.signingKeys.published()[0]),
    ];
    for (const secret of secrets) {
      const content = `${encode({ typ: 'JWT', alg: 'HS256', kid })}.${claims}`;
      const mac = createHmac('sha256', secret).update(content).digest('base64url');
      assert.equal(await refusedFor(`${content}.${mac}`), 'algorithm');
    }
  });

  test('a key of the attacker’s own, by kid, jku, jwk, x5u, x5c', async () => {
    const key = foreign.privateKey;
    const jwk = foreign.publicKey.export({ format: 'jwk' });
    assert.equal(await refusedFor(bend({ key })), 'signature');
    for (const header of [
      { jwk },
      { jku: 'https://evil.example/keys' },
      { x5u: 'https://evil.example/certificate' },
      { x5c: ['MIIB'], x5t: 'evil' },
    ]) {
      assert.equal(await refusedFor(bend({ key, header })), 'signature');
      assert.equal(
        await refusedFor(bend({ key, header: { ...header, kid: 'evil' } })),
        'unknownKey',
      );
    }
  });

  test('a kid that is a path, a query or a prototype', async () => {
    for (const kid of ['../../../dev/null', "' or 1=1 --", '__proto__', 'constructor', '']) {
      assert.equal(await refusedFor(bend({ header: { kid } })), 'unknownKey', kid);
    }
  });

  test('one changed character, anywhere', async () => {
    for (let at = 1; at < good.length; at += 17) {
      if (good[at] === '.') continue;
      const changed = good.slice(0, at) + (good[at] === 'A' ? 'B' : 'A') + good.slice(at + 1);
      await refusedFor(changed);
    }
  });
});

describe('the claims, even with a good signature', () => {
  const nowS = () => Math.floor(tenant.clock.now() / 1000);

  test('for another audience', async () => {
    const { vaultResource, management } = tenant.urls;
    for (const aud of [vaultResource, management, `${tenant.urls.graph}.evil.example`, '', 'x']) {
      assert.equal(await refusedFor(bend({ claims: { aud } })), 'audience', aud);
    }
    const several = bend({ claims: { aud: [tenant.urls.graph] } });
    assert.equal(await refusedFor(several), 'malformed');
  });

  test('of another issuer, Microsoft’s own among them', async () => {
    const { tenantId, urls } = tenant;
    for (const iss of [
      `https://sts.windows.net/${tenantId}/`,
      `https://login.microsoftonline.com/${tenantId}/v2.0`,
      `${urls.login}/${tenantId}/v2.0`,
      `${urls.login}/${tenantId}`,
      `${urls.login}.evil.example/${tenantId}/`,
    ]) {
      assert.equal(await refusedFor(bend({ claims: { iss } })), 'issuer', iss);
    }
  });

  test('of another tenant', async () => {
    const tid = '00000000-0000-0000-0000-000000000001';
    assert.equal(await refusedFor(bend({ claims: { tid } })), 'tenant');
  });

  test('expired, and not yet valid', async () => {
    assert.equal(await refusedFor(bend({ claims: { exp: nowS() - 60 } })), 'expired');
    assert.equal(await refusedFor(bend({ claims: { nbf: nowS() + 61 } })), 'notYetValid');
    assert.equal(await refusedFor(bend({ claims: { exp: 0 } })), 'expired');
    assert.equal(await refusedFor(bend({ claims: { exp: '9999999999' } })), 'malformed');
  });

  test('of a principal, an application or a credential that does not exist', async () => {
    const oid = '00000000-0000-0000-0000-000000000001';
    assert.equal(await refusedFor(bend({ claims: { oid } })), 'revoked');
    assert.equal(await refusedFor(bend({ claims: { cred: oid } })), 'revoked');
    const passedOn = { chain: [`${oid}/1/${oid}`] };
    assert.equal(await refusedFor(bend({ claims: passedOn })), 'revoked');
  });

  test('a critical extension, another type, an id token', async () => {
    assert.equal(await refusedFor(bend({ header: { crit: ['exp'] } })), 'malformed');
    assert.equal(await refusedFor(bend({ header: { typ: 'at+jwt' } })), 'malformed');
    assert.equal(await refusedFor(bend({ claims: { idtyp: undefined } })), 'malformed');
  });
});

describe('what is no token at all', () => {
  test('rubbish, of any length', async () => {
    for (const text of ['x', 'a.b.c', '..', `${good}.${good}`, 'e30.e30.e30', 'A'.repeat(20_000)]) {
      assert.equal(await refusedFor(text), 'malformed', text.slice(0, 20));
    }
  });
});

describe('on a served instance, on every plane', () => {
  let instance: Instance;
  let vault: string;

  before(async () => {
    instance = await startInstance();
    vault = await createVault(instance.owner, { model: 'rbac' });
    await admitToSecrets(instance.owner, instance.owner, { name: vault, model: 'rbac' });
  });

  after(() => instance?.stop());

  test('a forged token is refused, and the line stands in the log before the answer', async () => {
    const { owner, management, graph } = instance;
    const resource = `https://${instance.vaultSuffix.slice(1)}`;
    const urls = {
      [resource]: `${instance.vaultUrl(vault)}/secrets?api-version=7.4`,
      [management]: `${management}/subscriptions?api-version=2022-12-01`,
      [graph]: `${graph}/v1.0/users`,
    };
    for (const [audience, url] of Object.entries(urls)) {
      const [header, claims, signature] = (await owner.token(audience)).split('.');
      const unsigned = `${encode({ ...decode(header), alg: 'none' })}.${claims}.`;
      const other = encode({ ...decode(claims), oid: '00000000-0000-0000-0000-000000000001' });
      const forged = {
        algorithm: unsigned,
        signature: `${header}.${other}.${signature}`,
        audience: await owner.token(audience === graph ? management : graph),
      };
      for (const [code, token] of Object.entries(forged)) {
        const answer = await instance.wire.send({ url, token });
        assert.equal(answer.status, 401, url);
        const line = auditLineOf(instance, answer);
        assert.equal(line.properties.denialReason?.code, code, url);
        assert.equal(line.operationName, 'Authentication');
        assert.equal(line.callerIpAddress, '127.0.0.1');
      }
    }
  });
});
