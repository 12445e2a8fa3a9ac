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

/** base64url of a policy's JSON → its rules; `undefined` if it is not a policy. */
export function parsePolicyData(data: string): ReleaseRules | undefined {
  const text = decodeBase64Url(data)?.toString('utf8');
  if (text === undefined) return undefined;
  try {
    return rulesSchema.safeParse(parseJson(text)).data;
  } catch {
    return undefined;
  }
}

/** The same in its kept form. */
export function normalizePolicyData(data: string): string | undefined {
  const rules = parsePolicyData(data);
  return rules && encodeBase64Url(Buffer.from(JSON.stringify(rules)));
}

export interface Evidence {
  /** Whether the policy's authority is the one that vouches for the claims. */
  readonly authority: (given: string) => boolean;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Whether any authority of the policy has said what the policy wants to hear. */
export function decideRelease(rules: ReleaseRules, { authority, claims }: Evidence): boolean {
  return rules.anyOf.some((rule) => authority(rule.authority) && holds(rule, claims));
}

function holds(condition: Condition, claims: Evidence['claims']): boolean {
  if ('claim' in condition) return claimText(claims, condition.claim) === condition.equals;
  if ('anyOf' in condition) return condition.anyOf.some((inner) => holds(inner, claims));
  return condition.allOf.every((inner) => holds(inner, claims));
}

/** A claim by its name, or by the names on the way to it: `x-ms-isolation-tee.x-ms-ver`. */
function claimText(claims: unknown, path: string): string | undefined {
  if (typeof claims !== 'object' || claims === null) return undefined;
  const members = new Map<string, unknown>(Object.entries(claims));
  if (members.has(path)) {
    const value = members.get(path);
    const isPlain = ['string', 'boolean', 'number'].includes(typeof value);
    return isPlain ? String(value) : undefined;
  }
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const found = claimText(members.get(path.slice(0, dot)), path.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}
