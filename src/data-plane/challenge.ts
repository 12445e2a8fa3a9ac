// 401s of a vault: the challenge by which clients find the identity provider and the resource to
// ask a token for, and the words for each reason why a token is refused. The header's form is exact
// to the blank: SDKs parse it with regular expressions (`azure/clients.md` §3).
import type { TokenRefusal, TokenRefused } from '#authentication';
import { keyVaultErrors } from '#errors';
import { ApiError, type ErrorDefinition } from '#kernel';

export interface ChallengeOptions {
  /** `https://login.D[:port]` */
  readonly login: string;
  readonly tenantId: string;
  /** `https://vault.D[:port]`, a parent domain of every vault's host. */
  readonly vaultResource: string;
}

export function renderChallenge(options: ChallengeOptions, claims?: string): string {
  const authority = `${options.login}/${options.tenantId}`;
  if (claims === undefined) {
    return `Bearer authorization="${authority}", resource="${options.vaultResource}"`;
  }
  // Without `resource`, as Azure writes it: with one, clients take it for the plain challenge first
  // and come back once more with the token that was just refused.
  const uri = `Bearer realm="", authorization_uri="${authority}"`;
  return `${uri}, error="insufficient_claims", claims="${claims}"`;
}

export function challengeError(options: ChallengeOptions, refused: TokenRefused): ApiError {
  const [definition, args] = wording(options, refused.refusal);
  return new ApiError(definition, args, {
    cause: refused,
    reason: refused.refusal,
    headers: { 'WWW-Authenticate': renderChallenge(options, refused.claimsChallenge) },
  });
}

type Wording = readonly [ErrorDefinition, Readonly<Record<string, string>>?];

function wording(options: ChallengeOptions, refusal: TokenRefusal): Wording {
  const expected = `${options.login}/${options.tenantId}/`;
  switch (refusal.code) {
    case 'missing':
      return [keyVaultErrors.tokenMissing];
    case 'audience':
      return [
        keyVaultErrors.tokenAudience,
        { expected: options.vaultResource, found: refusal.found },
      ];
    case 'issuer':
      return [keyVaultErrors.tokenIssuer, { expected, found: refusal.found }];
    case 'tenant':
      return [keyVaultErrors.tokenIssuer, { expected, found: `tenant ${refusal.found}` }];
    case 'unknownKey':
    case 'signature':
      return [keyVaultErrors.tokenSignature];
    case 'algorithm':
    case 'malformed':
      return [keyVaultErrors.tokenInvalid, { why: 'it is not a token of this identity provider' }];
    case 'notYetValid':
      return [keyVaultErrors.tokenInvalid, { why: 'it is not valid yet' }];
    case 'expired':
      return [keyVaultErrors.tokenInvalid, { why: 'it has expired' }];
    case 'revoked':
      return [keyVaultErrors.tokenInvalid, { why: 'it has been revoked' }];
  }
}
