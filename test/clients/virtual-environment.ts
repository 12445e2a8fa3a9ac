// A virtual environment of Python with the packages that a suite names.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '#test/kit/children.ts';
import { installPackage } from '#test/kit/debian.ts';
import { CACHE, install, type Step } from './suite.ts';

/** Makes it, or brings it up to date; gives the reason if this machine cannot do it. */
export async function prepareEnvironment(
  home: string,
  requirements: string,
): Promise<string | undefined> {
  mkdirSync(CACHE, { recursive: true });
  const python = join(home, 'bin', 'python');
  // Without pip it is one whose making was interrupted.
  const found = await run(python, ['-m', 'pip', '--version']);
  if (found.code !== 0) {
    const create: Step = { command: 'python3', parameters: ['-m', 'venv', '--clear', home] };
    // Debian keeps what this needs in a package of its own.
    const failed =
      (await install(create)) &&
      ((await installPackage('python3-venv'))
        ? await install(create)
        : 'no `python3 -m venv` here');
    if (failed !== undefined) return failed;
  }
  // What is imported is compiled then: a fraction of all there is.
  const options = ['--quiet', '--no-compile', '--disable-pip-version-check'];
  return await install({
    command: python,
    parameters: ['-m', 'pip', 'install', ...options, '--requirement', requirements],
  });
}
