// Certificates that the tenant's authority issued: listed, shown, revoked.
import { findIssued, listIssued, revoke } from '#certificate-authority';
import { REVOCATION_REASONS, type RevocationReason } from '#cryptography';
import { resourceManagerErrors } from '#errors';
import {
  ApiError,
  type Call,
  decodeBase64Url,
  encodeBase64Url,
  type RawRequest,
  type Schema,
  z,
} from '#kernel';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow, type PathParams } from '../arm-row.ts';
import { namesOf } from '../handling.ts';
import { parseTop } from '../list.ts';
import type { Management, ManagementTarget } from '../management.ts';
import { authorityContext, renderIssued, wordErrors } from './wire.ts';

const CERTIFICATES = '/providers/Strongroom.CertificateAuthority/certificates';
const ACTION = 'Strongroom.CertificateAuthority/certificates';
const SERIAL_NUMBER = /^[0-9a-f]{2,40}$/;

const { badRequest, invalidValue, notFound } = resourceManagerErrors;
const base = { versions: armVersions.strongroom, success: 200 } as const;

export const revokeSchema = z.strictObject({ reason: z.string().max(64).optional() });
type RevokeCall = Call<ManagementTarget, PathParams, unknown, z.infer<typeof revokeSchema>>;
const serialNumber: Schema<PathParams> = namesOf('serialNumber');

export function issuedCertificateRows(management: Management): readonly ArmRow[] {
  const read = { kind: 'action', action: `${ACTION}/read` } as const;
  return [
    armRow({
      ...base,
      id: 'IssuedCertificate_List',
      method: 'GET',
      path: CERTIFICATES,
      access: read,
      audit: 'IssuedCertificateList',
      errors: [badRequest],
      handle: async ({ grant, request }) => {
        const limit = parseTop(request.query.$top);
        const after = parseAfter(request);
        const view = management.storage.view(grant);
        const page = { limit: limit + 1, ...(after !== undefined && { after }) };
        const found = await listIssued(view, page);
        const value = found.slice(0, limit).map(renderIssued);
        const last = found.length > limit ? found[limit - 1]?.serialNumber : undefined;
        return { body: { value, ...(last && { nextLink: nextLink(request, last) }) } };
      },
    }),
    armRow({
      ...base,
      id: 'IssuedCertificate_Get',
      method: 'GET',
      path: `${CERTIFICATES}/{serialNumber}`,
      access: read,
      audit: 'IssuedCertificateGet',
      errors: [notFound],
      params: serialNumber,
      handle: async ({ grant, params }) => {
        const view = management.storage.view(grant);
        const issued = await findIssued(view, params.serialNumber ?? '');
        if (issued === undefined) throw new ApiError(notFound);
        return { body: renderIssued(issued) };
      },
    }),
    armRow({
      ...base,
      id: 'IssuedCertificate_Revoke',
      method: 'POST',
      path: `${CERTIFICATES}/{serialNumber}/revoke`,
      access: { kind: 'action', action: `${ACTION}/revoke/action` },
      audit: 'IssuedCertificateRevoke',
      errors: [notFound, invalidValue],
      params: serialNumber,
      body: revokeSchema,
      handle: ({ grant, params, body }: RevokeCall) =>
        wordErrors(async () => {
          const view = management.storage.view(grant);
          const which = { serialNumber: params.serialNumber ?? '', reason: parseReason(body) };
          const revoked = await revoke(view, which, authorityContext(management));
          const facts = { serialNumber: revoked.serialNumber, subject: revoked.subject };
          return { body: renderIssued(revoked), audit: { ...facts, ...revoked.revocation } };
        }),
    }),
  ];
}

export function parseReason({
  reason = 'unspecified',
}: z.infer<typeof revokeSchema>): RevocationReason {
  if (!isReason(reason)) throw new ApiError(invalidValue, { property: 'reason' });
  return reason;
}

function isReason(text: string): text is RevocationReason {
  return Object.hasOwn(REVOCATION_REASONS, text);
}

function parseAfter({ query }: RawRequest): string | undefined {
  const token = query.$skiptoken;
  if (token === undefined) return undefined;
  const serial = decodeBase64Url(token)?.toString('latin1') ?? '';
  if (SERIAL_NUMBER.test(serial)) return serial;
  throw new ApiError(badRequest, { detail: 'The $skiptoken is not valid.' });
}

function nextLink({ origin, path, query }: RawRequest, last: string): string {
  const next = new URLSearchParams({
    ...query,
    $skiptoken: encodeBase64Url(Buffer.from(last, 'latin1')),
  });
  return `${origin}${path}?${next}`;
}
