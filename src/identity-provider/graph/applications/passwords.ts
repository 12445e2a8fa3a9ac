// Client secrets of applications and of service principals. Both sign the same client in; each is
// shown, and removed, where it was made.
import { addPassword, removePassword } from '#directory';
import { graphErrors } from '#errors';
import { ApiError, type Operation, operation, type Principal } from '#kernel';
import {
  found,
  type GraphContext,
  type GraphTarget,
  graphRow,
  idParams,
  openView,
  requirePrivilegeOver,
} from '../graph-context.ts';
import { contextOf } from '../odata/entity.ts';
import { requireCredentialRights } from './credential-rights.ts';
import { addPasswordBody, removePasswordBody, renderPassword } from './wire.ts';

interface Asked {
  readonly params: { readonly id: string };
  readonly principal: Principal | undefined;
}

interface Holder {
  /** Of the application that keeps the secret. */
  readonly id: string;
  /** Set: the secret is this service principal's. */
  readonly servicePrincipalId?: string;
}

interface Place {
  readonly noun: 'Application' | 'ServicePrincipal';
  readonly collection: 'applications' | 'servicePrincipals';
  /** Throws `Request_ResourceNotFound` or `Authorization_RequestDenied`. */
  readonly holder: (asked: Asked) => Holder;
}

const access = { kind: 'directory', permission: 'Application.ReadWrite.All' } as const;

export function passwordOperations(context: GraphContext): readonly Operation<GraphTarget>[] {
  const { directory } = context;
  const places: readonly Place[] = [
    {
      noun: 'Application',
      collection: 'applications',
      holder: ({ params, principal }) => {
        const application = found(directory.application(params.id), params.id);
        requireCredentialRights(context, application, principal);
        return { id: application.id };
      },
    },
    {
      noun: 'ServicePrincipal',
      collection: 'servicePrincipals',
      holder: ({ params, principal }) => {
        const own = found(directory.servicePrincipal(params.id), params.id);
        requirePrivilegeOver(context, { caller: principal, targets: [own.id] });
        const application = directory.applicationByAppId(own.appId);
        // Microsoft's own resources and managed identities have no secrets.
        if (application === undefined) throw new ApiError(graphErrors.requestDenied);
        return { id: application.id, servicePrincipalId: own.id };
      },
    },
  ];
  return places.flatMap((place) => [addRow(context, place), removeRow(context, place)]);
}

function addRow(context: GraphContext, place: Place): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: `Add${place.noun}Password`,
    method: 'POST',
    path: `/v1.0/${place.collection}/{id}/addPassword`,
    access,
    audit: `${place.noun}AddPassword`,
    success: 200,
    errors: [graphErrors.resourceNotFound, graphErrors.badRequest, graphErrors.requestDenied],
    params: idParams,
    body: addPasswordBody,
    handle: async (call) => {
      const holder = place.holder(call);
      const given = call.body?.passwordCredential;
      const password = {
        displayName: given?.displayName,
        startDateTime: given?.startDateTime ?? undefined,
        endDateTime: given?.endDateTime ?? undefined,
        servicePrincipalId: holder.servicePrincipalId,
      };
      const view = openView(context, call.grant);
      const added = await addPassword(view, { id: holder.id, password }, context.clock);
      return {
        body: {
          '@odata.context': contextOf(call.request, 'microsoft.graph.passwordCredential'),
          ...renderPassword(added),
        },
        audit: { keyId: added.credential.keyId },
      };
    },
  });
}

function removeRow(context: GraphContext, place: Place): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: `Remove${place.noun}Password`,
    method: 'POST',
    path: `/v1.0/${place.collection}/{id}/removePassword`,
    access,
    audit: `${place.noun}RemovePassword`,
    success: 204,
    errors: [
      graphErrors.resourceNotFound,
      graphErrors.credentialNotFound,
      graphErrors.requestDenied,
    ],
    params: idParams,
    body: removePasswordBody,
    handle: async (call) => {
      const { id, servicePrincipalId } = place.holder(call);
      const { keyId } = call.body;
      const isHere = context.directory
        .application(id)
        ?.passwordCredentials.some(
          (one) => one.keyId === keyId && one.servicePrincipalId === servicePrincipalId,
        );
      if (!isHere) throw new ApiError(graphErrors.credentialNotFound);
      await removePassword(openView(context, call.grant), id, keyId);
      return { audit: { keyId } };
    },
  });
}
