// The yardstick: node:https with nothing behind it, tuned as far as node:https can be tuned,
// answering a constant of the size of a secret. Prints its port and the file with its certificate.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createAuthority, issueServerCertificate } from '#cryptography';
import { systemClock } from '#kernel';

const BODY = JSON.stringify({
  value: 'x'.repeat(64),
  id: `https://bench-vault.vault.localhost/secrets/name-0001/${'0'.repeat(32)}`,
  attributes: {
    enabled: true,
    created: 1_767_225_600,
    updated: 1_767_225_600,
    recoveryLevel: 'Recoverable+Purgeable',
    recoverableDays: 90,
  },
});

// A certificate like the product's own, so that handshakes and records cost the same.
const authority = await createAuthority({ clock: systemClock });
const { certificatePem, privateKeyPem } = await issueServerCertificate({
  authority,
  clock: systemClock,
  names: ['localhost'],
  addresses: [],
});

const headers = ['Content-Type', 'application/json; charset=utf-8'];
headers.push('Content-Length', String(Buffer.byteLength(BODY)), 'Date', new Date().toUTCString());
setInterval(() => {
  headers[headers.length - 1] = new Date().toUTCString();
}, 1_000).unref();

const server = createServer(
  { cert: certificatePem, key: privateKeyPem, noDelay: true, requestTimeout: 0, headersTimeout: 0 },
  (_request, response) => {
    response.sendDate = false;
    response.writeHead(200, headers);
    response.end(BODY);
  },
);
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  const caFile = join(mkdtempSync(join(tmpdir(), 'strongroom-bench-')), 'bare.pem');
  writeFileSync(caFile, authority.certificatePem);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ port, caFile })}\n`);
});
