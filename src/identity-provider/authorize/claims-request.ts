// Whether a request asks for a second factor: by the OpenID `claims` parameter, as claims
// challenges word it, or by Entra's older `amr_values`.
import { parseJson, z } from '#kernel';

const demand = z.object({
  value: z.string().optional(),
  values: z.array(z.string()).max(16).optional(),
});
const demands = z.object({ amr: demand.optional(), acrs: demand.optional() }).nullish();
const claimsSchema = z.object({ access_token: demands, id_token: demands });

const SECOND_FACTOR = /^(ngc)?mfa$/i;

export function asksForSecondFactor(
  claims: string | undefined,
  amrValues: string | undefined,
): boolean {
  if ((amrValues ?? '').split(/[\s,]+/).some((value) => SECOND_FACTOR.test(value))) return true;
  const parsed = claimsSchema.safeParse(jsonOrUndefined(claims ?? ''));
  if (!parsed.success) return false;
  return [parsed.data.access_token, parsed.data.id_token].some((part) => {
    const methods = [part?.amr?.value, ...(part?.amr?.values ?? [])];
    // An authentication context (`acrs`) means here what it nearly always means: a second factor.
    return part?.acrs !== undefined || methods.some((name) => SECOND_FACTOR.test(name ?? ''));
  });
}

function jsonOrUndefined(text: string): unknown {
  try {
    return text === '' ? undefined : parseJson(text);
  } catch {
    return undefined;
  }
}
