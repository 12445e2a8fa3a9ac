// Client assertions of an outside issuer: accepted if the application trusts exactly this issuer,
// subject and audience, and the issuer's own key made the signature. A workload re-uses its token
// until it expires, so repetition is allowed.
import { jwtVerify } from 'jose';
import type { Application, FederatedIdentityCredential } from '#directory';
import { oauthErrors } from '#errors';
import { ApiError } from '#kernel';
import type { IssuerKeys } from './issuer-keys.ts';
import type { ParsedAssertion } from './parsed-assertion.ts';

/** Only asymmetric algorithms: a public key must never serve as an HMAC secret. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
];

export async function verifyFederatedAssertion(
  application: Application,
  assertion: ParsedAssertion,
  issuerKeys: IssuerKeys,
): Promise<FederatedIdentityCredential> {
  const credential = findTrust(application, assertion);
  try {
    const key = await issuerKeys.find(credential.issuer, {
      uploaded: credential.jwks,
      kid: assertion.header.kid,
    });
    // Times are checked by the caller, for both kinds of assertion alike.
    await jwtVerify(assertion.token, key, {
      algorithms: ALGORITHMS,
      issuer: credential.issuer,
      subject: credential.subject,
      currentDate: new Date((assertion.expiresS - 1) * 1000),
    });
  } catch (cause) {
    throw new ApiError(oauthErrors.federatedSignatureInvalid, {}, { cause });
  }
  return credential;
}

function findTrust(
  { federatedIdentityCredentials }: Application,
  { issuer, subject, audiences }: ParsedAssertion,
): FederatedIdentityCredential {
  const byIssuer = federatedIdentityCredentials.filter((trust) => trust.issuer === issuer);
  if (byIssuer.length === 0) throw new ApiError(oauthErrors.federatedIssuerUnknown, { issuer });
  const bySubject = byIssuer.filter((trust) => trust.subject === subject);
  if (bySubject.length === 0) throw new ApiError(oauthErrors.federatedSubjectUnknown, { subject });
  const trust = bySubject.find(({ audiences: trusted }) =>
    audiences.some((audience) => trusted.includes(audience)),
  );
  if (trust) return trust;
  throw new ApiError(oauthErrors.federatedAudienceUnknown, { audience: audiences.join(' ') });
}
