// For tests that have a vault's certificate issued by a named issuer.
import { createServer } from 'node:net';
import { z } from '#kernel';
import type { Caller } from './caller.ts';
import { assignRole, createVault, vaultScope } from './estate.ts';

const CERTIFICATES_OFFICER = 'a4417e6f-fecd-4de8-b567-7b0420556985';
const SECRETS_USER = '4633458b-17de-408a-b874-0445c86b69e6';
const VERSION = '7.6';
const WAIT_MS = 200;
const pendingSchema = z.looseObject({
  status: z.string(),
  status_details: z.string().optional(),
  error: z.looseObject({ message: z.string() }).nullish(),
});

type PendingView = z.infer<typeof pendingSchema>;

/** A vault in which the caller may do everything with certificates and read their secrets. */
export async function createCertificateVault(owner: Caller): Promise<string> {
  const vault = await createVault(owner, { model: 'rbac' });
  const scope = vaultScope(owner, vault);
  for (const role of [CERTIFICATES_OFFICER, SECRETS_USER]) {
    await assignRole(owner, { to: owner, role, scope });
  }
  return vault;
}

export interface IssuerOrder {
  readonly vault: string;
  readonly issuer: string;
}

export async function putIssuer(
  owner: Caller,
  { vault, issuer }: IssuerOrder,
  json: unknown,
): Promise<void> {
  const path = `/certificates/issuers/${issuer}`;
  (await owner.vault(vault, { method: 'PUT', path, json, apiVersion: VERSION })).expect(200);
}

export interface CertificateOrder extends IssuerOrder {
  readonly name: string;
  readonly dnsNames: readonly string[];
}

export async function orderCertificate(owner: Caller, order: CertificateOrder): Promise<void> {
  const { vault, issuer, name, dnsNames } = order;
  const json = {
    policy: {
      issuer: { name: issuer },
      x509_props: { subject: `CN=${dnsNames[0]}`, sans: { dns_names: dnsNames } },
      key_props: { kty: 'EC', crv: 'P-256', exportable: true, reuse_key: false },
      secret_props: { contentType: 'application/x-pem-file' },
    },
  };
  const path = `/certificates/${name}/create`;
  (await owner.vault(vault, { method: 'POST', path, json, apiVersion: VERSION })).expect(202);
}

type Place = Pick<CertificateOrder, 'vault' | 'name'>;

/** Its secret: private key and chain, as PEM. Throws with the issuer's words if it failed. */
export async function awaitCertificate(
  owner: Caller,
  place: Place,
  limitMs = 20_000,
): Promise<string> {
  const { status, error } = await awaitPending(owner, place, {
    until: (pending) => pending.status !== 'inProgress',
    limitMs,
  });
  if (status !== 'completed') throw new Error(`${status}: ${error?.message ?? 'no error'}`);
  const path = `/secrets/${place.name}`;
  const answer = await owner.vault(place.vault, { path, apiVersion: VERSION });
  return answer.expect(200).read(z.looseObject({ value: z.string() })).value;
}

/** The pending operation once it is as asked for, or once the time is up. */
export async function awaitPending(
  owner: Caller,
  { vault, name }: Place,
  { until, limitMs }: { until: (pending: PendingView) => boolean; limitMs: number },
): Promise<PendingView> {
  const path = `/certificates/${name}/pending`;
  for (let waitedMs = 0; ; waitedMs += WAIT_MS) {
    const answer = await owner.vault(vault, { path, apiVersion: VERSION });
    const pending = answer.expect(200).read(pendingSchema);
    if (until(pending) || waitedMs > limitMs) return pending;
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
      server.close(() => resolve(port));
    });
  });
}
