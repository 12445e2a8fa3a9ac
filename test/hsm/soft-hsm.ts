// SoftHSM 2, a token in software that speaks PKCS#11: installed if need be, with tokens of its own
// in a folder of the test's. Nothing of the machine's own tokens is touched.
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { run } from '#test/kit/children.ts';
import { installPackage } from '#test/kit/debian.ts';
import { projectRoot } from '#test/kit/instance.ts';

const MODULES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
] as const;

export interface SoftHsm {
  readonly module: string;
  /** What a program needs in its environment to find the tokens. */
  readonly environment: Readonly<Record<string, string>>;
  /** Makes a token. */
  initialize(label: string, pin: string): Promise<void>;
  /** Takes the tokens away, as if their device were unplugged. */
  takeAway(): void;
  bringBack(): void;
}

/** Or why there is none here. */
export async function prepareSoftHsm(folder: string): Promise<SoftHsm | { unavailable: string }> {
  const binding = await run(process.execPath, [join(projectRoot, 'tools/build-pkcs11.mjs')], {});
  if (binding.code !== 0) return { unavailable: binding.stderr.trim() };
  const module = MODULES.find(existsSync) ?? (await installed());
  if (module === undefined) {
    return { unavailable: 'SoftHSM 2 is not installed (Debian: apt-get install softhsm2)' };
  }
  const tokens = join(folder, 'tokens');
  mkdirSync(tokens, { recursive: true });
  const configuration = join(folder, 'softhsm2.conf');
  writeFileSync(configuration, `directories.tokendir = ${tokens}\nlog.level = ERROR\n`);
  const environment = { SOFTHSM2_CONF: configuration };
  return {
    module,
    environment,
    takeAway: () => renameSync(tokens, `${tokens}.away`),
    bringBack: () => renameSync(`${tokens}.away`, tokens),
    async initialize(label, pin) {
      const which = ['--init-token', '--free', '--label', label];
      const finished = await run(
        'softhsm2-util',
        [...which, '--pin', pin, '--so-pin', `so${pin}`],
        {
          env: { ...process.env, ...environment },
        },
      );
      if (finished.code !== 0) throw new Error(`no token was made: ${finished.stderr}`);
    },
  };
}

async function installed(): Promise<string | undefined> {
  return (await installPackage('softhsm2')) ? MODULES.find(existsSync) : undefined;
}
