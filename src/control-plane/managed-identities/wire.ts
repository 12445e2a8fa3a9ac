// Identities and their federated credentials on the wire.
import { type FederatedIdentityCredential, keySetSchema } from '#directory';
import { z } from '#kernel';
import { identityResourceId, type UserAssignedIdentity } from '#resources';
import { tagsSchema } from '../tags.ts';

export const putIdentitySchema = z.looseObject({ location: z.string(), tags: tagsSchema });
/** No body at all is no change. */
export const patchIdentitySchema = z.looseObject({ tags: tagsSchema }).optional();

export function renderIdentity(identity: UserAssignedIdentity, tenantId: string): unknown {
  const { location, tags, name, clientId, principalId } = identity;
  return {
    location,
    tags,
    id: identityResourceId(identity),
    name,
    type: 'Microsoft.ManagedIdentity/userAssignedIdentities',
    properties: { tenantId, principalId, clientId },
  };
}

const TEXT_MAX = 600;
const text = z.string().min(1).max(TEXT_MAX);

export const putCredentialSchema = z.looseObject({
  properties: z.looseObject({
    issuer: z.url({ protocol: /^https$/ }).max(TEXT_MAX),
    subject: text,
    audiences: z.array(text).length(1),
    /** Wildcards instead of a subject, which we do not have and must not ignore. */
    claimsMatchingExpression: z.null().optional(),
    /** Not Azure's: the issuer's keys, where it cannot be reached. */
    jwks: keySetSchema.nullish(),
  }),
});

export type CredentialInput = z.infer<typeof putCredentialSchema>['properties'];

export function renderCredential(
  identity: UserAssignedIdentity,
  { name, issuer, subject, audiences, jwks }: FederatedIdentityCredential,
): unknown {
  return {
    id: `${identityResourceId(identity)}/federatedIdentityCredentials/${name}`,
    name,
    type: 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials',
    properties: { issuer, subject, audiences, jwks },
  };
}
