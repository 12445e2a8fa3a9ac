// Which outside issuer's subject may act as a user-assigned identity. Exact issuer, subject and
// audience; nothing with wildcards. A changed credential is a new one to the tokens that the old
// one obtained: they are refused.
import { FEDERATED_CREDENTIALS_MAX, type FederatedIdentityCredential } from '#directory';
import { resourceManagerErrors } from '#errors';
import { ApiError, newGuid } from '#kernel';
import type { CredentialInput } from './wire.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$/;

type Credentials = readonly FederatedIdentityCredential[];

export interface CredentialChange {
  readonly identityName: string;
  readonly name: string;
  readonly input: CredentialInput;
}

export function findCredential(
  credentials: Credentials,
  name: string,
): FederatedIdentityCredential | undefined {
  return credentials.find((credential) => credential.name.toLowerCase() === name.toLowerCase());
}

/** Those there are, with the one that is put. Throws if it may not be. */
export function withCredential(
  before: Credentials,
  { identityName, name, input }: CredentialChange,
): Credentials {
  if (!NAME.test(name)) {
    const args = { name: name.slice(0, 122) };
    throw new ApiError(resourceManagerErrors.federatedCredentialNameInvalid, args);
  }
  const present = findCredential(before, name);
  const others = before.filter((one) => one !== present);
  if (others.length >= FEDERATED_CREDENTIALS_MAX) {
    const args = { name: identityName, limit: String(FEDERATED_CREDENTIALS_MAX) };
    throw new ApiError(resourceManagerErrors.federatedCredentialsTooMany, args);
  }
  const { issuer, subject, audiences, jwks } = input;
  if (others.some((one) => one.issuer === issuer && one.subject === subject)) {
    throw new ApiError(resourceManagerErrors.federatedCredentialExists);
  }
  const credential: FederatedIdentityCredential = {
    id: newGuid(),
    name: present?.name ?? name,
    ...{ issuer, subject, audiences },
    description: null,
    ...(jwks == null ? {} : { jwks }),
  };
  // The same again changes nothing, so tokens live on.
  if (present !== undefined && isSame(present, credential)) return before;
  return [...others, credential];
}

export function withoutCredential(before: Credentials, name: string): Credentials {
  const present = findCredential(before, name);
  return before.filter((one) => one !== present);
}

function isSame(a: FederatedIdentityCredential, b: FederatedIdentityCredential): boolean {
  const content = ({ issuer, subject, audiences, jwks }: FederatedIdentityCredential) =>
    JSON.stringify([issuer, subject, audiences, jwks]);
  return content(a) === content(b);
}
