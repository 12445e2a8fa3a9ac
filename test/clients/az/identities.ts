// Managed identities: made and deleted by `az identity`, and signed in with, through an agent and
// with a token of an outside issuer.
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { z } from '#kernel';
import type { ClientCase, Place } from '../suite.ts';
import { otherUser } from './login.ts';
import type { Az } from './shell.ts';

const IDENTITY = z.object({
  id: z.string(),
  name: z.string(),
  clientId: z.guid(),
  principalId: z.guid(),
  tenantId: z.guid(),
});
const CREDENTIAL = z.object({ name: z.string(), issuer: z.string(), subject: z.string() });
const SUBSCRIPTIONS = z.array(z.object({ id: z.guid() }));
const TRUST = {
  issuer: 'https://issuer.example',
  subject: 'workload',
  audiences: ['api://AzureADTokenExchange'],
};

export function identityCases(az: Az, place: Place): ClientCase[] {
  const one = ['-g', 'az', '-n', 'worker'];
  return [
    {
      name: 'identity create, show, list, delete',
      run: async () => {
        const made = await az.read(IDENTITY, 'identity', 'create', ...one);
        strictEqual(made.tenantId, place.instance.tenantId);
        deepStrictEqual(await az.read(IDENTITY, 'identity', 'show', ...one), made);
        ok((await az.names('identity', 'list')).includes('worker'));
        ok((await az.names('identity', 'list', '-g', 'az')).includes('worker'));
        await az.do('identity', 'delete', ...one);
        await az.refused(['identity', 'show', ...one], /was not found/);
      },
    },
    {
      name: 'identity federated-credential create, show, list, delete',
      run: () => federatedCredentials(az),
    },
    { name: 'login --identity, from an agent', run: () => signInByAgent(place) },
    {
      name: 'login of an identity by federated token, its keys uploaded by az rest',
      run: () => signInByFederatedToken(az, place),
    },
  ];
}

async function federatedCredentials(az: Az): Promise<void> {
  await az.do('identity', 'create', '-g', 'az', '-n', 'trusting');
  const command = (verb: string) => ['identity', 'federated-credential', verb, '-g', 'az'];
  const one = ['--identity-name', 'trusting', '-n', 'workload'];
  const trust = ['--issuer', TRUST.issuer, '--subject', TRUST.subject];
  const made = await az.read(
    CREDENTIAL,
    ...command('create'),
    ...one,
    ...trust,
    ...['--audiences', ...TRUST.audiences],
  );
  strictEqual(made.subject, TRUST.subject);
  await az.read(CREDENTIAL, ...command('show'), ...one);
  const names = await az.names(...command('list'), '--identity-name', 'trusting');
  deepStrictEqual(names, ['workload']);
  await az.do(...command('delete'), ...one, '--yes');
  deepStrictEqual(await az.names(...command('list'), '--identity-name', 'trusting'), []);
}

async function signInByAgent(place: Place): Promise<void> {
  const { workload, instance } = place;
  const other = await otherUser(place, workload);
  const subscriptions = await other.read(SUBSCRIPTIONS, 'login', '--identity');
  strictEqual(subscriptions[0]?.id, instance.subscriptionId);
  const secret = ['keyvault', 'secret', 'show', '--id', `${place.vaultUrl}/secrets/message`];
  const { value } = await other.read(z.object({ value: z.string() }), ...secret);
  strictEqual(value, place.secretValue);
}

async function signInByFederatedToken(az: Az, place: Place): Promise<void> {
  const { tenantId, subscriptionId } = place.instance;
  const made = await az.read(IDENTITY, 'identity', 'create', '-g', 'az', '-n', 'federated');
  const scope = ['--scope', `/subscriptions/${subscriptionId}`];
  const who = ['--assignee-object-id', made.principalId];
  const kind = ['--assignee-principal-type', 'ServicePrincipal'];
  await az.do('role', 'assignment', 'create', ...who, ...kind, '--role', 'Reader', ...scope);
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', use: 'sig' }] };
  const file = join(az.folder, 'credential.json');
  writeFileSync(file, JSON.stringify({ properties: { ...TRUST, jwks } }));
  const url = `${made.id}/federatedIdentityCredentials/uploaded?api-version=2023-01-31`;
  await az.do('rest', '--method', 'put', '--url', url, '--body', `@${file}`);
  const token = await new SignJWT()
    .setProtectedHeader({ alg: 'RS256', kid: 'k' })
    .setIssuer(TRUST.issuer)
    .setSubject(TRUST.subject)
    .setAudience(TRUST.audiences)
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(privateKey);
  const other = await otherUser(place);
  const words = ['login', '--service-principal', '--tenant', tenantId, '-u', made.clientId];
  const subscriptions = await other.read(SUBSCRIPTIONS, ...words, '--federated-token', token);
  strictEqual(subscriptions[0]?.id, subscriptionId);
}
