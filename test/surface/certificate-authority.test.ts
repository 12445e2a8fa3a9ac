// The certificate authority of a served instance, from the command line to the strict client: a
// vault's certificate is issued, served by a TLS server, checked by openssl over plain http, and
// revoked.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect, createServer as createTlsServer } from 'node:tls';
import { run } from '#test/kit/children.ts';
import { type Instance, projectRoot, startInstance } from '#test/kit/instance.ts';
import {
  awaitCertificate,
  createCertificateVault,
  freePort,
  orderCertificate,
  putIssuer,
} from '#test/kit/issuing.ts';
import { hasOpenssl, openssl, opensslBytes } from '#test/kit/openssl.ts';

describe('strongroom ca', () => {
  let instance: Instance;
  let httpPort = 0;
  let vault = '';

  before(async () => {
    httpPort = await freePort();
    instance = await startInstance({ flags: ['--http-port', String(httpPort)] });
    vault = await createCertificateVault(instance.owner);
  });
  after(() => instance?.stop());

  async function ca(...words: readonly string[]) {
    const directory = ['--data-dir', instance.dataDirectory];
    const parameters = ['src/main.ts', 'ca', ...words, ...directory];
    return await run(process.execPath, parameters, { cwd: projectRoot });
  }

  /** From the plain listener, whatever name it is asked by. */
  function plain(path: string, host = `pki.localhost:${httpPort}`) {
    return new Promise<{ status: number; body: Buffer }>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: httpPort, path, headers: { host } };
      get(options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }),
        );
      }).on('error', reject);
    });
  }

  async function issue(name: string, dnsName: string): Promise<string> {
    const order = { vault, issuer: 'internal', name, dnsNames: [dnsName] };
    await orderCertificate(instance.owner, order);
    return await awaitCertificate(instance.owner, order);
  }

  test('is set up once, with name constraints', async () => {
    const missing = await ca('show');
    assert.deepEqual(
      [missing.code, missing.stderr],
      [1, 'There is none yet: strongroom ca create.\n'],
    );
    const made = await ca('create', '--permit-domain', 'internal.example', 'localhost');
    assert.deepEqual([made.code, made.stdout], [0, 'The certificate authority is set up.\n']);
    const again = await ca('create');
    assert.equal(again.code, 1);
    assert.match(again.stderr, /exists already/);
    const shown = await ca('show');
    assert.match(
      shown.stdout,
      /^root {2}CN=Strongroom Root CA .*\nintermediate-1 .*\(issuing\)\n$/,
    );
  });

  test('issues to a vault; a strict client connects; the chain verifies', async () => {
    await putIssuer(instance.owner, { vault, issuer: 'internal' }, { provider: 'StrongroomCA' });
    const value = await issue('web', 'www.internal.example');
    const roots = (await ca('show', '--pem')).stdout;
    const [root = ''] = roots.split(/(?<=-----END CERTIFICATE-----\n)/);
    const server = createTlsServer({ key: value, cert: value }, (socket) => socket.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const said = await new Promise<string>((resolve, reject) => {
      const servername = 'www.internal.example';
      const socket = connect({ host: '127.0.0.1', port, servername, ca: root }, () => {
        assert.equal(socket.authorized, true);
      });
      socket.on('data', (data) => resolve(data.toString('utf8')));
      socket.on('error', reject);
    });
    server.close();
    assert.equal(said, 'hello');
  });

  test('names outside the constraints fail the vault’s operation', async () => {
    await assert.rejects(issue('outside', 'www.evil.example'), /failed/);
  });

  test('openssl learns over plain http what was revoked', { skip: !hasOpenssl }, async () => {
    const value = await issue('revoked', 'old.internal.example');
    const [leaf = '', intermediate = ''] =
      value.match(/-----BEGIN CERTIFICATE[\s\S]+?END CERTIFICATE-----\n?/g) ?? [];
    const certificate = new X509Certificate(leaf);
    const root = (await ca('show', '--pem')).stdout;
    const url = `http://127.0.0.1:${httpPort}/ocsp`;
    assert.match(certificate.infoAccess ?? '', new RegExp(`http://pki.localhost:${httpPort}/ocsp`));
    const files = {
      leaf: Buffer.from(leaf),
      middle: Buffer.from(intermediate),
      root: Buffer.from(root),
    };
    const question = '-issuer {middle} -cert {leaf} -CAfile {root} -verify_other {middle}';
    // The nonce is sent and checked here.
    const ask = () => openssl({ call: `ocsp -url ${url} ${question}`, files });
    assert.match(ask(), /leaf: good/);
    const serial = certificate.serialNumber;
    const der = opensslBytes({ call: 'ocsp -issuer {middle} -cert {leaf} -reqout {out}', files });
    await assertGoodInEachWay(der);
    const revoked = await ca('revoke', serial, '--reason', 'keyCompromise');
    assert.deepEqual([revoked.code, revoked.stdout], [0, 'Revoked: CN=old.internal.example\n']);
    assert.match(ask(), /leaf: revoked[\s\S]*keyCompromise/);
    const list = await plain('/authorities/intermediate-1/revoked.crl');
    assert.ok(list.body.includes(Buffer.from(serial, 'hex')));
    const read = openssl({ call: 'crl -inform der -in {l} -noout -text', files: { l: list.body } });
    assert.match(read, /Next Update/);
    const unknown = await ca('revoke', '4d2');
    assert.deepEqual(
      [unknown.code, unknown.stderr],
      [1, 'The authority has issued no certificate with the serial number 4d2.\n'],
    );
    const wrong = await ca('revoke', serial, '--reason', 'mood');
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /Allowed choices are unspecified, keyCompromise, /);
  });

  /** By GET, as OpenSSL, Java, .NET and browsers put it into an address. */
  async function assertGoodInEachWay(der: Buffer) {
    const base64 = der.toString('base64');
    const encoded = encodeURIComponent(base64);
    for (const path of [base64, encoded, `/${encoded}`, `/${base64}`]) {
      const { status, body } = await plain(`/ocsp/${path}`);
      assert.equal(status, 200, path);
      const printed = openssl({
        call: 'ocsp -respin {r} -resp_text -noverify',
        files: { r: body },
      });
      assert.match(printed, /Cert Status: good/, path);
    }
  }

  test('the plain listener serves what everybody may know, and nothing else', async () => {
    const root = await plain('/authorities/root/authority.cer', 'anything.example');
    assert.equal(root.status, 200);
    assert.ok(new X509Certificate(root.body).ca);
    for (const path of [
      '/',
      '/secrets/web',
      '/subscriptions',
      '/authorities/../root',
      '/v1.0/me',
    ]) {
      assert.equal((await plain(path, `${vault}.vault.localhost:${httpPort}`)).status, 404, path);
    }
    assert.equal((await plain('/authorities/absent/revoked.crl')).status, 404);
    const https = instance.management.replace('management', 'pki');
    const same = await instance.wire.send({ url: `${https}/authorities/root/authority.cer` });
    assert.equal(same.headers['content-type'], 'application/pkix-cert');
    const malformed = await plain('/ocsp/AAAA');
    assert.equal(malformed.body.toString('hex'), '30030a0101');
    assert.equal((await plain(`/ocsp/${'MA//'.repeat(2200)}`)).body.toString('hex'), '30030a0101');
    assert.notEqual((await plain(`/ocsp/${'MA//'.repeat(5000)}`)).status, 200);
  });

  test('the root goes offline into a file that only its owner reads, and comes back', async () => {
    const file = join(instance.dataDirectory, 'root-key.pem');
    const gone = await ca('take-root-offline', '--out', file);
    assert.equal(gone.code, 0, gone.stderr);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(readFileSync(file, 'utf8'), /^-----BEGIN PRIVATE KEY-----/);
    assert.match((await ca('show')).stdout, /^root .*\(offline\)/);
    const refused = await ca('renew');
    assert.match(refused.stderr, /private key is not here/);
    await issue('still', 'still.internal.example');
    const again = await ca('take-root-offline', '--out', `${file}.2`);
    assert.equal(again.code, 1);
    assert.equal((await ca('import-root', '--in', file)).code, 0);
    const taken = await ca('take-root-offline', '--out', file);
    assert.match(taken.stderr, /Nothing was changed/);
    assert.match((await ca('renew')).stdout, /^intermediate-2 .*\(issuing\)/);
  });

  test('an intermediate is revoked by its name, and shown so', async () => {
    const revoked = await ca('revoke', 'intermediate-2', '--reason', 'keyCompromise');
    assert.match(revoked.stdout, /^Revoked: CN=Strongroom Intermediate CA 2 .*\nWhat it issued/);
    const shown = (await ca('show')).stdout;
    assert.match(shown, /^intermediate-2 .*\(revoked\)$/m);
    assert.match(shown, /^intermediate-3 .*\(issuing\)$/m);
    await issue('after', 'after.internal.example');
    const absent = await ca('revoke', 'intermediate-9');
    assert.equal(absent.stderr, 'There is no intermediate-9.\n');
  });
});
