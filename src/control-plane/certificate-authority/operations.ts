// The tenant's certificate authority, managed: `Strongroom.CertificateAuthority`, our own. It
// stands at the tenant, so what may be done with it is granted at `/`. The root's private key
// leaves only for whoever could grant himself everything anyway.
import {
  createAuthority,
  exportRootKey,
  importRootKey,
  loadAuthority,
  removeRootKey,
  renewIntermediate,
  revokeIntermediate,
} from '#certificate-authority';
import { resourceManagerErrors } from '#errors';
import { type Call, type Operation, type Schema, z } from '#kernel';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow, type PathParams } from '../arm-row.ts';
import { type ArmCall, namesOf } from '../handling.ts';
import type { Management, ManagementTarget } from '../management.ts';
import { issuedCertificateRows, parseReason, revokeSchema } from './issued-operations.ts';
import { authorityContext, renderAuthorities, renderAuthority, wordErrors } from './wire.ts';

const AUTHORITIES = '/providers/Strongroom.CertificateAuthority/authorities';
const ROOT = `${AUTHORITIES}/root`;
const ACTION = 'Strongroom.CertificateAuthority/authorities';
const NAMES_MAX = 100;
const NAME_CHARS_MAX = 256;
const PEM_CHARS_MAX = 4096;

const {
  authorityMissing,
  authorityExists,
  rootKeyOffline,
  rootKeyMismatch,
  notFound,
  invalidValue,
} = resourceManagerErrors;

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors'>;
const base: RowBase = { versions: armVersions.strongroom, success: 200, errors: [] };

const names = z.array(z.string().min(1).max(NAME_CHARS_MAX)).min(1).max(NAMES_MAX).optional();
const constrained = z.strictObject({ dnsDomains: names, ipRanges: names }).optional();
const createSchema = z.strictObject({
  properties: z
    .strictObject({
      nameConstraints: z.strictObject({ permitted: constrained, excluded: constrained }).optional(),
    })
    .optional(),
});
/** Intermediates are made by `renew`. */
const onlyRoot: Schema<PathParams> = z.object({ authorityName: z.literal('root') });
const importSchema = z.strictObject({ privateKey: z.string().max(PEM_CHARS_MAX) });

type CreateCall = Call<ManagementTarget, PathParams, unknown, z.infer<typeof createSchema>>;
type RevokeCall = Call<ManagementTarget, PathParams, unknown, z.infer<typeof revokeSchema>>;
type ImportCall = Call<ManagementTarget, PathParams, unknown, z.infer<typeof importSchema>>;

export function certificateAuthorityRows(management: Management): readonly ArmRow[] {
  return [
    ...readRows(management),
    ...writeRows(management),
    revokeRow(management),
    ...rootKeyRows(management),
    ...issuedCertificateRows(management),
  ];
}

function readRows(management: Management): readonly ArmRow[] {
  const access = { kind: 'action', action: `${ACTION}/read` } as const;
  return [
    armRow({
      ...base,
      id: 'CertificateAuthority_List',
      method: 'GET',
      path: AUTHORITIES,
      access,
      audit: 'CertificateAuthorityList',
      handle: async ({ grant }) => {
        const view = management.storage.view(grant);
        return { body: { value: await renderAuthorities(management, view) } };
      },
    }),
    armRow({
      ...base,
      id: 'CertificateAuthority_Get',
      method: 'GET',
      path: `${AUTHORITIES}/{authorityName}`,
      access,
      audit: 'CertificateAuthorityGet',
      errors: [authorityMissing, notFound],
      params: namesOf('authorityName'),
      handle: ({ grant, params }) =>
        wordErrors(async () => {
          const view = management.storage.view(grant);
          const record = await loadAuthority(view, params.authorityName ?? '');
          return { body: await renderAuthority(management, view, record) };
        }),
    }),
  ];
}

function writeRows(management: Management): readonly ArmRow[] {
  const context = authorityContext(management);
  return [
    armRow({
      ...base,
      id: 'CertificateAuthority_Create',
      method: 'PUT',
      path: `${AUTHORITIES}/{authorityName}`,
      access: { kind: 'action', action: `${ACTION}/write` },
      audit: 'CertificateAuthorityCreate',
      success: 201,
      errors: [authorityExists, invalidValue],
      params: onlyRoot,
      body: createSchema,
      handle: ({ grant, body }: CreateCall) =>
        wordErrors(async () => {
          const view = management.storage.view(grant);
          const constraints = body.properties?.nameConstraints;
          const [root] = await createAuthority(view, constraints, context);
          return { body: root && (await renderAuthority(management, view, root)) };
        }),
    }),
    armRow({
      ...base,
      id: 'CertificateAuthority_Renew',
      method: 'POST',
      path: `${ROOT}/renew`,
      access: { kind: 'action', action: `${ACTION}/renew/action` },
      audit: 'CertificateAuthorityRenew',
      errors: [authorityMissing, rootKeyOffline],
      handle: ({ grant }) =>
        wordErrors(async () => {
          const view = management.storage.view(grant);
          const made = await renewIntermediate(view, context);
          return {
            body: await renderAuthority(management, view, made),
            audit: { authority: made.name, serialNumber: made.serialNumber },
          };
        }),
    }),
  ];
}

function revokeRow(management: Management): ArmRow {
  return armRow({
    ...base,
    id: 'CertificateAuthority_Revoke',
    method: 'POST',
    path: `${AUTHORITIES}/{authorityName}/revoke`,
    access: { kind: 'action', action: `${ACTION}/revoke/action` },
    audit: 'CertificateAuthorityRevoke',
    errors: [authorityMissing, notFound, rootKeyOffline, invalidValue],
    params: namesOf('authorityName'),
    body: revokeSchema,
    handle: ({ grant, params, body }: RevokeCall) =>
      wordErrors(async () => {
        const view = management.storage.view(grant);
        const which = { name: params.authorityName ?? '', reason: parseReason(body) };
        const revoked = await revokeIntermediate(view, which, authorityContext(management));
        const { name, serialNumber, revocation } = revoked;
        return {
          body: await renderAuthority(management, view, revoked),
          audit: { authority: name, serialNumber, ...revocation },
        };
      }),
  });
}

function rootKeyRows(management: Management): readonly ArmRow[] {
  const render = async (call: Pick<ArmCall, 'grant'>) => {
    const view = management.storage.view(call.grant);
    return { body: await renderAuthority(management, view, await loadAuthority(view, 'root')) };
  };
  return [
    armRow({
      ...base,
      id: 'CertificateAuthority_ExportRootKey',
      method: 'POST',
      path: `${ROOT}/exportKey`,
      access: { kind: 'action', action: `${ACTION}/exportKey/action` },
      audit: 'CertificateAuthorityExportRootKey',
      errors: [authorityMissing, rootKeyOffline],
      handle: (call) =>
        wordErrors(async () => {
          // A Contributor may manage everything, but take nothing that lets him be everybody.
          management.require(call, {
            action: 'Microsoft.Authorization/roleAssignments/write',
            scope: '/',
          });
          const privateKey = await exportRootKey(management.storage.view(call.grant));
          return { body: { privateKey }, headers: { 'Cache-Control': 'no-store' } };
        }),
    }),
    armRow({
      ...base,
      id: 'CertificateAuthority_RemoveRootKey',
      method: 'POST',
      path: `${ROOT}/removeKey`,
      access: { kind: 'action', action: `${ACTION}/removeKey/action` },
      audit: 'CertificateAuthorityRemoveRootKey',
      errors: [authorityMissing],
      handle: (call) =>
        wordErrors(async () => {
          const view = management.storage.view(call.grant);
          await removeRootKey(view, authorityContext(management));
          return await render(call);
        }),
    }),
    armRow({
      ...base,
      id: 'CertificateAuthority_ImportRootKey',
      method: 'POST',
      path: `${ROOT}/importKey`,
      access: { kind: 'action', action: `${ACTION}/importKey/action` },
      audit: 'CertificateAuthorityImportRootKey',
      errors: [authorityMissing, rootKeyMismatch],
      body: importSchema,
      handle: (call: ImportCall) =>
        wordErrors(async () => {
          await importRootKey(management.storage.view(call.grant), call.body.privateKey);
          return await render(call);
        }),
    }),
  ];
}
