// Who is told about a vault's certificates: one list for the whole vault.
import { certificateErrors } from '#errors';
import { ApiError, type Schema, z } from '#kernel';
import type { Reader } from '#storage';
import type { Session } from '../object/life.ts';

export interface Contact {
  readonly email: string;
  readonly name?: string;
  readonly phone?: string;
}

interface GivenContacts {
  readonly contacts?:
    | readonly {
        readonly email: string;
        readonly name?: string | null | undefined;
        readonly phone?: string | null | undefined;
      }[]
    | null
    | undefined;
}

const PATH = 'certificatecontacts/all';
const CONTACTS_MAX = 100;
/** Nothing that could end a line or begin another address in a mail's header, or cut it off. */
const ADDRESS = /^[^\s\p{Cc}\p{Cs}@<>,;:"()[\]\\]{1,64}@[^\s\p{Cc}\p{Cs}@<>,;:"()[\]\\]{1,253}$/u;

const text = z
  .string()
  .max(256)
  .refine((given) => given.isWellFormed())
  .nullish();

export const contactsSchema: Schema<GivenContacts> = z.object({
  contacts: z
    .array(z.object({ email: z.string().regex(ADDRESS), name: text, phone: text }))
    .max(CONTACTS_MAX)
    .nullish(),
});

export async function loadContacts(reader: Reader): Promise<readonly Contact[] | undefined> {
  return await reader.get(PATH);
}

/** Throws `contactsNotFound`. */
export async function requireContacts(reader: Reader): Promise<readonly Contact[]> {
  const contacts = await loadContacts(reader);
  if (contacts === undefined) throw new ApiError(certificateErrors.contactsNotFound);
  return contacts;
}

export async function setContacts(
  { view }: Session,
  given: GivenContacts,
): Promise<readonly Contact[]> {
  const contacts = (given.contacts ?? []).map(({ email, name, phone }) => ({
    email,
    ...(name != null && { name }),
    ...(phone != null && { phone }),
  }));
  return await view.transact(async (transaction) => {
    transaction.put(PATH, contacts);
    return contacts;
  });
}

/** Throws `contactsNotFound`. */
export function deleteContacts({ view }: Session): Promise<readonly Contact[]> {
  return view.transact(async (transaction) => {
    const contacts = await requireContacts(transaction);
    transaction.delete(PATH);
    return contacts;
  });
}

export function renderContacts(contacts: readonly Contact[], origin: string): object {
  return { id: `${origin}/certificates/contacts`, contacts };
}
