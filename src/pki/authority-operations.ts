// Certificates of the authorities, their revocation lists, and OCSP (RFC 6960 appendix A).
import {
  AuthorityError,
  answerOcsp,
  currentRevocationList,
  loadAuthority,
} from '#certificate-authority';
import { pkiErrors } from '#errors';
import { ApiError, type CallContext, type Operation, operation, type Result, z } from '#kernel';
import { decodeOcspPath, OCSP_PATH_CHARS_MAX } from './ocsp-path.ts';
import { type PkiContext, type PkiTarget, unversioned } from './pki-target.ts';

const AUTHORITY_SECONDS = 86_400;
const LIST_SECONDS = 3600;

const base = {
  method: 'GET',
  versions: unversioned,
  access: { kind: 'anonymous' },
  success: 200,
  errors: [],
} as const;
const authorityName = z.object({ authorityName: z.string().regex(/^[a-z0-9-]{1,64}$/) });
const body = z.instanceof(Uint8Array);

export function authorityOperations(context: PkiContext): readonly Operation<PkiTarget>[] {
  return [
    operation({
      ...base,
      id: 'Authority_GetCertificate',
      path: '/authorities/{authorityName}/authority.cer',
      audit: 'AuthorityCertificateGet',
      errors: [pkiErrors.notFound],
      params: authorityName,
      handle: async ({ grant, params }) => {
        const view = context.storage.view(grant);
        const { certificate } = await found(loadAuthority(view, params.authorityName));
        return bytes('application/pkix-cert', certificate, AUTHORITY_SECONDS);
      },
    }),
    operation({
      ...base,
      id: 'Authority_GetRevocationList',
      path: '/authorities/{authorityName}/revoked.crl',
      audit: 'RevocationListGet',
      errors: [pkiErrors.notFound],
      params: authorityName,
      handle: async ({ grant, params }) => {
        const view = context.storage.view(grant);
        const list = await found(
          currentRevocationList(view, params.authorityName, context.authority),
        );
        return bytes('application/pkix-crl', list.list, LIST_SECONDS);
      },
    }),
    operation({
      ...base,
      id: 'Ocsp_Get',
      path: '/ocsp/{+request}',
      audit: 'OcspAnswer',
      params: z.object({ request: z.string().max(OCSP_PATH_CHARS_MAX) }),
      handle: ({ grant, params }) => ocsp(context, { grant, der: decodeOcspPath(params.request) }),
    }),
    operation({
      ...base,
      method: 'POST',
      id: 'Ocsp_Post',
      path: '/ocsp',
      audit: 'OcspAnswer',
      bodyFormat: 'bytes',
      body,
      handle: (call) => ocsp(context, { grant: call.grant, der: call.body }),
    }),
  ];
}

interface Asked extends Pick<CallContext<PkiTarget>, 'grant'> {
  readonly der: Uint8Array;
}

async function ocsp({ storage, authority }: PkiContext, { grant, der }: Asked): Promise<Result> {
  const content = await answerOcsp(storage.view(grant), der, authority);
  return {
    bytes: { contentType: 'application/ocsp-response', content },
    headers: { 'Cache-Control': 'no-store' },
  };
}

/** 404 for an authority or list that there is not. */
async function found<T>(loading: Promise<T | undefined>): Promise<T> {
  try {
    const value = await loading;
    if (value !== undefined) return value;
  } catch (error) {
    if (!(error instanceof AuthorityError)) throw error;
  }
  throw new ApiError(pkiErrors.notFound);
}

function bytes(contentType: string, base64: string, maxAgeSeconds: number): Result {
  return {
    bytes: { contentType, content: Buffer.from(base64, 'base64') },
    headers: { 'Cache-Control': `public, max-age=${maxAgeSeconds}` },
  };
}
