// Applications in Microsoft Graph v1.0.
// https://learn.microsoft.com/graph/api/resources/application

import { resourceAudiences } from '#authentication';
import {
  type Application,
  createApplication,
  deleteApplication,
  deleteServicePrincipal,
  updateApplication,
} from '#directory';
import { graphErrors } from '#errors';
import { type Operation, operation } from '#kernel';
import type { LoginEndpoints } from '../../login-context.ts';
import { renderDirectoryObjects } from '../directory-objects/wire.ts';
import {
  firstOwners,
  type GraphContext,
  type GraphTarget,
  graphRow,
  openView,
} from '../graph-context.ts';
import { type ObjectSpec, objectOperations } from '../object-rows.ts';
import { renderEntity } from '../odata/entity.ts';
import { requireOwnIdentifierUris } from './application.ts';
import { requireCredentialRights } from './credential-rights.ts';
import { requireExposable } from './exposed-permissions.ts';
import { federatedCredentialOperations } from './federated-credentials.ts';
import { keyOperations } from './keys.ts';
import { passwordOperations } from './passwords.ts';
import {
  type ApplicationBody,
  createApplicationBody,
  parseApplication,
  renderApplication,
  updateApplicationBody,
} from './wire.ts';

const entitySet = 'applications';
const writes = { kind: 'directory', permission: 'Application.ReadWrite.All' } as const;

type Context = GraphContext & { readonly endpoints: LoginEndpoints };

export function applicationOperations(context: Context): readonly Operation<GraphTarget>[] {
  return [
    ...objectOperations(applicationSpec(context), context),
    createRow(context),
    ...keyOperations(context),
    ...passwordOperations(context),
    ...federatedCredentialOperations(context),
  ];
}

function applicationSpec(context: Context): ObjectSpec<Application, ApplicationBody> {
  const { directory, clock } = context;
  const audiences = resourceAudiences(context.endpoints);
  return {
    noun: 'Application',
    entitySet,
    permission: 'Application',
    all: () => directory.applications(),
    find: (key) => directory.application(key),
    render: renderApplication,
    links: { owners: ({ owners }) => renderDirectoryObjects(directory, owners) },
    guard: (target, caller) => requireCredentialRights(context, target, caller),
    update: {
      body: updateApplicationBody,
      errors: [
        graphErrors.invalidProperty,
        graphErrors.sameKeyValue,
        graphErrors.entitlementEnabled,
      ],
      apply: async ({ target, body, view }) => {
        requireOwnIdentifierUris(body.identifierUris ?? [], audiences);
        const changes = parseApplication(body, target);
        requireExposable(changes, target);
        await updateApplication(view, target.id, changes);
      },
    },
    remove: async ({ target, view }) => {
      // First the principal: access must end even if the second write does not happen.
      const own = directory.servicePrincipalByAppId(target.appId);
      if (own) await deleteServicePrincipal(view, own.id, clock);
      await deleteApplication(view, target.id, clock);
    },
  };
}

function createRow(context: Context): Operation<GraphTarget> {
  const { clock } = context;
  const audiences = resourceAudiences(context.endpoints);
  return operation({
    ...graphRow,
    id: 'CreateApplication',
    method: 'POST',
    path: '/v1.0/applications',
    access: writes,
    audit: 'ApplicationCreate',
    success: 201,
    errors: [graphErrors.invalidProperty, graphErrors.sameKeyValue],
    body: createApplicationBody,
    handle: async ({ request, body, grant, principal }) => {
      requireOwnIdentifierUris(body.identifierUris ?? [], audiences);
      const properties = parseApplication(body);
      requireExposable(properties);
      const input = {
        ...properties,
        displayName: body.displayName,
        owners: firstOwners(principal),
      };
      const application = await createApplication(openView(context, grant), input, clock);
      return {
        body: renderEntity({ request, entitySet, object: renderApplication(application) }),
      };
    },
  });
}
