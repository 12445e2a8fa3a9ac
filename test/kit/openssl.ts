// The openssl command, as a second opinion on what we made.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** What it printed. Throws with its errors when it fails. */
export function openssl(call: OpensslCall): string {
  return run(call, (printed) => printed);
}

/** What it wrote into `{out}`. */
export function opensslBytes(call: OpensslCall): Buffer {
  return run(call, (_printed, directory) => readFileSync(join(directory, 'out')));
}

function run<T>({ call, files }: OpensslCall, take: (printed: string, directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-openssl-'));
  try {
    for (const [name, bytes] of Object.entries(files)) {
      const content = name.endsWith('.pem') ? pem(bytes) : bytes;
      writeFileSync(join(directory, name), content, { mode: 0o600 });
    }
    const words = call
      .split(' ')
      .map((word) => word.replace(/\{(.+)\}/, (_, name) => join(directory, name)));
    const printed = execFileSync('openssl', words, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return take(printed, directory);
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
