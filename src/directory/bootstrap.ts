// The first start: one tenant with its first administrator (a person) and its first automation
// application, both of which the operator receives once. Rights on resources are not given here.
import type { Clock } from '#kernel';
import type { View } from '#storage';
import { addPassword, createApplication } from './applications.ts';
import { directoryRoleIds } from './directory-role-ids.ts';
import { addRoleMember } from './directory-roles.ts';
import { within } from './object-store.ts';
import { recordPath } from './paths.ts';
import type { Tenant } from './records.ts';
import { createServicePrincipal } from './service-principals.ts';
import { maintainSigningKeys } from './signing-keys.ts';
import { generatePassword } from './user-password.ts';
import { createUser } from './users.ts';
import { wellKnownPrincipals } from './well-known.ts';

export interface BootstrapInput {
  readonly tenantId: string;
  readonly displayName: string;
  /** Default domain, for example `strongroom.localhost`. */
  readonly domain: string;
}

export interface Bootstrapped {
  readonly tenantId: string;
  readonly administrator: {
    readonly objectId: string;
    readonly userPrincipalName: string;
    /** One-time: must be changed at the first sign-in. */
    readonly password: string;
  };
  readonly automation: {
    /** Object id of the service principal: what role assignments name. */
    readonly objectId: string;
    readonly clientId: string;
    readonly clientSecret: string;
  };
}

/** All of it or nothing, in one commit. Throws if the view's tenant has been made before. */
export function bootstrapTenant(
  view: View,
  input: BootstrapInput,
  clock: Clock,
): Promise<Bootstrapped> {
  return view.transact(async (transaction) => {
    const { tenantId, displayName, domain } = input;
    const path = recordPath('tenant', tenantId);
    if (await transaction.get(path)) throw new Error('the tenant has been made before');
    const tenant: Tenant = { tenantId, displayName, domains: [domain] };
    transaction.put(path, tenant);
    return populate(within(transaction), input, clock);
  });
}

async function populate(
  view: View,
  { tenantId, domain }: BootstrapInput,
  clock: Clock,
): Promise<Bootstrapped> {
  await maintainSigningKeys(view, clock);
  for (const { appId, name } of wellKnownPrincipals) {
    await createServicePrincipal(view, { appId, displayName: name }, clock);
  }
  const administrator = await makeAdministrator(view, domain, clock);
  const automation = await makeAutomation(view, clock);
  return { tenantId, administrator, automation };
}

async function makeAdministrator(
  view: View,
  domain: string,
  clock: Clock,
): Promise<Bootstrapped['administrator']> {
  const userPrincipalName = `admin@${domain}`;
  const password = generatePassword();
  const user = await createUser(
    view,
    {
      userPrincipalName,
      displayName: 'Administrator',
      passwordProfile: { password, forceChangePasswordNextSignIn: true },
    },
    clock,
  );
  await addRoleMember(view, directoryRoleIds.globalAdministrator, user.id);
  return { objectId: user.id, userPrincipalName, password };
}

async function makeAutomation(view: View, clock: Clock): Promise<Bootstrapped['automation']> {
  const displayName = 'Strongroom automation';
  const application = await createApplication(view, { displayName }, clock);
  const { appId, id } = application;
  const principal = await createServicePrincipal(view, { appId, displayName }, clock);
  const { secretText } = await addPassword(
    view,
    { id, password: { displayName: 'first start' } },
    clock,
  );
  await addRoleMember(view, directoryRoleIds.globalAdministrator, principal.id);
  return { objectId: principal.id, clientId: appId, clientSecret: secretText };
}
