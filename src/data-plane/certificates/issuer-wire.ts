// Issuers on the wire. A password goes in and never comes out.
import { type Schema, z } from '#kernel';
import type { Administrator, GivenIssuer, Issuer } from './issuer-store.ts';

export interface IssuerParameters {
  readonly provider?: string | null | undefined;
  readonly credentials?:
    | {
        readonly account_id?: string | null | undefined;
        readonly pwd?: string | null | undefined;
      }
    | null
    | undefined;
  readonly org_details?:
    | {
        readonly id?: string | null | undefined;
        readonly admin_details?: readonly GivenAdministrator[] | null | undefined;
      }
    | null
    | undefined;
  readonly attributes?: { readonly enabled?: boolean | null | undefined } | null | undefined;
}

interface GivenAdministrator {
  readonly first_name?: string | null | undefined;
  readonly last_name?: string | null | undefined;
  readonly email?: string | null | undefined;
  readonly phone?: string | null | undefined;
}

const text = z
  .string()
  .max(256)
  .refine((given) => given.isWellFormed())
  .nullish();

const shape = {
  credentials: z.object({ account_id: text, pwd: z.string().max(4096).nullish() }).nullish(),
  org_details: z
    .object({
      id: text,
      admin_details: z
        .array(z.object({ first_name: text, last_name: text, email: text, phone: text }))
        .max(50)
        .nullish(),
    })
    .nullish(),
  attributes: z.object({ enabled: z.boolean().nullish() }).nullish(),
};

const provider = z.string().min(1).max(127);

export const setIssuerSchema: Schema<IssuerParameters & { readonly provider: string }> = z.object({
  ...shape,
  provider,
});

/** Recorded: a PATCH without a body changes nothing and is answered. */
export const updateIssuerSchema: Schema<IssuerParameters> = z
  .object({ ...shape, provider: provider.nullish() })
  .nullish()
  .transform((given): IssuerParameters => given ?? {});

export function givenIssuer(given: IssuerParameters): GivenIssuer {
  const { credentials, org_details: organization, attributes } = given;
  return {
    provider: given.provider ?? undefined,
    accountId: credentials?.account_id ?? undefined,
    password: credentials?.pwd ?? undefined,
    organization: organization == null ? undefined : organizationOf(organization),
    enabled: attributes?.enabled ?? undefined,
  };
}

function organizationOf({
  id,
  admin_details: administrators,
}: NonNullable<IssuerParameters['org_details']>): NonNullable<Issuer['organization']> {
  return {
    ...(id != null && { id }),
    ...(administrators && { administrators: administrators.map(administratorOf) }),
  };
}

function administratorOf(given: GivenAdministrator): Administrator {
  const { first_name, last_name, email, phone } = given;
  return {
    ...(first_name != null && { first_name }),
    ...(last_name != null && { last_name }),
    ...(email != null && { email }),
    ...(phone != null && { phone }),
  };
}

export function issuerId(origin: string, name: string): string {
  return `${origin}/certificates/issuers/${name}`;
}

/** Recorded: an organization comes with a `zip` of 0. */
export function renderIssuer(issuer: Issuer, origin: string): object {
  const { provider, accountId, organization, enabled, created, updated } = issuer;
  return {
    id: issuerId(origin, issuer.name),
    provider,
    ...(accountId !== undefined && { credentials: { account_id: accountId } }),
    ...(organization && {
      org_details: {
        ...(organization.id !== undefined && { id: organization.id }),
        zip: 0,
        ...(organization.administrators && { admin_details: organization.administrators }),
      },
    }),
    attributes: { enabled, created, updated },
  };
}
