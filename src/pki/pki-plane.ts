// The host that tells everybody about certificates: those of the authorities, what they revoked,
// and the answers to ACME challenges. Nothing here looks at a token and nothing here is a secret,
// which is why this plane alone is also served over plain http (docs/decisions/0010).
import { anonymousGrant } from '#authorization';
import { pkiErrors } from '#errors';
import { ApiError, type Plane, type Refusals } from '#kernel';
import { tenantPartition } from '#storage';
import { authorityOperations } from './authority-operations.ts';
import { challengeOperations } from './challenge-operations.ts';
import type { PkiContext, PkiTarget } from './pki-target.ts';

export interface PkiPlaneOptions extends PkiContext {
  readonly tenantId: string;
  /** Answers whatever host was asked for; for the listener that serves nothing else. */
  readonly anyHost?: boolean;
}

const TARGET: PkiTarget = Object.freeze({ host: 'pki' });

export function pkiPlane(options: PkiPlaneOptions): Plane<PkiTarget> {
  const { tenantId, authority, anyHost = false } = options;
  const { hostname } = new URL(authority.address);
  return {
    name: 'pki',
    operations: [...authorityOperations(options), ...challengeOperations(options)],
    accept: (name) => (anyHost || name === hostname ? TARGET : undefined),
    // Every row is anonymous, so this is asked for unknown paths only.
    authenticate: async () => {
      throw new ApiError(pkiErrors.notFound);
    },
    admit: () => {},
    authorize: ({ operation }) => anonymousGrant(tenantPartition(tenantId), `pki/${operation.id}`),
    refusals,
    renderError: (error) => ({
      status: error.status,
      body: { error: { code: error.definition.code, message: error.message } },
    }),
    headers: ({ id }) => ({ 'X-Content-Type-Options': 'nosniff', 'x-ms-request-id': id }),
    describe: ({ request }) => ({
      resourceId: '/providers/Strongroom.CertificateAuthority',
      objectId: request.origin + request.path,
    }),
  };
}

const refusals: Refusals = {
  unknownPath: () => new ApiError(pkiErrors.notFound),
  methodNotAllowed: ({ method }) => new ApiError(pkiErrors.methodNotAllowed, { method }),
  apiVersion: () => new ApiError(pkiErrors.malformed),
  malformedJson: () => new ApiError(pkiErrors.malformed),
  schema: (error) => new ApiError(pkiErrors.malformed, {}, { cause: error }),
  bodyTooLarge: () => new ApiError(pkiErrors.tooLarge),
  internal: (cause) => new ApiError(pkiErrors.internal, {}, { cause }),
};
