// `az role`: assignments at several scopes, and roles of one's own.
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from '#kernel';
import { groupScope } from '#test/kit/estate.ts';
import type { ClientCase, Place } from '../suite.ts';
import type { Az } from './shell.ts';

const ASSIGNMENT = z.object({
  id: z.string(),
  principalId: z.guid(),
  principalName: z.string().optional(),
  principalType: z.string(),
  roleDefinitionName: z.string().optional(),
  scope: z.string(),
});
const ASSIGNMENTS = z.array(ASSIGNMENT);
const DEFINITION = z.object({ name: z.guid(), roleName: z.string(), roleType: z.string() });
const DEFINITIONS = z.array(DEFINITION);
const ROLE = 'Az Test Role';

export function roleCases(az: Az, place: Place): ClientCase[] {
  return [
    {
      name: 'role assignment create, list, delete by the name of a principal',
      run: () => assignByName(az, place),
    },
    {
      name: 'role assignment create, delete by object id, with a condition',
      run: () => assignWithCondition(az, place),
    },
    {
      name: 'role definition create, list, update, delete',
      run: () => defineRole(az, place),
    },
  ];
}

async function assignByName(az: Az, place: Place): Promise<void> {
  const scope = groupScope(place.instance.owner, 'az');
  const role = 'Key Vault Secrets User';
  const which = ['--assignee', place.clientId, '--role', role, '--scope', scope];
  const made = await az.read(ASSIGNMENT, 'role', 'assignment', 'create', ...which);
  deepStrictEqual([made.principalType, made.scope], ['ServicePrincipal', scope]);

  const list = ['role', 'assignment', 'list'];
  const own = await az.read(ASSIGNMENTS, ...list, '--scope', scope);
  deepStrictEqual(
    own.map((one) => one.roleDefinitionName),
    [role],
  );
  strictEqual(own[0]?.principalName, place.clientId);
  const all = await az.read(ASSIGNMENTS, ...list, '--all', '--assignee', place.clientId);
  ok(all.some(({ id }) => id === made.id));
  const wide = await az.read(ASSIGNMENTS, ...list, '--scope', scope, '--include-inherited');
  ok(wide.some((one) => one.scope === '/' && one.roleDefinitionName === 'Owner'));

  await az.do('role', 'assignment', 'delete', ...which);
  deepStrictEqual(await az.read(ASSIGNMENTS, ...list, '--scope', scope), []);
}

async function assignWithCondition(az: Az, place: Place): Promise<void> {
  const scope = groupScope(place.instance.owner, 'az');
  const { id } = await az.read(
    z.object({ id: z.guid() }),
    ...['ad', 'sp', 'show', '--id', place.clientId],
  );
  const condition =
    "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR " +
    '(@Request[Microsoft.Authorization/roleAssignments:PrincipalType] ' +
    "StringEqualsIgnoreCase 'ServicePrincipal'))";
  const made = await az.read(
    z.object({ id: z.string(), condition: z.literal(condition), description: z.string() }),
    ...['role', 'assignment', 'create', '--role', 'Role Based Access Control Administrator'],
    ...['--assignee-object-id', id, '--assignee-principal-type', 'ServicePrincipal'],
    ...['--scope', scope, '--condition', condition, '--condition-version', '2.0'],
    ...['--description', 'from az'],
  );
  await az.do('role', 'assignment', 'delete', '--ids', made.id);
  deepStrictEqual(await az.read(ASSIGNMENTS, 'role', 'assignment', 'list', '--scope', scope), []);
}

async function defineRole(az: Az, place: Place): Promise<void> {
  const definition = {
    Name: ROLE,
    IsCustom: true,
    Description: 'Reads secrets',
    Actions: ['Microsoft.KeyVault/vaults/read'],
    NotActions: [],
    DataActions: ['Microsoft.KeyVault/vaults/secrets/getSecret/action'],
    NotDataActions: [],
    AssignableScopes: [`/subscriptions/${place.instance.subscriptionId}`],
  };
  const file = join(az.folder, 'role.json');
  writeFileSync(file, JSON.stringify(definition));
  const made = await az.read(
    DEFINITION,
    ...['role', 'definition', 'create', '--role-definition', `@${file}`],
  );
  deepStrictEqual([made.roleName, made.roleType], [ROLE, 'CustomRole']);

  const list = ['role', 'definition', 'list'];
  const custom = await az.read(DEFINITIONS, ...list, '--custom-role-only', 'true');
  ok(custom.some(({ name }) => name === made.name));
  const [officer, ...more] = await az.read(DEFINITIONS, ...list, '-n', 'Key Vault Secrets Officer');
  deepStrictEqual([officer?.roleType, more.length], ['BuiltInRole', 0]);

  writeFileSync(file, JSON.stringify({ ...definition, Description: 'Changed' }));
  const changed = z.object({ name: z.literal(made.name), description: z.literal('Changed') });
  await az.read(changed, ...['role', 'definition', 'update', '--role-definition', `@${file}`]);
  await az.do('role', 'definition', 'delete', '-n', ROLE);
  deepStrictEqual(await az.read(DEFINITIONS, ...list, '-n', ROLE), []);
}
