// The answers to ACME's http-01 challenges (RFC 8555 §8.3). The ACME server asks port 80 of the
// name that is to be proven; whatever stands there hands the request on to our plain listener.
import { findChallengeAnswer } from '#certificate-authority';
import { pkiErrors } from '#errors';
import { ApiError, type Operation, operation, z } from '#kernel';
import { type PkiContext, type PkiTarget, unversioned } from './pki-target.ts';

const TOKEN_CHARS_MAX = 128;

export function challengeOperations({ storage }: PkiContext): readonly Operation<PkiTarget>[] {
  return [
    operation({
      id: 'AcmeChallenge_Get',
      method: 'GET',
      path: '/.well-known/acme-challenge/{token}',
      versions: unversioned,
      access: { kind: 'anonymous' },
      audit: 'AcmeChallengeGet',
      success: 200,
      errors: [pkiErrors.notFound],
      params: z.object({ token: z.string().max(TOKEN_CHARS_MAX) }),
      handle: async ({ grant, params }) => {
        const content = await findChallengeAnswer(storage.view(grant), params.token);
        if (content === undefined) throw new ApiError(pkiErrors.notFound);
        return { text: { contentType: 'application/octet-stream', content } };
      },
    }),
  ];
}
