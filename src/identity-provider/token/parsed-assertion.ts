// Reads a client assertion without believing it. Quirks that real clients have are allowed here and
// named; everything else is AADSTS50027.
import { oauthErrors } from '#errors';
import { ApiError, decodeBase64Url, parseJson, z } from '#kernel';

const TEXT_MAX = 4096;
const CHAIN_MAX = 10;
const text = z.string().max(TEXT_MAX);
/** azure-identity for Python writes times as floats. */
const seconds = z.number();

const headerSchema = z.object({
  alg: z.enum(['RS256', 'PS256', 'RS384', 'RS512', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512']),
  kid: text.optional(),
  x5t: text.optional(),
  'x5t#S256': text.optional(),
  x5c: z.array(z.string().max(16_384)).max(CHAIN_MAX).optional(),
  crit: z.undefined().optional(),
});

const payloadSchema = z.object({
  iss: text,
  sub: text,
  aud: z.union([text, z.array(text).min(1).max(16)]),
  exp: seconds,
  nbf: seconds.optional(),
  iat: seconds.optional(),
});

const proofSchema = payloadSchema.extend({ sub: text.default(''), nbf: seconds });

export interface ParsedAssertion {
  readonly token: string;
  readonly header: z.infer<typeof headerSchema>;
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
  readonly expiresS: number;
  readonly notBeforeS: number | undefined;
  readonly signed: Buffer;
  readonly signature: Buffer;
}

/** Throws AADSTS50027. */
export function parseAssertion(text: string): ParsedAssertion {
  return parseSigned(text, payloadSchema);
}

/** What proves that its sender has a key, and says of nobody that he signs in. Throws as above. */
export function parseProof(text: string): Omit<ParsedAssertion, 'subject'> {
  const { subject: _, ...proof } = parseSigned(text, proofSchema);
  return proof;
}

function parseSigned(text: string, schema: typeof payloadSchema | typeof proofSchema) {
  // A token read from a Kubernetes file may end in a line break.
  const token = text.trim();
  const [header = '', payload = '', signature = '', ...more] = token.split('.');
  const bytes = decodeBase64Url(signature);
  const read = {
    header: headerSchema.safeParse(readPart(header)),
    payload: schema.safeParse(readPart(payload)),
  };
  if (!read.header.success || !read.payload.success || bytes === undefined || more.length > 0) {
    throw new ApiError(oauthErrors.assertionMalformed);
  }
  const { iss, sub, aud, exp, nbf } = read.payload.data;
  return {
    token,
    header: read.header.data,
    issuer: iss,
    subject: sub,
    audiences: typeof aud === 'string' ? [aud] : aud,
    expiresS: exp,
    notBeforeS: nbf,
    signed: Buffer.from(`${header}.${payload}`, 'ascii'),
    signature: bytes,
  };
}

function readPart(part: string): unknown {
  const bytes = decodeBase64Url(part);
  if (bytes === undefined) return undefined;
  try {
    return parseJson(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
