import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { rootCertificates } from 'node:tls';
import { createAuthority } from '#cryptography';
import { ManualClock } from '#kernel';
import { CommandFailure } from './command-failure.ts';
import { quoteForShell } from './quote.ts';
import { buildBundle, loadAuthority, systemRoots, trustInstance } from './trust.ts';

const clock = new ManualClock();
const ours = await createAuthority({ clock });
const directory = mkdtempSync(join(tmpdir(), "strongroom it's "));
after(() => rmSync(directory, { recursive: true }));
writeFileSync(join(directory, 'ca.pem'), ours.certificatePem);

function certificates(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

const authority = new X509Certificate(ours.certificatePem);

describe('the bundle', () => {
  it('holds every root once, and our CA last', () => {
    const roots = [...rootCertificates.slice(0, 3), ...rootCertificates.slice(0, 2)];
    const { pem, rootCount } = buildBundle(ours.certificatePem, roots);
    const subjects = certificates(pem).map(({ fingerprint256 }) => fingerprint256);
    assert.equal(rootCount, 3);
    assert.equal(subjects.length, 4);
    assert.equal(subjects.at(-1), authority.fingerprint256);
  });

  it('drops the CA of another instance, and does not list ours twice', async () => {
    const other = await createAuthority({ clock });
    const roots = [other.certificatePem, ours.certificatePem, rootCertificates[0] ?? ''];
    const { pem } = buildBundle(ours.certificatePem, roots);
    assert.equal(certificates(pem).length, 2);
    assert.ok(!pem.includes(other.certificatePem.trim()));
  });

  it('never carries a private key that lies beside a certificate', () => {
    const withKey = `${ours.privateKeyPem}\n${ours.certificatePem}`;
    writeFileSync(join(directory, 'ca.pem'), withKey);
    assert.doesNotMatch(loadAuthority(directory), /PRIVATE/);
    const { pem } = buildBundle(loadAuthority(directory), [withKey]);
    assert.doesNotMatch(pem, /PRIVATE/);
    writeFileSync(join(directory, 'ca.pem'), ours.certificatePem);
  });

  it('starts from roots that this system, or at least Node, trusts', () => {
    assert.ok(systemRoots().length > 0);
  });
});

describe('trust', () => {
  it('writes the bundle and names the variable of every client', () => {
    const text = trustInstance(directory, { asExport: false });
    assert.ok(text.includes(`trust --export --data-dir ${quoteForShell(directory)})"`));
    const written = certificates(readFileSync(join(directory, 'ca-bundle.pem'), 'utf8'));
    assert.equal(written.at(-1)?.fingerprint256, authority.fingerprint256);
    assert.ok(written.length > 1);
    for (const client of ['Node', 'Python, az', 'Go', 'curl', 'Java', '.NET']) {
      assert.ok(text.includes(client), client);
    }
  });

  it('exports what a shell understands, also where the path has quotes and spaces', () => {
    const text = trustInstance(directory, { asExport: true });
    const script = `${text}printf '%s\\n' "$NODE_EXTRA_CA_CERTS" "$SSL_CERT_FILE"`;
    const [caFile, bundle] = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\n');
    assert.equal(caFile, join(directory, 'ca.pem'));
    assert.equal(bundle, join(directory, 'ca-bundle.pem'));
    assert.match(text, /^(export [A-Z_]+=.+\n)+$/);
  });

  it('before the first start says what to do', () => {
    assert.throws(
      () => trustInstance(join(directory, 'absent'), { asExport: true }),
      CommandFailure,
    );
    writeFileSync(join(directory, 'ca.pem'), 'nothing');
    assert.throws(() => loadAuthority(directory), /holds no certificate/);
    writeFileSync(join(directory, 'ca.pem'), ours.certificatePem);
  });
});
