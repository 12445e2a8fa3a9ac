// A real Chromium out of an npm package, for tests of pages. It finds `*.localhost` by itself, and
// trusts the instance's certificate by its public key, and no other.
import { createHash, X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import chromium from '@sparticuz/chromium';
import { type Browser, chromium as launcher } from 'playwright-core';
import type { Instance } from './instance.ts';

export async function launchChromium(instance: Instance): Promise<Browser> {
  return launcher.launch({
    executablePath: await chromium.executablePath(),
    args: [
      '--no-sandbox',
      '--disable-dev-shm-usage',
      `--ignore-certificate-errors-spki-list=${await publicKeyDigest(instance)}`,
    ],
  });
}

function publicKeyDigest({ port, login }: Instance): Promise<string> {
  const { hostname: servername } = new URL(login);
  return new Promise((resolve, reject) => {
    // Only to read the certificate; that it is the instance's own, its port says.
    const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      const key = new X509Certificate(raw).publicKey.export({ type: 'spki', format: 'der' });
      resolve(createHash('sha256').update(key).digest('base64'));
    });
  });
}
