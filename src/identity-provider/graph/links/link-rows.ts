// Members and owners: lists with their counts, and `$ref` to link and unlink. One pattern for
// groups, applications and service principals.
import { addReferences, type Reference, removeReferences } from '#directory';
import { graphErrors } from '#errors';
import { ApiError, isGuid, type Operation, operation, type Principal, z } from '#kernel';
import { requireCredentialRights } from '../applications/credential-rights.ts';
import { renderDirectoryObjects } from '../directory-objects/wire.ts';
import {
  found,
  type GraphContext,
  type GraphTarget,
  graphRow,
  idParams,
  openView,
  requirePrivilegeOver,
} from '../graph-context.ts';
import { linkedRows } from './linked-list.ts';

export interface LinkSpec {
  /** For ids and audit names, for example `GroupMember`. */
  readonly noun: string;
  readonly link: Pick<Reference, 'kind' | 'property'> & LinkKind;
  /** Path segment: `groups`, `applications`, `servicePrincipals`. */
  readonly collection: string;
  /** Noun of the Graph permission. */
  readonly permission: 'Application' | 'GroupMember';
  readonly find: (id: string) => Linking | undefined;
  /** Throws unless the caller may change who is linked. */
  readonly guard: (target: Linking, caller: Principal | undefined) => void;
}

type LinkKind =
  | { readonly kind: 'group'; readonly property: 'members' | 'owners' }
  | { readonly kind: 'application' | 'servicePrincipal'; readonly property: 'owners' };

interface Linking {
  readonly id: string;
  readonly members?: readonly string[];
  readonly owners: readonly string[];
}

export function linkOperations(context: GraphContext): readonly Operation<GraphTarget>[] {
  return linkSpecs(context).flatMap((spec) => [
    ...listRows(spec, context),
    addRow(spec, context),
    removeRow(spec, context),
  ]);
}

function linkSpecs(context: GraphContext): readonly LinkSpec[] {
  const { directory } = context;
  const guard: LinkSpec['guard'] = ({ id }, caller) =>
    requirePrivilegeOver(context, { caller, targets: [id] });
  const group = {
    collection: 'groups',
    permission: 'GroupMember',
    find: (id: string) => directory.group(id),
    guard,
  } as const;
  return [
    { ...group, noun: 'GroupMember', link: { kind: 'group', property: 'members' } },
    { ...group, noun: 'GroupOwner', link: { kind: 'group', property: 'owners' } },
    {
      noun: 'ApplicationOwner',
      collection: 'applications',
      permission: 'Application',
      link: { kind: 'application', property: 'owners' },
      find: (id) => directory.application(id),
      // An owner can add a credential, and who has one can act as the application.
      guard: ({ id }, caller) =>
        requireCredentialRights(context, found(directory.application(id), id), caller),
    },
    {
      noun: 'ServicePrincipalOwner',
      collection: 'servicePrincipals',
      permission: 'Application',
      link: { kind: 'servicePrincipal', property: 'owners' },
      find: (id) => directory.servicePrincipal(id),
      guard,
    },
  ];
}

function listRows(spec: LinkSpec, { directory }: GraphContext): readonly Operation<GraphTarget>[] {
  const { noun, collection, link, permission } = spec;
  return linkedRows({
    id: `${noun}s`,
    path: `/v1.0/${collection}/{id}/${link.property}`,
    access: { kind: 'directory', permission: `${permission}.Read.All` },
    audit: `${noun}sList`,
    objects: ({ params }) => {
      const target = found(spec.find(params.id), params.id);
      return renderDirectoryObjects(directory, target[link.property] ?? []);
    },
  });
}

/** `https://graph.D/v1.0/directoryObjects/{id}` (or `/users/{id}` …) → `id`. */
export function parseReference(address: string): string {
  const id = address.replace(/\/+$/, '').split('/').at(-1) ?? '';
  if (isGuid(id)) return id.toLowerCase();
  throw new ApiError(graphErrors.invalidProperty, {
    property: '@odata.id',
    resource: 'ReferenceCreate',
  });
}

/** Throws `Request_ResourceNotFound`, or refuses an object that cannot be linked so. */
export function requireLinkable(
  { directory }: GraphContext,
  property: 'members' | 'owners',
  ids: readonly string[],
): void {
  for (const id of ids) {
    const type = found(directory.principalType(id), id);
    if (property === 'members' || type !== 'Group') continue;
    throw new ApiError(graphErrors.invalidProperty, { property, resource: 'ReferenceCreate' });
  }
}

const referenceBody = z.object({ '@odata.id': z.string().max(2048) });

function addRow(spec: LinkSpec, context: GraphContext): Operation<GraphTarget> {
  const { noun, collection, link } = spec;
  return operation({
    ...graphRow,
    id: `Add${noun}`,
    method: 'POST',
    path: `/v1.0/${collection}/{id}/${link.property}/$ref`,
    access: { kind: 'directory', permission: `${spec.permission}.ReadWrite.All` },
    audit: `${noun}Add`,
    success: 204,
    errors: [
      graphErrors.resourceNotFound,
      graphErrors.referenceExists,
      graphErrors.invalidProperty,
      graphErrors.requestDenied,
    ],
    params: idParams,
    body: referenceBody,
    handle: async ({ params, body, grant, principal }) => {
      const target = found(spec.find(params.id), params.id);
      spec.guard(target, principal);
      const objectIds = [parseReference(body['@odata.id'])];
      requireLinkable(context, link.property, objectIds);
      await addReferences(openView(context, grant), { ...link, id: target.id, objectIds });
      return {};
    },
  });
}

function removeRow(spec: LinkSpec, context: GraphContext): Operation<GraphTarget> {
  const { noun, collection, link } = spec;
  return operation({
    ...graphRow,
    id: `Remove${noun}`,
    method: 'DELETE',
    path: `/v1.0/${collection}/{id}/${link.property}/{linked}/$ref`,
    access: { kind: 'directory', permission: `${spec.permission}.ReadWrite.All` },
    audit: `${noun}Remove`,
    success: 204,
    errors: [graphErrors.resourceNotFound, graphErrors.requestDenied],
    params: idParams.extend({ linked: z.string().max(128) }),
    handle: async ({ params, grant, principal }) => {
      const target = found(spec.find(params.id), params.id);
      spec.guard(target, principal);
      const objectIds = [params.linked.toLowerCase()];
      await removeReferences(openView(context, grant), { ...link, id: target.id, objectIds });
      return {};
    },
  });
}
