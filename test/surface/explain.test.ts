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

  test('what cannot be asked is one sentence', async () => {
    const unknown = await explain(
      '--principal',
      'nobody@nowhere',
      '--scope',
      '/',
      '--action',
      'a/b',
    );
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /^The instance could not say: /);
    const unscoped = await explain('--principal', 'x', '--action', 'a/b');
    assert.equal(unscoped.code, 2);
    assert.match(unscoped.stderr, /--scope/);
  });
});
