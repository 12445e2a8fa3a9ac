// azure-identity and the three azure-keyvault packages from PyPI, in a virtual
// environment of their own.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '#test/kit/instance.ts';
import { signInCases, type Way } from './sign-in.ts';
import {
  CACHE,
  type ClientCase,
  type ClientSuite,
  clientEnvironment,
  expectLastLine,
  identityEnvironment,
  type Place,
} from './suite.ts';
import { prepareEnvironment } from './virtual-environment.ts';

const SOURCE = join(import.meta.dirname, 'python');
const HOME = join(CACHE, 'python');
const PYTHON = join(HOME, 'bin', 'python');
const DOCUMENT = join(projectRoot, '../shared/seed/key-vault-authentication-fundamentals.md');

export const python: ClientSuite = {
  name: 'Python',
  async prepare(place) {
    const failed = await prepareEnvironment(HOME, join(SOURCE, 'requirements.txt'));
    return failed === undefined ? cases(place) : { unavailable: failed };
  },
};

function cases(place: Place): ClientCase[] {
  const environment = {
    ...clientEnvironment(place),
    PYTHONPATH: join(SOURCE, 'names'),
    REQUESTS_CA_BUNDLE: place.caFile,
  };
  const runFile = (file: string) =>
    expectLastLine({
      command: PYTHON,
      parameters: [file],
      environment,
      expected: place.secretValue,
    });
  const runSample = (sample: Sample) => {
    const file = join(HOME, 'sample.py');
    writeFileSync(file, renderSample(place, sample), { mode: 0o600 });
    return runFile(file);
  };
  const start = (way: string, more: Readonly<Record<string, string>>) =>
    expectLastLine({
      command: PYTHON,
      parameters: [join(SOURCE, 'sign_in.py'), way],
      environment: { ...environment, ...more },
      expected: place.secretValue,
    });
  const skip = existsSync(DOCUMENT) ? {} : { skip: 'the document is not beside this checkout' };
  const { tenantId } = place.instance;
  return [
    {
      name: 'everything azure-keyvault-secrets does with a secret',
      run: () => runFile(join(SOURCE, 'secrets_surface.py')),
    },
    {
      name: 'everything azure-keyvault-keys does with a key, held against `cryptography`',
      run: () => runFile(join(SOURCE, 'keys_surface.py')),
    },
    {
      name: 'what azure-keyvault-certificates does, read by `cryptography`',
      run: () => runFile(join(SOURCE, 'certificates_surface.py')),
    },
    {
      name: 'ManagedIdentityCredential and DefaultAzureCredential beside an agent',
      run: () =>
        expectLastLine({
          command: PYTHON,
          parameters: [join(SOURCE, 'secret_by_identity.py')],
          environment: {
            ...identityEnvironment(place),
            PYTHONPATH: join(SOURCE, 'names'),
            REQUESTS_CA_BUNDLE: place.caFile,
          },
          expected: place.secretValue,
        }),
    },
    {
      name: 'the sample of the authentication fundamentals, its two slips mended',
      ...skip,
      run: () => runSample({ tenantId, instanceDiscovery: false }),
    },
    {
      name: 'the same through the tenant `adfs`, with nothing set against instance discovery',
      ...skip,
      run: () => runSample({ tenantId: 'adfs', instanceDiscovery: true }),
    },
    ...signInCases(place, WAYS, start),
    // MSAL Python looks for the realm of a person on port 443, whatever the authority's port.
    ...signInCases(place, ['password'], (way, more) =>
      start(way, { ...more, HTTPS_PROXY: place.proxy }),
    ),
  ];
}

const WAYS: readonly Way[] = [
  'certificate',
  'certificate-chain',
  'assertion',
  'workload',
  'environment',
  'default',
];

interface Sample {
  readonly tenantId: string;
  /** `true`: the credential is built just as the document builds it. */
  readonly instanceDiscovery: boolean;
}

/**
 * The document's own program with its blanks filled in. It assigns the client secret to `cert_path`
 * and then uses `client_secret`, which is mended here.
 */
function renderSample(place: Place, { tenantId, instanceDiscovery }: Sample): string {
  const code = /```python\n([\s\S]*?)```/.exec(readFileSync(DOCUMENT, 'utf8'))?.[1];
  if (code === undefined) throw new Error('the document has no Python sample any more');
  const blanks = [
    ['"{ENTER YOUR TENANT ID HERE}"', JSON.stringify(tenantId)],
    ['"https://{ENTER YOUR VAULT NAME}.vault.azure.net/"', JSON.stringify(`${place.vaultUrl}/`)],
    ['"{ENTER YOUR CLIENT ID HERE}"', JSON.stringify(place.clientId)],
    ['cert_path = "{ENTER YOUR CLIENT SECRET HERE}"', `client_secret = ${clientSecret(place)}`],
    ["'{SECRET_NAME}'", JSON.stringify(place.secretName)],
  ] as const;
  let filled = code;
  for (const [blank, value] of blanks) {
    if (!filled.includes(blank)) throw new Error(`the sample has no ${blank} any more`);
    filled = filled.replace(blank, () => value);
  }
  if (instanceDiscovery) return filled;
  const last = 'client_secret=client_secret)';
  if (!filled.includes(last)) throw new Error('the sample builds its credential in another way');
  return filled.replace(last, `${last.slice(0, -1)}, disable_instance_discovery=True)`);
}

function clientSecret(place: Place): string {
  return JSON.stringify(place.clientSecret);
}
