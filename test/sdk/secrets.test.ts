// The whole surface of @azure/keyvault-secrets against a served instance, in both permission
// models.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { SecretClient } from '@azure/keyvault-secrets';
import { admitToSecrets, createApplication, createVault } from '#test/kit/estate.ts';
import type { Instance } from '#test/kit/instance.ts';
import { collect, secretClient, startTrustedInstance } from './clients.ts';
import { assertRefused, SECRET_NOT_FOUND } from './refusals.ts';

const POLLING = { intervalInMs: 50 };
const VERSION = /^[0-9a-f]{32}$/;

for (const model of ['policy', 'rbac'] as const) {
  describe(`@azure/keyvault-secrets on a vault in ${model} mode`, () => {
    let instance: Instance;
    let client: SecretClient;

    before(async () => {
      instance = await startTrustedInstance();
      const application = await createApplication(instance.owner, 'secrets');
      const name = await createVault(instance.owner, {
        model,
        properties: { softDeleteRetentionInDays: 7 },
      });
      await admitToSecrets(instance.owner, application, { name, model });
      client = secretClient(instance, application, name);
    });

    after(() => instance?.stop());

    async function deleteSecret(name: string) {
      return (await client.beginDeleteSecret(name, POLLING)).pollUntilDone();
    }

    test('a value that was set comes back, with everything that was said about it', async () => {
      const notBefore = new Date(Date.UTC(2026, 0, 1));
      // The client folds seconds into 32 bits: it can say nothing later than January 2038.
      const expiresOn = new Date(Date.UTC(2037, 0, 1));
      const tags = { team: 'red', 'naïve – key': 'ü' };
      const value = 'pässword "with" \\ everything \u{1F511}';
      const written = { contentType: 'text/plain', notBefore, expiresOn, tags };
      const set = await client.setSecret('first', value, written);
      const got = await client.getSecret('first');
      assert.equal(got.value, value);
      assert.equal(got.name, 'first');
      const { properties } = got;
      assert.deepEqual(properties.tags, tags);
      assert.deepEqual(properties.notBefore, notBefore);
      assert.deepEqual(properties.expiresOn, expiresOn);
      assert.equal(properties.contentType, 'text/plain');
      assert.equal(properties.enabled, true);
      assert.equal(properties.recoverableDays, 7);
      assert.equal(properties.recoveryLevel, 'CustomizedRecoverable+Purgeable');
      assert.match(properties.version ?? '', VERSION);
      assert.equal(properties.version, set.properties.version);
      assert.deepEqual(properties.createdOn, set.properties.createdOn);
    });

    test('every set makes a version, and each version keeps its own value', async () => {
      const versions: string[] = [];
      for (const value of ['one', 'two', 'three']) {
        const { properties } = await client.setSecret('versioned', value);
        versions.push(properties.version ?? '');
      }
      assert.equal(new Set(versions).size, 3);
      const [first = '', second = ''] = versions;
      assert.equal((await client.getSecret('versioned', { version: first })).value, 'one');
      assert.equal((await client.getSecret('versioned', { version: second })).value, 'two');
      assert.equal((await client.getSecret('versioned')).value, 'three');
      const listed = await collect(client.listPropertiesOfSecretVersions('versioned'));
      assert.deepEqual(listed.map(({ version }) => version).sort(), [...versions].sort());
    });

    test('an update changes what it names, of that version alone', async () => {
      const { properties: old } = await client.setSecret('updated', 'v', { tags: { a: '1' } });
      const { properties: current } = await client.setSecret('updated', 'w', { tags: { b: '2' } });
      const updated = await client.updateSecretProperties('updated', old.version ?? '', {
        contentType: 'application/json',
        tags: { c: '3' },
      });
      assert.deepEqual(updated.tags, { c: '3' });
      assert.equal(updated.contentType, 'application/json');
      const untouched = await client.getSecret('updated');
      assert.equal(untouched.properties.version, current.version);
      assert.deepEqual(untouched.properties.tags, { b: '2' });
      assert.equal(untouched.properties.contentType, undefined);
      const version = old.version ?? '';
      assert.equal((await client.getSecret('updated', { version })).value, 'v');
    });

    test('a disabled secret keeps its value to itself until it is enabled', async () => {
      const { properties } = await client.setSecret('disabled', 'hidden', { enabled: false });
      await assertRefused(client.getSecret('disabled'), {
        status: 403,
        code: 'Forbidden',
        inner: 'SecretDisabled',
      });
      const version = properties.version ?? '';
      await client.updateSecretProperties('disabled', version, { enabled: true });
      assert.equal((await client.getSecret('disabled')).value, 'hidden');
    });

    test('a list pages through every secret and shows no value', async () => {
      const names = Array.from({ length: 30 }, (_, index) => `listed-${index}`);
      await Promise.all(names.map((name) => client.setSecret(name, `value of ${name}`)));
      const pages = await collect(client.listPropertiesOfSecrets().byPage({ maxPageSize: 7 }));
      assert.ok(pages.length >= 5);
      assert.ok(pages.every((page) => page.length <= 7));
      const listed = pages.flat();
      const ours = listed.filter(({ name }) => name.startsWith('listed-'));
      assert.deepEqual(ours.map(({ name }) => name).sort(), [...names].sort());
      assert.ok(!JSON.stringify(listed).includes('value of'));
    });

    test('a deleted secret is gone, listed, and recovers with its versions', async () => {
      await client.setSecret('recovered', 'old');
      await client.setSecret('recovered', 'new');
      const deleted = await deleteSecret('recovered');
      assert.match(deleted.recoveryId ?? '', /\/deletedsecrets\/recovered$/);
      const { deletedOn, scheduledPurgeDate } = deleted;
      assert.ok(deletedOn !== undefined && scheduledPurgeDate !== undefined);
      assert.equal(scheduledPurgeDate.getTime() - deletedOn.getTime(), 7 * 86_400_000);
      await assertRefused(client.getSecret('recovered'), SECRET_NOT_FOUND);
      await assertRefused(client.setSecret('recovered', 'again'), {
        status: 409,
        code: 'Conflict',
        inner: 'ObjectIsDeletedButRecoverable',
      });
      const listed = await collect(client.listDeletedSecrets());
      assert.ok(listed.some(({ name }) => name === 'recovered'));
      const poller = await client.beginRecoverDeletedSecret('recovered', POLLING);
      await poller.pollUntilDone();
      assert.equal((await client.getSecret('recovered')).value, 'new');
      assert.equal((await collect(client.listPropertiesOfSecretVersions('recovered'))).length, 2);
    });

    test('a purged secret cannot be recovered, and its name is free', async () => {
      await client.setSecret('purged', 'gone');
      await deleteSecret('purged');
      await client.purgeDeletedSecret('purged');
      await assertRefused(client.getDeletedSecret('purged'), SECRET_NOT_FOUND);
      await client.setSecret('purged', 'reborn');
      assert.equal((await collect(client.listPropertiesOfSecretVersions('purged'))).length, 1);
    });

    test('a backup restores every version, but never over a secret that is there', async () => {
      await client.setSecret('backed-up', 'first', { tags: { kept: 'yes' } });
      await client.setSecret('backed-up', 'second', { tags: { kept: 'yes' } });
      const backup = await client.backupSecret('backed-up');
      assert.ok(backup !== undefined);
      assert.ok(!Buffer.from(backup).includes('second'), 'a backup is sealed');
      await assertRefused(client.restoreSecretBackup(backup), { status: 409, code: 'Conflict' });
      await deleteSecret('backed-up');
      await client.purgeDeletedSecret('backed-up');
      const restored = await client.restoreSecretBackup(backup);
      assert.deepEqual(restored.tags, { kept: 'yes' });
      assert.equal((await client.getSecret('backed-up')).value, 'second');
      assert.equal((await collect(client.listPropertiesOfSecretVersions('backed-up'))).length, 2);
    });

    test('a backup that was tampered with is refused', async () => {
      await client.setSecret('tampered', 'value');
      const backup = await client.backupSecret('tampered');
      assert.ok(backup !== undefined);
      await deleteSecret('tampered');
      await client.purgeDeletedSecret('tampered');
      const damaged = Uint8Array.from(backup);
      const middle = Math.floor(damaged.length / 2);
      damaged[middle] = (damaged[middle] ?? 0) ^ 1;
      const refused = await assertRefused(client.restoreSecretBackup(damaged), {
        status: 400,
        code: 'Malformed backup blob',
      });
      assert.ok(refused.message.length > 0);
      await assertRefused(client.getSecret('tampered'), SECRET_NOT_FOUND);
    });

    test('names are found without regard to case, and a strange name is refused', async () => {
      await client.setSecret('CamelCase', 'value');
      assert.equal((await client.getSecret('camelcase')).value, 'value');
      await assertRefused(client.setSecret('under_score', 'value'), {
        status: 400,
        code: 'BadParameter',
      });
    });

    test('a value of 25 KB is kept, one byte more is refused', async () => {
      const largest = 'x'.repeat(25_600);
      await client.setSecret('large', largest);
      assert.equal((await client.getSecret('large')).value, largest);
      await assertRefused(client.setSecret('large', `${largest}x`), {
        status: 400,
        code: 'BadParameter',
      });
    });

    test('many calls at once, by one client, are each answered with their own value', async () => {
      const names = Array.from({ length: 40 }, (_, index) => `many-${index}`);
      await Promise.all(names.map((name) => client.setSecret(name, name)));
      const got = await Promise.all(names.map((name) => client.getSecret(name)));
      assert.deepEqual(
        got.map(({ value }) => value),
        names,
      );
    });
  });
}
