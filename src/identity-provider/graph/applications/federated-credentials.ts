// Federated identity credentials of an application: which outside issuer's subject may act as it.
// https://learn.microsoft.com/graph/api/resources/federatedidentitycredential
import { type FederatedIdentityCredential, updateApplication } from '#directory';
import { graphErrors } from '#errors';
import { ApiError, newGuid, type Operation, operation, z } from '#kernel';
import {
  type GraphContext,
  type GraphTarget,
  graphRow,
  idParams,
  openView,
} from '../graph-context.ts';
import { listQuery, renderEntity, renderList } from '../odata/page.ts';
import { requireApplication } from './credential-rights.ts';

const CREDENTIALS_MAX = 20;
const entitySet = 'federatedIdentityCredentials';
const reads = { kind: 'directory', permission: 'Application.Read.All' } as const;
const writes = { kind: 'directory', permission: 'Application.ReadWrite.All' } as const;
const path = '/v1.0/applications/{id}/federatedIdentityCredentials';

const body = z.object({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$/),
  issuer: z.url({ protocol: /^https$/ }).max(600),
  subject: z.string().min(1).max(600),
  audiences: z.array(z.string().min(1).max(600)).length(1),
  description: z.string().max(600).nullish(),
  /** Not Microsoft's: the issuer's keys, where it cannot be reached. */
  jwks: z
    .object({
      keys: z
        .array(z.looseObject({ kty: z.enum(['RSA', 'EC']) }))
        .min(1)
        .max(20),
    })
    .optional(),
});

export function federatedCredentialOperations(
  context: GraphContext,
): readonly Operation<GraphTarget>[] {
  return [listRow(context), addRow(context), removeRow(context)];
}

function listRow(context: GraphContext): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: 'ListFederatedIdentityCredentials',
    method: 'GET',
    path,
    access: reads,
    audit: 'FederatedIdentityCredentialList',
    success: 200,
    errors: [graphErrors.resourceNotFound],
    params: idParams,
    query: listQuery,
    handle: ({ request, params, query }) => {
      const application = context.directory.application(params.id);
      if (application === undefined) throw missing(params.id);
      const objects = application.federatedIdentityCredentials.map((credential) => ({
        ...credential,
      }));
      return { body: renderList({ request, query, entitySet, objects }) };
    },
  });
}

function addRow(context: GraphContext): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: 'CreateFederatedIdentityCredential',
    method: 'POST',
    path,
    access: writes,
    audit: 'FederatedIdentityCredentialCreate',
    success: 201,
    errors: [graphErrors.resourceNotFound, graphErrors.sameKeyValue, graphErrors.requestDenied],
    params: idParams,
    body,
    handle: async (call) => {
      const application = requireApplication(context, call);
      const { jwks, description = null, ...given } = call.body;
      const credential: FederatedIdentityCredential = {
        id: newGuid(),
        ...given,
        description,
        ...(jwks ? { jwks } : {}),
      };
      const present = application.federatedIdentityCredentials;
      const isTaken = present.some(
        ({ name, issuer, subject }) =>
          name === credential.name ||
          (issuer === credential.issuer && subject === credential.subject),
      );
      if (isTaken || present.length >= CREDENTIALS_MAX) {
        throw new ApiError(graphErrors.sameKeyValue, { property: entitySet });
      }
      await updateApplication(openView(context, call.grant), application.id, {
        federatedIdentityCredentials: [...present, credential],
      });
      const { request } = call;
      return { body: renderEntity({ request, entitySet, object: { ...credential } }) };
    },
  });
}

function removeRow(context: GraphContext): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: 'DeleteFederatedIdentityCredential',
    method: 'DELETE',
    path: `${path}/{credential}`,
    access: writes,
    audit: 'FederatedIdentityCredentialDelete',
    success: 204,
    errors: [graphErrors.resourceNotFound, graphErrors.requestDenied],
    params: idParams.extend({ credential: z.string().max(128) }),
    handle: async (call) => {
      const application = requireApplication(context, call);
      const { credential } = call.params;
      const left = application.federatedIdentityCredentials.filter(
        ({ id, name }) => id !== credential && name !== credential,
      );
      if (left.length === application.federatedIdentityCredentials.length)
        throw missing(credential);
      await updateApplication(openView(context, call.grant), application.id, {
        federatedIdentityCredentials: left,
      });
      return {};
    },
  });
}

function missing(id: string): ApiError {
  return new ApiError(graphErrors.resourceNotFound, { id });
}
