// azure-identity and azure-security-keyvault-secrets, -keys and -certificates from Maven. Names
// come from a hosts file that only this Java reads, trust from a store that holds the instance's
// authority alone.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signInCases, type Way } from './sign-in.ts';
import {
  CACHE,
  type ClientSuite,
  clientEnvironment,
  expectLastLine,
  identityEnvironment,
  install,
  type Place,
  type Step,
} from './suite.ts';

const WAYS: readonly Way[] = [
  'certificate',
  'certificate-chain',
  'assertion',
  'workload',
  'password',
  'environment',
];
const SOURCE = join(import.meta.dirname, 'java');
const PROGRAMS = join(SOURCE, 'src', 'main', 'java');
const HOME = join(CACHE, 'java');
const CLASS_PATH_FILE = join(HOME, 'classpath');
const CLASSES = join(HOME, 'classes');
const STORE_PASSWORD = 'changeit';

export const java: ClientSuite = {
  name: 'Java',
  async prepare(place) {
    mkdirSync(HOME, { recursive: true });
    const store = join(HOME, 'trust.p12');
    rmSync(store, { force: true });
    const steps: readonly Step[] = [
      {
        command: 'mvn',
        parameters: [
          'dependency:build-classpath',
          '--quiet',
          '--batch-mode',
          `--file=${join(SOURCE, 'pom.xml')}`,
          `-Dmdep.outputFile=${CLASS_PATH_FILE}`,
        ],
      },
      {
        command: 'keytool',
        parameters: [
          '-importcert',
          '-noprompt',
          ...['-alias', 'strongroom'],
          ...['-file', place.caFile],
          ...['-keystore', store],
          ...['-storetype', 'PKCS12'],
          ...['-storepass', STORE_PASSWORD],
        ],
      },
    ];
    for (const step of steps) {
      const failed = await install(step);
      if (failed !== undefined) return { unavailable: failed };
    }
    const libraries = readFileSync(CLASS_PATH_FILE, 'utf8').trim();
    const failed = await compile(libraries);
    if (failed !== undefined) return { unavailable: failed };
    const hostsFile = join(HOME, 'hosts');
    writeFileSync(hostsFile, `127.0.0.1 ${hostNames(place).join(' ')}\n`);
    const classPath = `${CLASSES}:${libraries}`;
    const start = (program: readonly string[], environment: Readonly<Record<string, string>>) =>
      expectLastLine({
        command: 'java',
        parameters: [
          `-Djdk.net.hosts.file=${hostsFile}`,
          `-Djavax.net.ssl.trustStore=${store}`,
          `-Djavax.net.ssl.trustStorePassword=${STORE_PASSWORD}`,
          ...['-cp', classPath],
          ...program,
        ],
        environment,
        expected: place.secretValue,
      });
    return [
      {
        name: 'everything azure-security-keyvault-secrets does with a secret',
        run: () => start(['SecretsSurface'], clientEnvironment(place)),
      },
      {
        name: 'everything azure-security-keyvault-keys does with a key, held against the JDK',
        run: () => start(['KeysSurface'], clientEnvironment(place)),
      },
      {
        name: 'everything azure-security-keyvault-certificates does, read by the JDK',
        run: () => start(['CertificatesSurface'], clientEnvironment(place)),
      },
      {
        name: 'ManagedIdentityCredential and DefaultAzureCredential beside an agent',
        run: () => start(['SecretByIdentity'], identityEnvironment(place)),
      },
      ...signInCases(place, WAYS, (way, more) =>
        start(['SignIn', way], { ...clientEnvironment(place), ...more }),
      ),
    ];
  },
};

/** By the compiler itself: Maven would bring a hundred files of its own for that. */
async function compile(libraries: string): Promise<string | undefined> {
  const files = readdirSync(PROGRAMS).map((file) => join(PROGRAMS, file));
  return await install({
    command: 'javac',
    parameters: ['--release', '17', '-d', CLASSES, '-cp', libraries, ...files],
    defect: /\.java:\d+: error/,
  });
}

function hostNames({ instance, vaultUrl }: Place): string[] {
  return [instance.login, vaultUrl].map((url) => new URL(url).hostname);
}
