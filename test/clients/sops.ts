// sops, the program itself: it keeps the values of a YAML file encrypted, and the file's data key
// wrapped by a key of a vault. It signs in by the identity of its machine, as it would in Azure.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from '#kernel';
import { type Finished, run } from '#test/kit/children.ts';
import { admitToVault, assignRole, createVault, ROLES, vaultScope } from '#test/kit/estate.ts';
import { folderForThisRun } from '#test/kit/run-folders.ts';
import {
  CACHE,
  type ClientCase,
  type ClientSuite,
  identityEnvironment,
  install,
  type Place,
} from './suite.ts';

const VERSION = 'v3.13.3';
const HOME = join(CACHE, `sops-${VERSION}`);
const PROGRAM = join(HOME, 'sops');
/** It brings the clients of every cloud along: two minutes of two cores on a new machine. */
const INSTALL_MS_MAX = 240_000;
const PLAIN = 'password: correct horse\nhosts:\n    - a.example\n    - b.example\nport: 5432\n';
const KEY = z.object({ key: z.object({ kid: z.url() }) });

export const sops: ClientSuite = {
  name: 'sops',
  async prepare(place) {
    mkdirSync(HOME, { recursive: true });
    const failed = existsSync(PROGRAM)
      ? undefined
      : await install({
          command: 'go',
          parameters: ['install', `github.com/getsops/sops/v3/cmd/sops@${VERSION}`],
          environment: { GOBIN: HOME },
          limitMs: INSTALL_MS_MAX,
        });
    if (failed !== undefined) return { unavailable: failed };
    return cases(await User.of(place));
  },
};

function cases(user: User): readonly ClientCase[] {
  return [
    {
      name: 'a file is encrypted with a key of the vault and decrypted again',
      run: async () => {
        writeFileSync(user.file('plain.yaml'), PLAIN);
        const { stdout } = await user.succeed('encrypt', '--azure-kv', user.kid, 'plain.yaml');
        writeFileSync(user.file('secret.yaml'), stdout);
        assert.match(stdout, /^ {4}azure_kv:$/m);
        assert.match(stdout, /^ {4}mac: ENC\[AES256_GCM,/m);
        assert.doesNotMatch(stdout, /correct horse|a\.example|5432/);
        assert.equal(await user.decrypted(), PLAIN);
      },
    },
    {
      name: 'a value is changed in the encrypted file',
      run: async () => {
        await user.succeed('set', 'secret.yaml', '["port"]', '5433');
        assert.equal(await user.decrypted(), PLAIN.replace('5432', '5433'));
      },
    },
    {
      name: 'the file outlives a rotation of the key, and takes a new data key',
      run: async () => {
        const before = readFileSync(user.file('secret.yaml'), 'utf8');
        await user.change('POST', '/rotate');
        await user.succeed('rotate', '--in-place', 'secret.yaml');
        const wrapped = /^ {10}enc: (\S+)$/m;
        const after = readFileSync(user.file('secret.yaml'), 'utf8');
        assert.match(before, wrapped);
        assert.notEqual(wrapped.exec(after)?.[1], wrapped.exec(before)?.[1]);
        assert.equal(await user.decrypted(), PLAIN.replace('5432', '5433'));
      },
    },
    {
      name: 'with the key disabled the file stays shut, and sops says why',
      run: async () => {
        await user.change('PATCH', `/${user.version}`, { attributes: { enabled: false } });
        const refused = await user.run('decrypt', 'secret.yaml');
        assert.notEqual(refused.code, 0);
        assert.equal(refused.stdout, '');
        assert.match(refused.stderr, /KeyDisabled|not allowed on a disabled key/);
      },
    },
  ];
}

/** Whoever runs sops: a folder with files, an identity that may use keys, and a key. */
class User {
  readonly kid: string;
  readonly #folder = folderForThisRun();
  readonly #place: Place;
  readonly #environment: Readonly<Record<string, string>>;

  private constructor(place: Place, kid: string) {
    this.#place = place;
    this.kid = kid;
    this.#environment = {
      ...identityEnvironment(place),
      ...{ HTTPS_PROXY: place.proxy, SSL_CERT_FILE: place.caFile, HOME: this.#folder },
    };
  }

  static async of(place: Place): Promise<User> {
    const { owner } = place.instance;
    const vault = await createVault(owner, { model: 'rbac' });
    await admitToVault(owner, owner, vault);
    const to = { objectId: place.workloadObjectId };
    await assignRole(owner, { to, role: ROLES.cryptoUser, scope: vaultScope(owner, vault) });
    const path = '/keys/files/create';
    const made = await owner.vault(vault, { method: 'POST', path, json: { kty: 'RSA' } });
    const { kid } = made.expect(200).read(KEY).key;
    return new User(place, kid);
  }

  get version(): string {
    return this.kid.split('/').at(-1) ?? '';
  }

  /** Changes the key, as the owner of the vault. */
  async change(method: string, path: string, json?: unknown): Promise<void> {
    const [vault = ''] = new URL(this.kid).hostname.split('.');
    const sent = { method, path: `/keys/files${path}`, json };
    (await this.#place.instance.owner.vault(vault, sent)).expect(200);
  }

  file(name: string): string {
    return join(this.#folder, name);
  }

  async decrypted(): Promise<string> {
    return (await this.succeed('decrypt', 'secret.yaml')).stdout;
  }

  async succeed(...words: readonly string[]): Promise<Finished> {
    const finished = await this.run(...words);
    if (finished.code === 0) return finished;
    throw new Error(`sops ${words[0]}: exit ${finished.code}\n${finished.stderr}`);
  }

  run(...words: readonly string[]): Promise<Finished> {
    const parameters = ['--disable-version-check', ...words];
    return run(PROGRAM, parameters, { cwd: this.#folder, env: this.#environment });
  }
}
