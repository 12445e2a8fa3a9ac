// What applications and people prove themselves with: certificates, tokens of an outside issuer,
// passwords. Registered over the wire, as the owner.
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { loadX509Library } from '#cryptography';
import { z } from '#kernel';
import type { Caller } from './caller.ts';

const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};
const YEAR_MS = 365 * 24 * 3_600_000;
const OBJECTS = z.object({ value: z.array(z.object({ id: z.guid() })) });
const OBJECT = z.object({ id: z.guid() });
const ORGANIZATIONS = z.object({
  value: z.array(z.object({ verifiedDomains: z.array(z.object({ name: z.string() })) })),
});

export interface ClientCertificate {
  /** The certificate alone. */
  readonly certificatePem: string;
  /** The certificate and the authority that issued it. */
  readonly chainPem: string;
  readonly privateKeyPem: string;
  readonly der: Buffer;
}

/** A new key with a certificate that an authority of its own has issued. */
export async function makeClientCertificate(commonName = 'client'): Promise<ClientCertificate> {
  const x509 = await loadX509Library();
  const makeKeys = () => crypto.subtle.generateKey(RSA, true, ['sign', 'verify']);
  const [authorityKeys, keys] = await Promise.all([makeKeys(), makeKeys()]);
  const validity = {
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + YEAR_MS),
    signingAlgorithm: RSA,
  };
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: `CN=${commonName} authority`,
    keys: authorityKeys,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  const leaf = await x509.X509CertificateGenerator.create({
    ...validity,
    subject: `CN=${commonName}`,
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: authorityKeys.privateKey,
  });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey));
  const certificatePem = `${leaf.toString('pem')}\n`;
  return {
    certificatePem,
    chainPem: `${certificatePem}${authority.toString('pem')}\n`,
    privateKeyPem: renderPem('PRIVATE KEY', pkcs8),
    der: Buffer.from(leaf.rawData),
  };
}

function renderPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** Object id of the application that the caller is. */
export async function applicationId(owner: Caller, caller: Caller): Promise<string> {
  const filter = encodeURIComponent(`appId eq '${caller.credentials.clientId}'`);
  const found = await owner.graph({ path: `/applications?$filter=${filter}` });
  return z.string().parse(found.expect(200).read(OBJECTS).value[0]?.id);
}

/** Changes the application that the caller is, as Graph's PATCH does. */
export async function patchApplication(owner: Caller, caller: Caller, json: object) {
  const path = `/applications/${await applicationId(owner, caller)}`;
  (await owner.graph({ method: 'PATCH', path, json })).expect(204);
}

/** An administrator lets the application use this resource in everyone's name. */
export async function consentForAll(
  owner: Caller,
  caller: Caller,
  { resourceAppId, scope }: { readonly resourceAppId: string; readonly scope: string },
): Promise<void> {
  const filter = encodeURIComponent(`appId eq '${resourceAppId}'`);
  const found = await owner.graph({ path: `/servicePrincipals?$filter=${filter}` });
  const resourceId = found.expect(200).read(OBJECTS).value[0]?.id;
  const clientId = caller.credentials.objectId;
  const json = { clientId, consentType: 'AllPrincipals', resourceId, scope };
  (await owner.graph({ method: 'POST', path: '/oauth2PermissionGrants', json })).expect(201);
}

/** From now on the application has exactly these certificates. */
export function registerCertificates(
  owner: Caller,
  caller: Caller,
  certificates: readonly ClientCertificate[],
): Promise<void> {
  const keyCredentials = certificates.map(({ der }) => ({
    type: 'AsymmetricX509Cert',
    usage: 'Verify',
    key: der.toString('base64'),
  }));
  return patchApplication(owner, caller, { keyCredentials });
}

export interface OutsideIssuer {
  /** Object id of the federated credential. */
  readonly credentialId: string;
  /** A token that the application trusts, ten minutes long. */
  issue(): string;
}

/** An issuer like a Kubernetes cluster's, its keys uploaded, that the application trusts. */
export async function trustOutsideIssuer(owner: Caller, caller: Caller): Promise<OutsideIssuer> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const issuer = `https://issuer-${randomUUID()}.example`;
  const subject = 'system:serviceaccount:default:worker';
  const audience = 'api://AzureADTokenExchange';
  const kid = randomUUID();
  const added = await owner.graph({
    method: 'POST',
    path: `/applications/${await applicationId(owner, caller)}/federatedIdentityCredentials`,
    json: {
      name: kid,
      issuer,
      subject,
      audiences: [audience],
      jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' }] },
    },
  });
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  return {
    credentialId: added.expect(201).read(OBJECT).id,
    issue() {
      const nowS = Math.floor(Date.now() / 1000);
      const claims = { iss: issuer, sub: subject, aud: [audience], iat: nowS, nbf: nowS };
      const header = encode({ alg: 'RS256', typ: 'JWT', kid });
      const content = `${header}.${encode({ ...claims, exp: nowS + 600 })}`;
      return `${content}.${sign('sha256', Buffer.from(content), privateKey).toString('base64url')}`;
    },
  };
}

export interface Person {
  readonly objectId: string;
  readonly userName: string;
  readonly password: string;
}

/** A person who has chosen his password already. */
export async function createPerson(owner: Caller, name = `p-${randomUUID()}`): Promise<Person> {
  const organization = await owner.graph({ path: '/organization' });
  const [found] = organization.expect(200).read(ORGANIZATIONS).value;
  const userName = `${name}@${found?.verifiedDomains[0]?.name}`;
  const password = `A-long-enough-1-${randomUUID()}`;
  const created = await owner.graph({
    method: 'POST',
    path: '/users',
    json: {
      accountEnabled: true,
      displayName: name,
      mailNickname: name,
      userPrincipalName: userName,
      passwordProfile: { password, forceChangePasswordNextSignIn: false },
    },
  });
  return { objectId: created.expect(201).read(OBJECT).id, userName, password };
}
