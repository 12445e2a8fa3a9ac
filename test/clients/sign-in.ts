// The ways to sign in that every language has: what a program needs for each of them, made for the
// application of the place, and one case per way.
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Caller } from '#test/kit/caller.ts';
import { run } from '#test/kit/children.ts';
import { assignRole, ROLES, vaultScope } from '#test/kit/estate.ts';
import {
  type ClientCertificate,
  createPerson,
  makeClientCertificate,
  type OutsideIssuer,
  type Person,
  registerCertificates,
  trustOutsideIssuer,
} from '#test/kit/identities.ts';
import { folderForThisRun } from '#test/kit/run-folders.ts';
import type { ClientCase, Place } from './suite.ts';

const AZURE_CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';

/** What each way is called in the reports. */
export const WAYS = {
  certificate: 'by certificate',
  'certificate-chain': 'by certificate, sending its chain',
  assertion: 'by a client assertion of an outside issuer',
  workload: 'by workload identity',
  password: 'as a person, by name and password',
  environment: 'from environment alone, through the tenant `adfs`',
  default: 'from environment alone, by a federated token',
} as const;

export type Way = keyof typeof WAYS;

export class Proofs {
  readonly #folder = folderForThisRun();
  readonly #certificate: ClientCertificate;
  readonly #issuer: OutsideIssuer;
  readonly #person: Person;

  private constructor(certificate: ClientCertificate, issuer: OutsideIssuer, person: Person) {
    this.#certificate = certificate;
    this.#issuer = issuer;
    this.#person = person;
  }

  static async make(owner: Caller, application: Caller, vault: string): Promise<Proofs> {
    const certificate = await makeClientCertificate('clients');
    await registerCertificates(owner, application, [certificate]);
    const issuer = await trustOutsideIssuer(owner, application);
    const person = await createPerson(owner, `person-${randomUUID()}`);
    const to = { objectId: person.objectId, type: 'User' } as const;
    await assignRole(owner, { to, role: ROLES.secretsUser, scope: vaultScope(owner, vault) });
    return new Proofs(certificate, issuer, person);
  }

  /** What a program that signs in this way finds in its environment, beside what all have. */
  async environment(way: Way): Promise<Readonly<Record<string, string>>> {
    const { privateKeyPem, certificatePem, chainPem } = this.#certificate;
    switch (way) {
      case 'certificate':
        return { CERTIFICATE_FILE: this.#write('client.pem', privateKeyPem + certificatePem) };
      case 'certificate-chain':
        return { CERTIFICATE_FILE: this.#write('chain.pem', privateKeyPem + chainPem) };
      case 'password':
        return {
          AZURE_CLIENT_ID: AZURE_CLI,
          USER_NAME: this.#person.userName,
          USER_PASSWORD: this.#person.password,
        };
      case 'environment':
        return { AZURE_TENANT_ID: 'adfs' };
      default:
        // As Kubernetes writes it; some clients send the line break along.
        return {
          AZURE_FEDERATED_TOKEN_FILE: this.#write('token', `${this.#issuer.issue()}\n`),
          AZURE_CLIENT_SECRET: '',
        };
    }
  }

  /** The certificate as PKCS#12 without a password; `undefined` if there is no openssl here. */
  async pkcs12File(): Promise<string | undefined> {
    const { privateKeyPem, certificatePem } = this.#certificate;
    const input = this.#write('client.pem', privateKeyPem + certificatePem);
    const output = join(this.#folder, 'client.pfx');
    const parameters = ['pkcs12', '-export', '-passout', 'pass:', '-in', input, '-out', output];
    const finished = await run('openssl', parameters, {}).catch(() => undefined);
    return finished?.code === 0 ? output : undefined;
  }

  #write(name: string, text: string): string {
    const file = join(this.#folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }
}

/** One case per way; `start` runs the language's program with that much more in its environment. */
export function signInCases(
  { proofs }: Place,
  ways: readonly Way[],
  start: (way: Way, environment: Readonly<Record<string, string>>) => Promise<void>,
): ClientCase[] {
  return ways.map((way) => ({
    name: `signs in ${WAYS[way]}`,
    run: async () => start(way, await proofs.environment(way)),
  }));
}
