// The five operations on a vault's certificate issuers.
import { certificateErrors, keyVaultErrors } from '#errors';
import { type Access, type Operation, operation } from '#kernel';
import { since } from '../api-version.ts';
import { invalidProperties } from '../object/invalid-property.ts';
import { parseName } from '../object/name.ts';
import { parseSlice, renderPage } from '../object/paging.ts';
import {
  type ObjectOperationsOptions,
  type PathParams,
  placeOf,
  type QueryParams,
  sessionOf,
  type VaultCall,
} from '../object/row.ts';
import type { VaultTarget } from '../vault-target.ts';
import {
  deleteIssuer,
  listIssuers,
  requireIssuer,
  setIssuer,
  updateIssuer,
} from './issuer-store.ts';
import {
  givenIssuer,
  type IssuerParameters,
  issuerId,
  renderIssuer,
  setIssuerSchema,
  updateIssuerSchema,
} from './issuer-wire.ts';
import { SELF, UNKNOWN } from './policy.ts';

const row = operation<VaultTarget, PathParams, QueryParams, unknown>;

const PATH = '/certificates/issuers/{issuer-name}';
const common = { path: PATH, versions: since('7.0'), success: 200 } as const;

/** Issuers are no scopes of their own: rights on them are rights on the vault. */
function access(action: 'read' | 'write' | 'delete', permissions: readonly string[]): Access {
  return {
    kind: 'data',
    action: `Microsoft.KeyVault/vaults/certificatecas/${action}`,
    policy: permissions.map((permission) => `certificates/${permission}`),
    at: 'vault',
  };
}

export function issuerOperations(options: ObjectOperationsOptions): Operation<VaultTarget>[] {
  return [listRow(options), ...readRows(options), ...writeRows(options)];
}

function listRow({ storage }: ObjectOperationsOptions): Operation<VaultTarget> {
  return row({
    ...common,
    id: 'GetCertificateIssuers',
    method: 'GET',
    path: '/certificates/issuers',
    access: access('read', ['listissuers', 'manageissuers', 'getissuers']),
    audit: 'CertificateIssuersList',
    errors: [keyVaultErrors.parameterInvalid],
    handle: async (call) => {
      const { origin } = placeOf(call);
      const body = renderPage({
        request: call.request,
        found: await listIssuers(storage.view(call.grant), parseSlice(call.query)),
        render: ({ name, provider }) => ({ id: issuerId(origin, name), provider }),
        marker: ({ name }) => name,
      });
      return { body };
    },
  });
}

function readRows(options: ObjectOperationsOptions): Operation<VaultTarget>[] {
  return [
    row({
      ...common,
      id: 'GetCertificateIssuer',
      method: 'GET',
      access: access('read', ['getissuers', 'manageissuers']),
      audit: 'CertificateIssuerGet',
      errors: [certificateErrors.issuerNotFound],
      handle: async (call) => {
        const issuer = await requireIssuer(options.storage.view(call.grant), issuerOf(call));
        return { body: renderIssuer(issuer, placeOf(call).origin) };
      },
    }),
    row({
      ...common,
      id: 'DeleteCertificateIssuer',
      method: 'DELETE',
      access: access('delete', ['deleteissuers', 'manageissuers']),
      audit: 'CertificateIssuerDelete',
      errors: [certificateErrors.issuerNotFound],
      handle: async (call) => {
        const issuer = await deleteIssuer(sessionOf(call, options), issuerOf(call));
        return { body: renderIssuer(issuer, placeOf(call).origin) };
      },
    }),
  ];
}

function writeRows(options: ObjectOperationsOptions): Operation<VaultTarget>[] {
  const write = access('write', ['setissuers', 'manageissuers']);
  return [
    operation<VaultTarget, PathParams, QueryParams, IssuerParameters & { provider: string }>({
      ...common,
      id: 'SetCertificateIssuer',
      method: 'PUT',
      access: write,
      audit: 'CertificateIssuerSet',
      errors: [],
      body: setIssuerSchema,
      handle: async (call) => {
        const given = { ...givenIssuer(call.body), provider: call.body.provider };
        const issuer = await setIssuer(sessionOf(call, options), issuerOf(call), given);
        return { body: renderIssuer(issuer, placeOf(call).origin) };
      },
    }),
    operation<VaultTarget, PathParams, QueryParams, IssuerParameters>({
      ...common,
      id: 'UpdateCertificateIssuer',
      method: 'PATCH',
      access: write,
      audit: 'CertificateIssuerUpdate',
      errors: [certificateErrors.issuerNamedNotFound],
      body: updateIssuerSchema,
      handle: async (call) => {
        const given = givenIssuer(call.body);
        const issuer = await updateIssuer(sessionOf(call, options), issuerOf(call), given);
        return { body: renderIssuer(issuer, placeOf(call).origin) };
      },
    }),
  ];
}

/** `Self` and `Unknown` mean something else in a policy. */
function issuerOf(call: VaultCall): string {
  const name = parseName(call.params['issuer-name'] ?? '');
  const reserved = [SELF, UNKNOWN].some((word) => word.toLowerCase() === name.toLowerCase());
  if (reserved && call.request.method === 'PUT') throw invalidProperties(['issuer-name']);
  return name;
}
