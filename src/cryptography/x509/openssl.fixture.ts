// For the tests of this folder: the openssl command as a second opinion, and pkijs as a third.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

export interface OpensslCall {
  /** Arguments; `{name}` is replaced by the path of the file of that name. */
  readonly call: string;
  /** DER of certificates becomes PEM where the name ends in `.pem`. */
  readonly files: Readonly<Record<string, Uint8Array>>;
}

/** What it printed, errors included. Throws when it fails. */
export function openssl({ call, files }: OpensslCall): string {
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-openssl-'));
  try {
    for (const [name, bytes] of Object.entries(files)) {
      const content = name.endsWith('.pem') ? pem(bytes) : bytes;
      writeFileSync(join(directory, name), content, { mode: 0o600 });
    }
    const words = call
      .split(' ')
      .map((word) => word.replace(/\{(.+)\}/, (_, name) => join(directory, name)));
    return execFileSync('openssl', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export function pem(der: Uint8Array, label = 'CERTIFICATE'): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
