// Federated identity credentials of an application: which outside issuer's subject may act as it.
// https://learn.microsoft.com/graph/api/resources/federatedidentitycredential
import {
  type Application,
  type FederatedIdentityCredential,
  keySetSchema,
  updateApplication,
} from '#directory';
import { graphErrors } from '#errors';
import { ApiError, newGuid, type Operation, operation, z } from '#kernel';
import type { View } from '#storage';
import {
  found,
  type GraphContext,
  type GraphTarget,
  graphRow,
  idParams,
  openView,
} from '../graph-context.ts';
import { entityQuery, renderEntity, type WireObject } from '../odata/entity.ts';
import { listErrors, listQuery, renderList } from '../odata/page.ts';
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
  jwks: keySetSchema.optional(),
});
/** The name stays what it is. */
const changeBody = body.partial();
const oneParams = idParams.extend({ credential: z.string().max(128) });

export function federatedCredentialOperations(
  context: GraphContext,
): readonly Operation<GraphTarget>[] {
  return [listRow(context), getRow(context), addRow(context), ...changeRows(context)];
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
    errors: [graphErrors.resourceNotFound, ...listErrors],
    params: idParams,
    query: listQuery,
    handle: ({ request, params, query }) => {
      const application = found(context.directory.application(params.id), params.id);
      const objects = application.federatedIdentityCredentials.map(render);
      return { body: renderList({ request, query, entitySet, objects }) };
    },
  });
}

function getRow({ directory }: GraphContext): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: 'GetFederatedIdentityCredential',
    method: 'GET',
    path: `${path}/{credential}`,
    access: reads,
    audit: 'FederatedIdentityCredentialGet',
    success: 200,
    errors: [graphErrors.resourceNotFound],
    params: oneParams,
    query: entityQuery,
    handle: ({ request, params, query }) => {
      const application = found(directory.application(params.id), params.id);
      const object = render(findCredential(application, params.credential));
      return { body: renderEntity({ request, entitySet, object, query }) };
    },
  });
}

function render(credential: FederatedIdentityCredential): WireObject {
  const { trustedSince: _, ...shown } = credential;
  return shown;
}

/** By its id or its name. Throws `Request_ResourceNotFound`. */
function findCredential(application: Application, key: string): FederatedIdentityCredential {
  const credentials = application.federatedIdentityCredentials;
  return found(
    credentials.find(({ id, name }) => id === key.toLowerCase() || name === key),
    key,
  );
}

/** Throws if the application has enough of them, or one of this name or for this subject. */
function checkUnique(
  others: readonly FederatedIdentityCredential[],
  wanted: FederatedIdentityCredential,
): void {
  const isTaken = others.some(
    ({ name, issuer, subject }) =>
      name === wanted.name || (issuer === wanted.issuer && subject === wanted.subject),
  );
  if (isTaken || others.length >= CREDENTIALS_MAX) {
    throw new ApiError(graphErrors.sameKeyValue, { property: entitySet });
  }
}

type Credentials = readonly FederatedIdentityCredential[];

/** Of those there are when it is written, so that two changes at once do not undo each other. */
async function changeCredentials(
  view: View,
  id: string,
  change: (present: Credentials) => Credentials,
): Promise<void> {
  await updateApplication(view, id, ({ federatedIdentityCredentials }) => ({
    federatedIdentityCredentials: change(federatedIdentityCredentials),
  }));
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
      const view = openView(context, call.grant);
      await changeCredentials(view, application.id, (present) => {
        checkUnique(present, credential);
        return [...present, credential];
      });
      const { request } = call;
      return { body: renderEntity({ request, entitySet, object: render(credential) }) };
    },
  });
}

function changeRows(context: GraphContext): readonly Operation<GraphTarget>[] {
  const errors = [graphErrors.resourceNotFound, graphErrors.requestDenied];
  const base = { ...graphRow, path: `${path}/{credential}`, access: writes, success: 204 } as const;
  return [
    operation({
      ...base,
      id: 'UpdateFederatedIdentityCredential',
      method: 'PATCH',
      audit: 'FederatedIdentityCredentialUpdate',
      errors: [...errors, graphErrors.sameKeyValue, graphErrors.invalidProperty],
      params: oneParams,
      body: changeBody,
      handle: async (call) => {
        const application = requireApplication(context, call);
        const present = findCredential(application, call.params.credential);
        const { name = present.name, ...changes } = call.body;
        if (name !== present.name) {
          throw new ApiError(graphErrors.invalidProperty, { property: 'name' });
        }
        const trustedSince = new Date(context.clock.now()).toISOString();
        const view = openView(context, call.grant);
        await changeCredentials(view, application.id, (all) => {
          const current = all.find(({ id }) => id === present.id);
          const changed = { ...merge(found(current, present.id), changes), trustedSince };
          const others = all.filter(({ id }) => id !== present.id);
          checkUnique(others, changed);
          return [...others, changed];
        });
        return {};
      },
    }),
    operation({
      ...base,
      id: 'DeleteFederatedIdentityCredential',
      method: 'DELETE',
      audit: 'FederatedIdentityCredentialDelete',
      errors,
      params: oneParams,
      handle: async (call) => {
        const application = requireApplication(context, call);
        const present = findCredential(application, call.params.credential);
        const view = openView(context, call.grant);
        await changeCredentials(view, application.id, (all) =>
          all.filter(({ id }) => id !== present.id),
        );
        return {};
      },
    }),
  ];
}

/**
 * Keys that were uploaded belong to the issuer they came with: another issuer's are not believed on
 * their account.
 */
function merge(
  present: FederatedIdentityCredential,
  { jwks, description, ...given }: Omit<z.infer<typeof changeBody>, 'name'>,
): FederatedIdentityCredential {
  const { jwks: known, ...rest } = present;
  const isSameIssuer = given.issuer === undefined || given.issuer === present.issuer;
  const keys = jwks ?? (isSameIssuer ? known : undefined);
  return {
    ...rest,
    issuer: given.issuer ?? present.issuer,
    subject: given.subject ?? present.subject,
    audiences: given.audiences ?? present.audiences,
    description: description === undefined ? present.description : description,
    ...(keys ? { jwks: keys } : {}),
  };
}
