// What a provider hears of a vault's issuer: its credentials, and whom it may write.
import type { IssuerAccount } from '#certificate-authority';
import type { Contact } from './contacts.ts';
import type { Issuer } from './issuer-store.ts';

/** The issuer's administrators stand for it; where none has an address, the vault's contacts do. */
export function issuerAccount(issuer: Issuer, contacts: readonly Contact[]): IssuerAccount {
  const { name, accountId, password, organization } = issuer;
  const organizationId = organization?.id;
  const own = (organization?.administrators ?? []).flatMap(({ email }) => (email ? [email] : []));
  const contactEmails = own.length > 0 ? own : contacts.map(({ email }) => email);
  return {
    issuer: name,
    ...(accountId !== undefined && { accountId }),
    ...(password !== undefined && { password }),
    ...(organizationId !== undefined && { organizationId }),
    ...(contactEmails.length > 0 && { contactEmails }),
  };
}
