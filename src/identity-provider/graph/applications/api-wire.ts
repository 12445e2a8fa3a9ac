// Graph's `api` of an application ↔ our record: what the application is as a resource. Scopes are
// declared with an id and a value, each once; what cannot stand is refused, not repaired.
// https://learn.microsoft.com/graph/api/resources/apiapplication
import type { ApplicationApi } from '#directory';
import { graphErrors } from '#errors';
import { ApiError, isGuid, z } from '#kernel';

const SCOPES_MAX = 256;
const VALUE_MAX = 120;
const TEXT_MAX = 1024;

const guid = z.string().refine(isGuid);
const text = z
  .string()
  .max(TEXT_MAX)
  .nullish()
  .transform((given) => given ?? null);

/** What may stand in a `scope` parameter: no space, no slash. */
const scopeValue = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'()*+,\-.:;<=>?@[\]^_`{|}~]+$/)
  .max(VALUE_MAX);

const permissionScope = z
  .object({
    id: guid,
    value: scopeValue,
    type: z.enum(['User', 'Admin']).default('User'),
    isEnabled: z.boolean().default(true),
    adminConsentDisplayName: text,
    adminConsentDescription: text,
    userConsentDisplayName: text,
    userConsentDescription: text,
    origin: z.string().max(VALUE_MAX).nullish(),
  })
  .transform(({ origin: _, ...scope }) => scope);

export const api = z.object({
  acceptMappedClaims: z.boolean().nullish(),
  knownClientApplications: z.array(guid).max(SCOPES_MAX).optional(),
  requestedAccessTokenVersion: z.union([z.literal(1), z.literal(2)]).nullish(),
  oauth2PermissionScopes: z.array(permissionScope).max(SCOPES_MAX).optional(),
  preAuthorizedApplications: z
    .array(z.object({ appId: guid, delegatedPermissionIds: z.array(guid).max(SCOPES_MAX) }))
    .max(SCOPES_MAX)
    .optional(),
});

export const EMPTY_API: ApplicationApi = {
  acceptMappedClaims: null,
  knownClientApplications: [],
  requestedAccessTokenVersion: null,
  oauth2PermissionScopes: [],
  preAuthorizedApplications: [],
};

/** What is not given stays as it was, as Graph changes complex properties. */
export function parseApi(
  given: z.infer<typeof api>,
  before: ApplicationApi = EMPTY_API,
): ApplicationApi {
  const named = Object.entries(given).filter(([, value]) => value !== undefined);
  const after = { ...before, ...Object.fromEntries(named) };
  const scopes = after.oauth2PermissionScopes;
  for (const name of ['id', 'value'] as const) {
    const values = scopes.map((scope) => scope[name].toLowerCase());
    if (new Set(values).size === values.length) continue;
    const property = 'api.oauth2PermissionScopes';
    throw new ApiError(graphErrors.invalidProperty, { property, resource: 'Application' });
  }
  return after;
}
