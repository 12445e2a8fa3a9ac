// The parts of operation rows that object operations share: access, names and places in a call.
import { type Access, type Call, type Clock, unixSeconds } from '#kernel';
import type { Storage } from '#storage';
import { type Place, requireVault, type VaultTarget } from '../vault-target.ts';
import type { Collection } from './kind.ts';
import type { Session } from './life.ts';
import { parseName } from './name.ts';
import type { Head } from './records.ts';

/** Path parameters, unchecked: `nameOf` and the store check what they use. */
export type PathParams = Readonly<Record<string, string>>;
export type QueryParams = Readonly<Record<string, string>>;
export type VaultCall<Body = unknown> = Call<VaultTarget, PathParams, QueryParams, Body>;

/** Path parameter that holds an object's name, by collection. */
export const nameParameters = {
  secrets: 'secret-name',
  keys: 'key-name',
  certificates: 'certificate-name',
} as const satisfies Record<Collection, string>;

const PROVIDER = 'Microsoft.KeyVault/vaults';

export interface AccessInput {
  readonly collection: Collection;
  /** Data action under the collection, for example `getSecret/action`. */
  readonly action: string;
  /** Access-policy permission, for example `get`. */
  readonly permission: string;
  readonly at: 'vault' | 'object';
  /** Data actions under the collection that are enough as well. */
  readonly alternatives?: readonly string[];
}

export function dataAccess(input: AccessInput): Access {
  const { collection, action, permission, at, alternatives } = input;
  return {
    kind: 'data',
    action: `${PROVIDER}/${collection}/${action}`,
    ...(alternatives && {
      alternatives: alternatives.map((other) => `${PROVIDER}/${collection}/${other}`),
    }),
    policy: [`${collection}/${permission}`],
    at,
  };
}

export function nameOf(call: VaultCall, collection: Collection): string {
  return parseName(call.params[nameParameters[collection]] ?? '');
}

export function placeOf(call: VaultCall): Place {
  return { vault: requireVault(call.target), origin: call.request.origin };
}

/** What an answer is rendered for: ids begin with the place, and versions add properties. */
export interface Shown {
  readonly place: Place;
  readonly apiVersion: string;
}

export function shownIn(call: VaultCall): Shown {
  return { place: placeOf(call), apiVersion: call.apiVersion };
}

export interface ObjectOperationsOptions {
  readonly storage: Storage;
  readonly clock: Clock;
}

export function sessionOf(call: VaultCall, options: ObjectOperationsOptions): Session {
  const { storage, clock } = options;
  return {
    view: storage.view(call.grant),
    vault: requireVault(call.target),
    nowSeconds: unixSeconds(clock),
    storage,
  };
}

/** Where a deleted object can be recovered from, and when it goes for good. */
export function renderDeletion(
  collection: Collection,
  head: Head<unknown>,
  place: Place,
): object | undefined {
  if (head.deleted === undefined) return undefined;
  return { recoveryId: `${place.origin}/deleted${collection}/${head.name}`, ...head.deleted };
}
