// The Azure CLI from PyPI, in a virtual environment of its own. The cases build on one another, in
// the order in which somebody would set up a vault.
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { directoryCases } from './az/directory.ts';
import { identityCases } from './az/identities.ts';
import { loginCases } from './az/login.ts';
import { personCases } from './az/people.ts';
import { roleCases } from './az/roles.ts';
import { Az, HOME } from './az/shell.ts';
import { vaultCases } from './az/vaults.ts';
import { type ClientCase, type ClientSuite, expectLastLine, type Place } from './suite.ts';
import { prepareEnvironment } from './virtual-environment.ts';

const PROGRAM = fileURLToPath(new URL('az/azure-cli-credential.ts', import.meta.url));
const NAMES = join(import.meta.dirname, '..', 'kit', 'resolve-names.ts');
const REQUIREMENTS = join(import.meta.dirname, 'az', 'requirements.txt');

export const az: ClientSuite = {
  name: 'az',
  async prepare(place) {
    const failed = await prepareEnvironment(HOME, REQUIREMENTS);
    if (failed !== undefined) return { unavailable: failed };
    const shell = new Az(place);
    return [
      ...loginCases(shell, place),
      azureCliCredential(shell, place),
      ...personCases(shell, place),
      ...directoryCases(shell, place),
      ...identityCases(shell, place),
      ...vaultCases(shell, place),
      ...roleCases(shell, place),
    ];
  },
};

/** The real `az`, signed in by the case before, gives @azure/identity its token. */
function azureCliCredential(az: Az, place: Place): ClientCase {
  const { instance } = place;
  return {
    name: 'AzureCliCredential of @azure/identity asks it for a token',
    run: () =>
      expectLastLine({
        command: process.execPath,
        parameters: ['--import', NAMES, PROGRAM],
        environment: {
          ...az.environment,
          NODE_EXTRA_CA_CERTS: place.caFile,
          STRONGROOM_TEST_DOMAIN: instance.domain,
          RESOURCE: instance.management,
          SUBSCRIPTIONS: `${instance.management}/subscriptions?api-version=2022-12-01`,
        },
        expected: instance.subscriptionId,
      }),
  };
}
