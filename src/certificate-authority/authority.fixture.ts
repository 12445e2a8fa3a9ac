// For the tests of this folder: an authority over memory storage, and what a vault would send it.
import { systemGrant } from '#authorization';
import {
  buildCertificateRequest,
  type CertificateProfile,
  generateKey,
  type KeyMaterial,
  type NameConstraints,
} from '#cryptography';
import { ManualClock, newGuid } from '#kernel';
import { openMemoryStorage, type Storage, tenantPartition, type View } from '#storage';
import { type AuthorityContext, createAuthority } from './authorities.ts';
import { issueOnce } from './issued.ts';

export interface TestAuthority {
  readonly storage: Storage;
  readonly view: View;
  readonly clock: ManualClock;
  readonly context: AuthorityContext;
  /** Leaf, intermediate, root. */
  issue(order?: Partial<TestOrder>): Promise<readonly Buffer[]>;
}

export interface TestOrder {
  readonly profile: CertificateProfile;
  readonly key: KeyMaterial;
  readonly requestId: string;
  readonly validityMonths: number;
}

export const DAY_MS = 86_400_000;
export const leafKey = await generateKey({ kty: 'EC', crv: 'P-256' });
export const leafProfile: CertificateProfile = {
  subject: 'CN=www.contoso.com',
  alternativeNames: { dnsNames: ['www.contoso.com'] },
  extendedKeyUsages: ['1.3.6.1.5.5.7.3.1'],
  keyUsages: ['digitalSignature'],
};

export async function openTestAuthority(
  options: { readonly constraints?: NameConstraints; readonly startMs?: number } = {},
): Promise<TestAuthority> {
  const clock = new ManualClock(options.startMs ?? Date.UTC(2026, 10, 25));
  const storage = await openMemoryStorage();
  const view = storage.view(systemGrant(tenantPartition(newGuid()), 'test'));
  const context = { clock, address: 'http://pki.example' };
  await createAuthority(view, options.constraints, context);
  return {
    ...{ storage, view, clock, context },
    issue: async ({ profile = leafProfile, key = leafKey, ...rest } = {}) => {
      const csr = await buildCertificateRequest({ profile, key });
      const order = { requestId: newGuid(), validityMonths: 12, csr, ...rest };
      return await issueOnce(view, order, context);
    },
  };
}
