// Signing in: once by secret for all that follows, then in the other ways, each with settings of
// its own so that no token of another way is used.
import { ok, strictEqual } from 'node:assert';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { z } from '#kernel';
import { assignRole, createApplication, ROLES } from '#test/kit/estate.ts';
import type { ClientCase, Place } from '../suite.ts';
import { Az } from './shell.ts';

const SUBSCRIPTIONS = z.array(
  z.object({ id: z.guid(), tenantId: z.guid(), user: z.object({ name: z.string() }) }),
);
const CLOUD = z.object({ isActive: z.boolean(), endpoints: z.record(z.string(), z.unknown()) });
const TOKEN = z.object({ accessToken: z.string(), tenant: z.guid() });
const CREATED = z.object({ appId: z.guid(), fileWithCertAndPrivateKey: z.string() });
const APPLICATIONS = z.object({ value: z.array(z.object({ id: z.guid() })) });
const CLOUD_NAME = 'Strongroom';

export function loginCases(az: Az, place: Place): ClientCase[] {
  const { instance } = place;
  const { clientId, clientSecret } = instance.administrator;
  return [
    { name: 'cloud register, set, show', run: () => useCloud(az, place) },
    {
      name: 'login by secret, account show, get-access-token',
      run: async () => {
        await signIn(az, place, ['-u', clientId, '-p', clientSecret]);
        const words = ['account', 'get-access-token', '--resource', instance.management];
        const { tenant } = await az.read(TOKEN, ...words);
        strictEqual(tenant, instance.tenantId);
      },
    },
    {
      name: 'login by a wrong secret is refused',
      run: async () => {
        const other = await otherUser(place);
        const words = ['-u', clientId, '-p', 'wrong'];
        await other.refused([...loginWords(place), ...words], /AADSTS7000215/);
      },
    },
    { name: 'login of a person by password', run: () => signInPerson(az, place) },
    { name: 'login by certificate', run: () => signInByCertificate(az, place) },
    { name: 'login by federated token', run: () => signInByFederatedToken(place) },
    {
      name: 'resource group create, show, list',
      run: async () => {
        const shape = z.object({ name: z.literal('az'), location: z.literal('westeurope') });
        await az.read(shape, 'group', 'create', '-n', 'az', '-l', 'westeurope');
        await az.read(shape, 'group', 'show', '-n', 'az');
        ok((await az.names('group', 'list')).includes('az'));
      },
    },
  ];
}

async function signInPerson(az: Az, place: Place): Promise<void> {
  const { instance } = place;
  const domain = instance.administrator.userPrincipalName.split('@')[1] ?? '';
  const [login, password] = [`azperson@${domain}`, 'Correct-Horse-7-Battery'];
  const who = ['--display-name', 'az person', '--user-principal-name', login];
  await az.do('ad', 'user', 'create', ...who, '--password', password);
  const scope = `/subscriptions/${instance.subscriptionId}`;
  const grant = ['--assignee', login, '--role', 'Reader', '--scope', scope];
  await az.do('role', 'assignment', 'create', ...grant);
  // MSAL Python looks for the realm of a person on port 443, whatever the authority's port.
  const other = await otherUser(place, { HTTPS_PROXY: place.proxy });
  const words = ['login', '--tenant', instance.tenantId, '-u', login, '-p', password];
  const [subscription] = await other.read(SUBSCRIPTIONS, ...words);
  strictEqual(subscription?.user.name, login);
  const me = ['ad', 'signed-in-user', 'show'];
  await other.read(z.object({ userPrincipalName: z.literal(login) }), ...me);
}

async function useCloud(az: Az, { instance }: Place): Promise<void> {
  const endpoint = ['--endpoint-resource-manager', instance.management];
  await az.do('cloud', 'register', '-n', CLOUD_NAME, ...endpoint);
  await az.do('cloud', 'set', '-n', CLOUD_NAME);
  const { isActive, endpoints } = await az.read(CLOUD, 'cloud', 'show');
  ok(isActive);
  strictEqual(endpoints.activeDirectory, `${instance.login}/`);
}

/** With settings and tokens of its own; `environment` is what its surroundings add. */
export async function otherUser(
  place: Place,
  environment: Readonly<Record<string, string>> = {},
): Promise<Az> {
  const other = new Az(place, environment);
  await useCloud(other, place);
  return other;
}

function loginWords({ instance }: Place): string[] {
  return ['login', '--service-principal', '--tenant', instance.tenantId];
}

async function signIn(az: Az, place: Place, words: readonly string[]): Promise<void> {
  const { tenantId, subscriptionId } = place.instance;
  const subscriptions = await az.read(SUBSCRIPTIONS, ...loginWords(place), ...words);
  const found = subscriptions.find(({ id }) => id === subscriptionId);
  strictEqual(found?.tenantId, tenantId);
  strictEqual(found.user.name, words[1]);
}

async function signInByCertificate(az: Az, place: Place): Promise<void> {
  const scope = `/subscriptions/${place.instance.subscriptionId}`;
  const grant = ['--role', 'Reader', '--scopes', scope];
  const words = ['ad', 'sp', 'create-for-rbac', '-n', 'az by certificate', '--create-cert'];
  const made = await az.read(CREATED, ...words, ...grant);
  const file = made.fileWithCertAndPrivateKey;
  const other = await otherUser(place);
  await signIn(other, place, ['-u', made.appId, '--certificate', file]);
}

async function signInByFederatedToken(place: Place): Promise<void> {
  const { owner, subscriptionId } = place.instance;
  const application = await createApplication(owner, 'az by federated token');
  const { clientId } = application.credentials;
  const found = await owner.graph({ path: `/applications?$filter=appId%20eq%20'${clientId}'` });
  const id = found.expect(200).read(APPLICATIONS).value[0]?.id;
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const claims = {
    iss: 'https://issuer.example',
    sub: 'workload',
    aud: 'api://AzureADTokenExchange',
    ...lifetime(),
  };
  const trusted = await owner.graph({
    method: 'POST',
    path: `/applications/${id}/federatedIdentityCredentials`,
    json: {
      name: 'workload',
      issuer: claims.iss,
      subject: claims.sub,
      audiences: [claims.aud],
      jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', use: 'sig' }] },
    },
  });
  trusted.expect(201);
  const other = await otherUser(place);
  const scope = `/subscriptions/${subscriptionId}`;
  await assignRole(owner, { to: application, role: ROLES.reader, scope });
  const token = signedToken(claims, privateKey);
  await signIn(other, place, ['-u', clientId, '--federated-token', token]);
}

function lifetime(): { readonly iat: number; readonly nbf: number; readonly exp: number } {
  const nowS = Math.floor(Date.now() / 1000);
  return { iat: nowS, nbf: nowS, exp: nowS + 600 };
}

function signedToken(claims: object, key: KeyObject): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const content = `${encode({ alg: 'RS256', typ: 'JWT', kid: 'k' })}.${encode(claims)}`;
  return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`;
}
