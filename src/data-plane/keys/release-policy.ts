// Key release policies, grammar 1.0.0: any of several attestation authorities, each with conditions
// on the claims of its tokens. A policy is kept in the one form in which the recorded service gives
// it back: members in a fixed order, values as text.
import { decodeBase64Url, encodeBase64Url, parseJson, type Schema, z } from '#kernel';

interface ClaimCondition {
  readonly claim: string;
  readonly equals: string;
}

type Condition = ClaimCondition | Conditions;

type Conditions =
  | { readonly anyOf: readonly Condition[] }
  | { readonly allOf: readonly Condition[] };

export interface ReleaseRules {
  readonly version: string;
  readonly anyOf: readonly ({ readonly authority: string } & Conditions)[];
}

const DEPTH_MAX = 5;
const CONDITIONS_MAX = 100;

// Recorded: `true` comes back as "true".
const claimSchema: Schema<ClaimCondition> = z.strictObject({
  claim: z.string().min(1).max(256),
  equals: z.union([z.string().max(1024), z.boolean(), z.number()]).transform(String),
});

function conditionSchema(depth: number): Schema<Condition> {
  if (depth === 0) return claimSchema;
  const nested = z
    .array(conditionSchema(depth - 1))
    .min(1)
    .max(CONDITIONS_MAX);
  return z.union([
    claimSchema,
    z.strictObject({ anyOf: nested }),
    z.strictObject({ allOf: nested }),
  ]);
}

const conditions = z.array(conditionSchema(DEPTH_MAX)).min(1).max(CONDITIONS_MAX);
const authority = z.url({ protocol: /^https$/ }).max(1024);

// A parsed object has its members in the order in which its schema names them.
const rulesSchema: Schema<ReleaseRules> = z.strictObject({
  version: z.string().regex(/^1\.0(\.0)?$/),
  anyOf: z
    .array(
      z.union([
        z.strictObject({ authority, anyOf: conditions }),
        z.strictObject({ authority, allOf: conditions }),
      ]),
    )
    .min(1)
    .max(CONDITIONS_MAX),
});

/** base64url of a policy's JSON → the same in its kept form; `undefined` if it is not a policy. */
export function normalizePolicyData(data: string): string | undefined {
  const text = decodeBase64Url(data)?.toString('utf8');
  if (text === undefined) return undefined;
  try {
    const rules = rulesSchema.safeParse(parseJson(text));
    return rules.success ? encodeBase64Url(Buffer.from(JSON.stringify(rules.data))) : undefined;
  } catch {
    return undefined;
  }
}
