// The `claims` parameter, of which we honour one thing: the client says what it can handle
// (`xms_cc`, continuous access evaluation). Anything else in it is ignored, as it is by Entra.

import { oauthErrors } from '#errors';
import { ApiError, parseJson, z } from '#kernel';

const claimsSchema = z.object({
  access_token: z
    .object({ xms_cc: z.object({ values: z.array(z.string().max(64)).max(8) }).optional() })
    .optional(),
});

const KNOWN = new Set(['cp1']);

/** Lower-case capabilities we know. Throws AADSTS50029 for what is not JSON of this form. */
export function parseClientCapabilities(claims: string | undefined): readonly string[] {
  if (claims === undefined || claims === '') return [];
  const parsed = claimsSchema.safeParse(jsonOrUndefined(claims));
  if (!parsed.success) throw new ApiError(oauthErrors.claimsMalformed);
  const values = parsed.data.access_token?.xms_cc?.values ?? [];
  // The recordings hold `CP1` as well as `cp1`.
  return [...new Set(values.map((value) => value.toLowerCase()))].filter((name) => KNOWN.has(name));
}

function jsonOrUndefined(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
