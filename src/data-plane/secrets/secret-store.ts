// Secrets in a vault's records: what get, set and update read and write. Secrets that belong to a
// certificate can be read and nothing else.

import type { View } from '#storage';
import { newAttributes, settableAttributes } from '../object/attributes.ts';
import type { Session } from '../object/life.ts';
import { changeHeader, guardManaged, ObjectStore } from '../object/object-store.ts';
import type { VersionHeader } from '../object/records.ts';
import {
  type FoundSecret,
  requireEnabled,
  type SecretContent,
  type SecretListed,
  secretKind,
} from './secret.ts';
import type { SecretProperties, SecretSetParameters } from './wire.ts';

export const secretObjects = new ObjectStore<SecretListed, SecretContent>(secretKind);

export async function getSecret(view: View, name: string, version: string): Promise<FoundSecret> {
  const found = await secretObjects.load(view, name, version);
  requireEnabled(found, 'get');
  return found;
}

export function setSecret(
  session: Session,
  name: string,
  given: SecretSetParameters,
): Promise<FoundSecret> {
  return session.view.transact(async (transaction) => {
    const found = await secretObjects.add(transaction, {
      name,
      attributes: newAttributes(given.attributes),
      tags: given.tags ?? undefined,
      listed: listed(given.contentType),
      content: { value: given.value },
      nowSeconds: session.nowSeconds,
    });
    guardManaged(secretKind, found.head, 'set');
    return found;
  });
}

export function updateSecret(
  session: Session,
  id: { readonly name: string; readonly version: string },
  given: SecretProperties,
): Promise<FoundSecret> {
  const change = { ...settableAttributes(given.attributes), tags: given.tags ?? undefined };
  return session.view.transact(async (transaction) => {
    const found = await secretObjects.load(transaction, id.name, id.version);
    guardManaged(secretKind, found.head, 'update');
    const changed = changeHeader(found.version.header, change, session.nowSeconds);
    const header: VersionHeader<SecretListed> = {
      ...changed,
      listed: given.contentType == null ? changed.listed : listed(given.contentType),
    };
    return secretObjects.replace(transaction, found, { ...found.version, header });
  });
}

function listed(contentType: string | null | undefined): SecretListed {
  return contentType == null ? {} : { contentType };
}
