// `strongroom explain` against a served instance: what it says is what the next request meets.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Caller } from '#test/kit/caller.ts';
import { run } from '#test/kit/children.ts';
import {
  admitToSecrets,
  assignRole,
  createApplication,
  createVault,
  ROLES,
  vaultScope,
} from '#test/kit/estate.ts';
import { type Instance, projectRoot, startInstance } from '#test/kit/instance.ts';

describe('strongroom explain', () => {
  let instance: Instance;
  let application: Caller;
  let vault = '';
  let scope = '';

  before(async () => {
    instance = await startInstance();
    application = await createApplication(instance.owner, 'explained');
    vault = await createVault(instance.owner, { model: 'rbac' });
    scope = `${vaultScope(instance.owner, vault)}/secrets/greeting`;
  });
  after(() => instance?.stop());

  async function explain(...words: readonly string[]) {
    const directory = ['--data-dir', instance.dataDirectory];
    const parameters = ['src/main.ts', 'explain', ...directory, ...words];
    return await run(process.execPath, parameters, { cwd: projectRoot });
  }
  const asked = () => ['--principal', application.objectId, '--scope', scope];

  test('a reader is refused, and the smallest role that would be enough is named', async () => {
    const parent = vaultScope(instance.owner, vault);
    await assignRole(instance.owner, { to: application, role: ROLES.reader, scope: parent });
    const { code, stdout } = await explain(...asked(), '--operation', 'GetSecret');
    assert.equal(code, 1);
    const action = 'Microsoft.KeyVault/vaults/secrets/getSecret/action';
    const at = `secret greeting in vault ${vault}`;
    const command = `az role assignment create --assignee ${application.objectId} --role`;
    assert.equal(
      stdout.replaceAll(/\n {5}or .*/g, ''),
      `Refused: "explained" may not ${action}
at ${at}.

Why: roles are held there, but none of them gives this.

Looked at (role assignments decide):
  ✗ Reader at vault ${vault}, held directly: does not give this

What would be enough:
  role Key Vault Secrets User at ${at}
     ${command} 'Key Vault Secrets User' --scope ${scope.toLowerCase()}
`,
    );
  });

  test('with the grant it is allowed, as the request itself is', async () => {
    await admitToSecrets(instance.owner, application, { name: vault, model: 'rbac' });
    const { code, stdout } = await explain(...asked(), '--operation', 'GetSecret', '--json');
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).allowed, true);
    (await application.vault(vault, { path: '/secrets/greeting' })).expect(404);
  });

  test('what cannot be asked is one sentence that says what to type instead', async () => {
    const refused = async (expected: RegExp, ...words: readonly string[]) => {
      const { code, stderr } = await explain(...words);
      assert.equal(code, 1);
      assert.match(stderr, expected);
      assert.equal(stderr.split('\n').length, 2);
    };
    const { objectId } = application;
    const root = ['--scope', '/'];
    const nobody = ['--principal', 'nobody@nowhere', ...root, '--operation', 'Vaults_Update'];
    await refused(/^Nobody here is "nobody@nowhere"\. Give .*--app-id/, ...nobody);
    const operation = ['--principal', objectId, ...root, '--operation', 'GetSecrt'];
    await refused(/^There is no operation "GetSecrt".*GetSecret/, ...operation);
    // The owner holds `*`: a wrong letter must not read as allowed.
    const action = 'Microsoft.KeyVault/vaults/secret/getSecret/action';
    const owner = instance.owner.credentials.objectId;
    const typed = ['--principal', owner, '--scope', scope, '--action', action];
    await refused(/^There is no action "Microsoft/, ...typed);
  });

  test('what is missing or wrong in the words is told before anything is asked', async () => {
    const wrong = async (expected: RegExp, ...words: readonly string[]) => {
      const { code, stderr } = await explain(...words);
      assert.equal(code, 2);
      assert.match(stderr, expected);
    };
    const whom = ['--principal', application.objectId];
    await wrong(/--scope/, ...whom, '--action', 'a/b');
    await wrong(/begins with \//, ...whom, '--action', 'a/b', '--scope', vault);
    await wrong(/--operation or --action/, ...whom, '--scope', scope);
    await wrong(/--principal or --app-id/, '--operation', 'GetSecret', '--scope', scope);
  });
});
