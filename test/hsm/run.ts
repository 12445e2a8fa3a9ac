// `npm run test:hsm`: keys of HSM types in a PKCS#11 token, here SoftHSM 2. What cannot be
// installed or run on this machine is named and counted as skipped.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { temporaryDirectory } from '#test/kit/instance.ts';
import { Report } from '#test/kit/report.ts';
import { absenceCases } from './absence.ts';
import { servedCases } from './served.ts';
import { prepareSoftHsm } from './soft-hsm.ts';
import { startCases } from './starts.ts';
import type { HsmCase, HsmPlace } from './suite.ts';
import { tokenCases } from './token.ts';

const TOKEN = 'strongroom';
const PIN = '48151623';

const report = new Report();

async function runAll(cases: readonly HsmCase[]): Promise<void> {
  for (const { name, run } of cases) await report.run(name, run);
}

const folder = temporaryDirectory();
try {
  const hsm = await prepareSoftHsm(folder);
  if ('unavailable' in hsm) {
    report.say('skipped', 'keys in a PKCS#11 token', hsm.unavailable);
  } else {
    await hsm.initialize(TOKEN, PIN);
    await hsm.initialize('other', PIN);
    const pinFile = join(folder, 'pin');
    writeFileSync(pinFile, `${PIN}\n`, { mode: 0o600 });
    const place: HsmPlace = { hsm, token: TOKEN, otherToken: 'other', pin: PIN, pinFile };
    // This process uses the tokens itself, too.
    Object.assign(process.env, hsm.environment);
    await runAll(tokenCases(place));
    await runAll(absenceCases(place));
    await runAll(startCases(place));
    await runAll(servedCases(place));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = report.conclude();
