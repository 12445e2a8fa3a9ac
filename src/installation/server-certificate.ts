// The certificate that the listener shows: the operator's own, or one from the authority that this
// installation made for itself. Kept sealed in the store; renewed long before it expires.
import { planeHosts } from '#config';
import {
  type CertificateWithKey,
  createAuthority,
  isServerCertificateFit,
  issueServerCertificate,
  type ServerNames,
} from '#cryptography';
import type { Clock } from '#kernel';
import type { View } from '#storage';

const AUTHORITY = 'tls/authority';
const SERVER = 'tls/server';

export interface ServerCertificate {
  readonly server: CertificateWithKey;
  /** What clients have to trust. */
  readonly authorityPem: string;
}

/** The names under which the planes and every vault are reached. */
export function serverNames(domain: string, addresses: readonly string[]): ServerNames {
  return { names: [...planeHosts(domain), `*.vault.${domain}`, domain], addresses };
}

/** What is kept if it still fits; otherwise a new certificate, from a new authority if need be. */
export async function openServerCertificate(
  view: View,
  names: ServerNames,
  clock: Clock,
): Promise<ServerCertificate> {
  const authority =
    (await view.get<CertificateWithKey>(AUTHORITY)) ?? (await makeAuthority(view, clock));
  const request = { ...names, authority, clock };
  const kept = await view.get<CertificateWithKey>(SERVER);
  if (kept !== undefined && isServerCertificateFit(kept, request)) {
    return { server: kept, authorityPem: authority.certificatePem };
  }
  const server = await issueServerCertificate(request);
  await view.transact(async (transaction) => transaction.put(SERVER, server));
  return { server, authorityPem: authority.certificatePem };
}

async function makeAuthority(view: View, clock: Clock): Promise<CertificateWithKey> {
  const authority = await createAuthority({ clock });
  await view.transact(async (transaction) => transaction.put(AUTHORITY, authority));
  return authority;
}
