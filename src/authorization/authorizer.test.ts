// The Authorizer over the real directory and resources, in memory: what was written is decided by
// at the very next question.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  addReferences,
  createGroup,
  createServicePrincipal,
  Directory,
  deleteServicePrincipal,
  removeReferences,
  updateServicePrincipal,
} from '#directory';
import { ManualClock, newGuid } from '#kernel';
import {
  bootstrapSubscription,
  deleteRoleAssignment,
  type ManagementGroup,
  putRoleAssignment,
  putRoleDefinition,
  Resources,
  type RoleAssignment,
  resourcePath,
  type Subscription,
} from '#resources';
import { openMemoryStorage, tenantPartition } from '#storage';
import { Authorizer } from './authorizer.ts';
import { systemGrant } from './decide.ts';
import {
  assign,
  customRole,
  person,
  roleNamed,
  secretAccess,
  TENANT,
  vaultOf,
} from './world.fixture.ts';

const SUBSCRIPTION_ID = '22222222-2222-4222-8222-222222222222';
const SUBSCRIPTION = `/subscriptions/${SUBSCRIPTION_ID}`;
const USER = roleNamed('Key Vault Secrets User');

async function setUp() {
  const clock = new ManualClock();
  const storage = await openMemoryStorage();
  const view = storage.view(systemGrant(tenantPartition(TENANT), 'test'));
  const input = { tenantId: TENANT, subscriptionId: SUBSCRIPTION_ID, displayName: '', owners: [] };
  await bootstrapSubscription(view, { ...input, clock });
  const directory = await Directory.open({ storage, tenantId: TENANT, clock });
  const resources = await Resources.open({ storage, tenantId: TENANT });
  const authorizer = await Authorizer.open({ resources, directory });
  const app = await createServicePrincipal(view, { appId: newGuid(), displayName: 'app' }, clock);
  return {
    clock,
    view,
    resources,
    directory,
    authorizer,
    app,
    opens: (objectId = app.id) =>
      authorizer.decideData({
        principal: person(objectId, { type: 'ServicePrincipal', applicationId: app.appId }),
        vault: vaultOf(),
        objectScope: 'secrets/db',
        access: secretAccess.get,
        nowMs: clock.now(),
      }).allowed,
    put: (assignment: RoleAssignment) =>
      view.transact((transaction) => putRoleAssignment(transaction, assignment)),
    remove: ({ name }: RoleAssignment) =>
      view.transact((transaction) => deleteRoleAssignment(transaction, name)),
  };
}

describe('the authorizer', () => {
  it('a grant works and a revocation bites at the very next question', async () => {
    const { app, opens, put, remove } = await setUp();
    const assignment = assign({
      principalId: app.id,
      scope: SUBSCRIPTION,
      roleDefinitionName: USER,
    });
    assert.equal(opens(), false);
    await put(assignment);
    assert.equal(opens(), true);
    await remove(assignment);
    assert.equal(opens(), false);
  });

  it('knows what was assigned before it was opened', async () => {
    const { app, put, resources, directory, clock } = await setUp();
    await put(assign({ principalId: app.id, scope: SUBSCRIPTION, roleDefinitionName: USER }));
    const later = await Authorizer.open({ resources, directory });
    const decision = later.decideData({
      principal: person(app.id),
      vault: vaultOf(),
      objectScope: 'secrets/db',
      access: secretAccess.get,
      nowMs: clock.now(),
    });
    assert.ok(decision.allowed);
  });

  it('leaving a group, at any depth, bites at once', async () => {
    const { app, view, clock, opens, put } = await setUp();
    const make = (displayName: string) =>
      createGroup(view, { displayName, mailNickname: displayName }, clock);
    const [inner, outer] = [await make('inner'), await make('outer')];
    await put(assign({ principalId: outer.id, scope: SUBSCRIPTION, roleDefinitionName: USER }));
    const membership = {
      kind: 'group',
      id: inner.id,
      property: 'members',
      objectIds: [app.id],
    } as const;
    const nesting = {
      kind: 'group',
      id: outer.id,
      property: 'members',
      objectIds: [inner.id],
    } as const;
    await addReferences(view, membership);
    assert.equal(opens(), false);
    await addReferences(view, nesting);
    assert.equal(opens(), true);
    await removeReferences(view, nesting);
    assert.equal(opens(), false);
    await addReferences(view, nesting);
    await removeReferences(view, membership);
    assert.equal(opens(), false);
  });

  it('disabling or deleting the principal bites at once', async () => {
    const { app, view, clock, opens, put } = await setUp();
    await put(assign({ principalId: app.id, scope: SUBSCRIPTION, roleDefinitionName: USER }));
    await updateServicePrincipal(view, app.id, { accountEnabled: false });
    assert.equal(opens(), false);
    await updateServicePrincipal(view, app.id, { accountEnabled: true });
    assert.equal(opens(), true);
    await deleteServicePrincipal(view, app.id, clock);
    assert.equal(opens(), false);
  });

  it('a principal made again for the same application does not inherit', async () => {
    const { app, view, clock, opens, put } = await setUp();
    await put(assign({ principalId: app.id, scope: SUBSCRIPTION, roleDefinitionName: USER }));
    await deleteServicePrincipal(view, app.id, clock);
    const again = await createServicePrincipal(
      view,
      { appId: app.appId, displayName: app.displayName },
      clock,
    );
    assert.equal(opens(again.id), false);
    assert.equal(opens(app.id), false);
  });

  it('a change of a custom role counts at once', async () => {
    const { app, view, opens, put } = await setUp();
    const role = customRole([{ dataActions: [secretAccess.get.action] }], { roleName: 'Mine' });
    const write = (dataActions: readonly string[]) => {
      const changed = { ...role, permissions: customRole([{ dataActions }]).permissions };
      return view.transact((transaction) =>
        putRoleDefinition(transaction, changed, () => undefined),
      );
    };
    await write([secretAccess.get.action]);
    await put(assign({ principalId: app.id, scope: SUBSCRIPTION, roleDefinitionName: role.name }));
    assert.equal(opens(), true);
    await write([secretAccess.set.action]);
    assert.equal(opens(), false);
  });

  it('moving the subscription to another management group counts at once', async () => {
    const { app, view, opens, put } = await setUp();
    const scope = '/providers/Microsoft.Management/managementGroups/Finance';
    await put(assign({ principalId: app.id, scope, roleDefinitionName: USER }));
    await view.transact(async (transaction) => {
      transaction.put<ManagementGroup>(resourcePath('managementGroup', 'Finance'), {
        name: 'Finance',
        displayName: 'Finance',
        parent: TENANT,
        updatedOn: '',
        updatedBy: '',
      });
    });
    const move = (managementGroup: string) =>
      view.transact(async (transaction) => {
        const path = resourcePath('subscription', SUBSCRIPTION_ID);
        const subscription = await transaction.get<Subscription>(path);
        assert.ok(subscription);
        transaction.put<Subscription>(path, { ...subscription, managementGroup });
      });
    assert.equal(opens(), false);
    await move('Finance');
    assert.equal(opens(), true);
    await move(TENANT);
    assert.equal(opens(), false);
  });

  it('a role at the root management group reaches every subscription', async () => {
    const { app, opens, put } = await setUp();
    const scope = `/providers/Microsoft.Management/managementGroups/${TENANT}`;
    await put(assign({ principalId: app.id, scope, roleDefinitionName: USER }));
    assert.equal(opens(), true);
  });

  it('a time-bound assignment starts and ends by the clock alone', async () => {
    const { app, clock, opens, put } = await setUp();
    const startsAtMs = clock.now() + 1000;
    const endsAtMs = startsAtMs + 1000;
    const time = { startsAtMs, endsAtMs };
    await put(
      assign({ principalId: app.id, scope: SUBSCRIPTION, roleDefinitionName: USER, ...time }),
    );
    const seen = [opens()];
    for (const byMs of [999, 1, 999, 1]) {
      clock.advance(byMs);
      seen.push(opens());
    }
    assert.deepEqual(seen, [false, false, true, true, false]);
  });

  it('explains with the names and the nesting of the real directory', async () => {
    const { app, view, clock, authorizer, put } = await setUp();
    const group = await createGroup(
      view,
      { displayName: 'g', mailNickname: 'g', members: [app.id] },
      clock,
    );
    await put(assign({ principalId: group.id, scope: SUBSCRIPTION, roleDefinitionName: USER }));
    const explanation = authorizer.explain({
      kind: 'data',
      request: {
        principal: person(app.id),
        vault: vaultOf(),
        objectScope: 'secrets/db',
        access: secretAccess.get,
        nowMs: clock.now(),
      },
    });
    const [step] = explanation.steps;
    assert.ok(step?.step === 'roleAssignment');
    assert.deepEqual([step.roleName, step.groupPath], ['Key Vault Secrets User', [group.id]]);
  });
});
