// The issuers of a vault: who signs for its certificates, and with which account. Credentials stand
// in the sealed record and are never shown again, but for the account's name.
import { certificateErrors } from '#errors';
import { ApiError } from '#kernel';
import type { Reader } from '#storage';
import type { Session } from '../object/life.ts';
import { nameKey } from '../object/name.ts';
import type { Slice } from '../object/object-store.ts';

export interface Administrator {
  readonly first_name?: string;
  readonly last_name?: string;
  readonly email?: string;
  readonly phone?: string;
}

export interface Issuer {
  readonly name: string;
  readonly provider: string;
  readonly accountId?: string;
  readonly password?: string;
  readonly organization?: {
    readonly id?: string;
    readonly administrators?: readonly Administrator[];
  };
  readonly enabled: boolean;
  readonly created: number;
  readonly updated: number;
}

/** What a PUT or PATCH gives; `undefined` leaves a property as it is. */
export interface GivenIssuer {
  readonly provider?: string | undefined;
  readonly accountId?: string | undefined;
  readonly password?: string | undefined;
  readonly organization?: Issuer['organization'] | undefined;
  readonly enabled?: boolean | undefined;
}

const PREFIX = 'certificateissuers/';

export function loadIssuer(reader: Reader, name: string): Promise<Issuer | undefined> {
  return reader.get(PREFIX + nameKey(name));
}

/** Throws `issuerNotFound`. */
export async function requireIssuer(reader: Reader, name: string): Promise<Issuer> {
  const issuer = await loadIssuer(reader, name);
  if (issuer === undefined) throw new ApiError(certificateErrors.issuerNotFound);
  return issuer;
}

export async function listIssuers(reader: Reader, slice: Slice): Promise<readonly Issuer[]> {
  const { after, limit } = slice;
  const from = after === undefined ? {} : { after: PREFIX + after };
  const entries = await reader.scan<Issuer>({ prefix: PREFIX, limit, ...from });
  return entries.map(({ value }) => value);
}

/** Recorded: a second PUT keeps the date of the first. */
export function setIssuer(
  { view, nowSeconds }: Session,
  name: string,
  given: GivenIssuer & { readonly provider: string },
): Promise<Issuer> {
  return view.transact(async (transaction) => {
    const before = await loadIssuer(transaction, name);
    const { provider, accountId, password, organization, enabled = true } = given;
    const issuer: Issuer = {
      name: before?.name ?? name,
      provider,
      ...(accountId !== undefined && { accountId }),
      ...(password !== undefined && { password }),
      ...(organization && { organization }),
      enabled,
      created: before?.created ?? nowSeconds,
      updated: nowSeconds,
    };
    transaction.put(PREFIX + nameKey(name), issuer);
    return issuer;
  });
}

/** Throws `issuerNamedNotFound`. */
export function updateIssuer(
  { view, nowSeconds }: Session,
  name: string,
  given: GivenIssuer,
): Promise<Issuer> {
  return view.transact(async (transaction) => {
    const before = await loadIssuer(transaction, name);
    if (before === undefined) {
      throw new ApiError(certificateErrors.issuerNamedNotFound, { issuer: name });
    }
    const accountId = given.accountId ?? before.accountId;
    const password = given.password ?? before.password;
    const organization = given.organization && { ...before.organization, ...given.organization };
    const issuer: Issuer = {
      ...before,
      provider: given.provider ?? before.provider,
      ...(accountId !== undefined && { accountId }),
      ...(password !== undefined && { password }),
      ...(organization && { organization }),
      enabled: given.enabled ?? before.enabled,
      updated: nowSeconds,
    };
    transaction.put(PREFIX + nameKey(name), issuer);
    return issuer;
  });
}

/** Throws `issuerNotFound`. */
export function deleteIssuer({ view }: Session, name: string): Promise<Issuer> {
  return view.transact(async (transaction) => {
    const issuer = await requireIssuer(transaction, name);
    transaction.delete(PREFIX + nameKey(name));
    return issuer;
  });
}
