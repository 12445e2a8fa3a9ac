// What the operator hears when the HSM cannot be used: one sentence, no PIN, and no server.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { runCommand, temporaryDirectory } from '#test/kit/instance.ts';
import { type HsmCase, type HsmPlace, hsmFlags } from './suite.ts';

export function startCases(place: HsmPlace): readonly HsmCase[] {
  const { hsm, pinFile, token } = place;
  const refused =
    (flags: readonly string[], sentence: RegExp, more = {}) =>
    async () => {
      const directory = temporaryDirectory();
      try {
        const parameters = ['serve', '--data-dir', directory, '--port', '0', ...flags];
        const finished = await runCommand(parameters, { ...hsm.environment, ...more });
        assert.notEqual(finished.code, 0);
        assert.equal(finished.stdout, '');
        assert.match(finished.stderr, sentence);
        assert.doesNotMatch(finished.stderr, /48151623|99999999|\n {4}at /);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    };
  return [
    {
      name: 'start: a token that is not there is named, with those that are',
      run: refused(
        hsmFlags(place, 'nobody'),
        /no token is called "nobody"; there are: .*"strongroom"/,
      ),
    },
    {
      name: 'start: a wrong PIN is refused once and not shown',
      run: refused(
        ['--hsm-module', hsm.module, '--hsm-token', token],
        /refuses the PIN \(CKR_PIN_INCORRECT\)/,
        { STRONGROOM_HSM_PIN: '99999999' },
      ),
    },
    {
      name: 'start: a module that cannot be loaded is named',
      run: refused(
        ['--hsm-module', '/nowhere/p11.so', '--hsm-token', token, '--hsm-pin-file', pinFile],
        /PKCS#11 module \/nowhere\/p11\.so cannot be loaded/,
      ),
    },
  ];
}
