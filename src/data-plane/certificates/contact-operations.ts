// Get, set and delete of a vault's certificate contacts.
import { certificateErrors } from '#errors';
import { type Operation, operation } from '#kernel';
import { since } from '../api-version.ts';
import {
  type ObjectOperationsOptions,
  type PathParams,
  placeOf,
  type QueryParams,
  sessionOf,
} from '../object/row.ts';
import type { VaultTarget } from '../vault-target.ts';
import {
  contactsSchema,
  deleteContacts,
  renderContacts,
  requireContacts,
  setContacts,
} from './contacts.ts';

const row = operation<VaultTarget, PathParams, QueryParams, unknown>;

const common = {
  path: '/certificates/contacts',
  versions: since('7.0'),
  // Reading needs the right to write: there is no other data action (`azure/semantics.md` §2).
  access: {
    kind: 'data',
    action: 'Microsoft.KeyVault/vaults/certificatecontacts/write',
    policy: ['certificates/managecontacts'],
    at: 'vault',
  },
  success: 200,
} as const;

export function contactOperations(options: ObjectOperationsOptions): Operation<VaultTarget>[] {
  return [
    row({
      ...common,
      id: 'GetCertificateContacts',
      method: 'GET',
      audit: 'CertificateContactsGet',
      errors: [certificateErrors.contactsNotFound],
      handle: async (call) => {
        const contacts = await requireContacts(options.storage.view(call.grant));
        return { body: renderContacts(contacts, placeOf(call).origin) };
      },
    }),
    operation<VaultTarget, PathParams, QueryParams, Parameters<typeof setContacts>[1]>({
      ...common,
      id: 'SetCertificateContacts',
      method: 'PUT',
      audit: 'CertificateContactsSet',
      errors: [],
      body: contactsSchema,
      handle: async (call) => {
        const contacts = await setContacts(sessionOf(call, options), call.body);
        return { body: renderContacts(contacts, placeOf(call).origin) };
      },
    }),
    row({
      ...common,
      id: 'DeleteCertificateContacts',
      method: 'DELETE',
      audit: 'CertificateContactsDelete',
      errors: [certificateErrors.contactsNotFound],
      handle: async (call) => {
        const contacts = await deleteContacts(sessionOf(call, options));
        return { body: renderContacts(contacts, placeOf(call).origin) };
      },
    }),
  ];
}
