// `npm run test:hsm`: keys of HSM types in a PKCS#11 token, here SoftHSM 2. What cannot be
// installed or run on this machine is named and counted as skipped.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { temporaryDirectory } from '#test/kit/instance.ts';
import { servedCases } from './served.ts';
import { prepareSoftHsm } from './soft-hsm.ts';
import { startCases } from './starts.ts';
import type { HsmCase, HsmPlace } from './suite.ts';
import { tokenCases } from './token.ts';

const TOKEN = 'strongroom';
const PIN = '48151623';

const counts = { passed: 0, failed: 0, skipped: 0 };

function report(outcome: keyof typeof counts, name: string, detail = ''): void {
  counts[outcome] += 1;
  process.stdout.write(`${outcome.padEnd(7)} ${name}${detail === '' ? '' : `: ${detail}`}\n`);
}

async function runAll(cases: readonly HsmCase[]): Promise<void> {
  for (const { name, run } of cases) {
    try {
      await run();
      report('passed', name);
    } catch (error) {
      report('failed', name, error instanceof Error ? (error.stack ?? '') : String(error));
    }
  }
}

const folder = temporaryDirectory();
try {
  const hsm = await prepareSoftHsm(folder);
  if ('unavailable' in hsm) {
    report('skipped', 'keys in a PKCS#11 token', hsm.unavailable);
  } else {
    await hsm.initialize(TOKEN, PIN);
    await hsm.initialize('other', PIN);
    const pinFile = join(folder, 'pin');
    writeFileSync(pinFile, `${PIN}\n`, { mode: 0o600 });
    const place: HsmPlace = { hsm, token: TOKEN, otherToken: 'other', pin: PIN, pinFile };
    // This process uses the tokens itself, too.
    Object.assign(process.env, hsm.environment);
    await runAll(tokenCases(place));
    await runAll(startCases(place));
    await runAll(servedCases(place));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(
  `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`,
);
process.exitCode = counts.failed > 0 ? 1 : 0;
