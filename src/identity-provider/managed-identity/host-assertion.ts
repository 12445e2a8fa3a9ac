// A machine's agent proves itself by an assertion that it signs with its own key (private_key_jwt,
// RFC 7523): ES256 only, for this endpoint only, for minutes only, each once. Which key verifies is
// what the machine was registered with; the assertion cannot say. Every failure is one refusal.
import { createPublicKey } from 'node:crypto';
import { decodeJwt, jwtVerify } from 'jose';
import type { Directory, Host } from '#directory';
import { managedIdentityErrors } from '#errors';
import { ApiError, type Clock, unixSeconds, z } from '#kernel';
import type { ReplayGuard } from './replay-guard.ts';

const SKEW_S = 60;
const LIFETIME_MAX_S = 300;

const claimsSchema = z.object({
  iss: z.string().max(2048),
  sub: z.string(),
  exp: z.number().int(),
  iat: z.number().int(),
  jti: z.string().min(16).max(64),
});

export interface HostAssertionContext {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly replays: ReplayGuard;
  /** The endpoint's own address under each name of the tenant. */
  readonly audiences: readonly string[];
}

/** Throws `hostAssertionInvalid`, with the reason for the audit log. */
export async function verifyHostAssertion(
  { directory, clock, replays, audiences }: HostAssertionContext,
  assertion: string,
): Promise<Host> {
  const nowS = unixSeconds(clock);
  const host = directory.hostByResource(issuerOf(assertion));
  if (host === undefined) throw invalid('no machine of this name is registered');
  const claims = await verify(assertion, host, { audiences, nowS });
  if (claims.sub !== claims.iss) throw invalid('it speaks for somebody else');
  if (claims.exp > nowS + LIFETIME_MAX_S + SKEW_S) throw invalid('it lives too long');
  const id = `${host.id}/${claims.jti}`;
  if (!replays.use(id, { nowS, expiresS: claims.exp + SKEW_S }))
    throw invalid('it was used before');
  return host;
}

/** Only to look up the key by; not believed yet. */
function issuerOf(assertion: string): string {
  try {
    return z.string().max(2048).parse(decodeJwt(assertion).iss);
  } catch {
    throw invalid('it cannot be read');
  }
}

async function verify(
  assertion: string,
  { publicKey }: Host,
  { audiences, nowS }: { readonly audiences: readonly string[]; readonly nowS: number },
): Promise<z.infer<typeof claimsSchema>> {
  const der = Buffer.from(publicKey, 'base64');
  try {
    const verified = await jwtVerify(
      assertion,
      createPublicKey({ key: der, format: 'der', type: 'spki' }),
      {
        algorithms: ['ES256'],
        audience: [...audiences],
        clockTolerance: SKEW_S,
        currentDate: new Date(nowS * 1000),
      },
    );
    return claimsSchema.parse(verified.payload);
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : 'it cannot be verified');
  }
}

function invalid(reason: string): ApiError {
  return new ApiError(managedIdentityErrors.hostAssertionInvalid, {}, { reason: { why: reason } });
}
