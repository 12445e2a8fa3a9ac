// Reads a JWT that claims to be ours. The algorithm is RS256 because we say so, not because the
// token does; keys come from our own directory by `kid`, and nothing in the header (`jku`, `x5u`,
// `jwk`, `x5c`) is ever followed.
import { type KeyObject, verify } from 'node:crypto';
import { decodeBase64Url, parseJson, z } from '#kernel';
import { TokenRefused } from './token-refused.ts';

const TEXT_MAX = 2048;
const text = z.string().max(TEXT_MAX);

const headerSchema = z.object({
  alg: text,
  kid: text.optional(),
  typ: text.optional(),
  crit: z.undefined().optional(),
});

const claimsSchema = z.object({
  iss: text,
  aud: text,
  tid: text,
  oid: text,
  iat: z.int(),
  nbf: z.int(),
  exp: z.int(),
  idtyp: z.enum(['app', 'user']),
  appid: text.optional(),
  azp: text.optional(),
  appidacr: text.optional(),
  upn: text.optional(),
  name: text.optional(),
  scp: text.optional(),
  uti: text.optional(),
  xms_mirid: text.optional(),
  xms_cc: z.array(text).optional(),
  auth_time: z.int().optional(),
  amr: z.array(text).optional(),
  /** Which credential of the application obtained the token; ours alone. */
  cred: text.optional(),
  /** Who passed the token on (`revocation.ts`); ours alone. */
  chain: z.array(text).optional(),
});

export type AccessTokenClaims = z.infer<typeof claimsSchema>;

export interface AccessToken {
  readonly kid: string;
  readonly claims: AccessTokenClaims;
}

/** Parses and checks the signature, nothing else. Throws TokenRefused. */
export function openAccessToken(
  token: string,
  keyOf: (kid: string) => KeyObject | undefined,
): AccessToken {
  const parts = token.split('.');
  const [header = '', payload = '', signature = ''] = parts;
  if (parts.length !== 3) throw new TokenRefused({ code: 'malformed' });
  const { alg, typ, kid } = readPart(header, headerSchema);
  if (alg !== 'RS256') throw new TokenRefused({ code: 'algorithm', found: alg });
  if (typ !== 'JWT') throw new TokenRefused({ code: 'malformed' });
  const key = kid === undefined ? undefined : keyOf(kid);
  if (kid === undefined || key === undefined) throw new TokenRefused({ code: 'unknownKey' });
  const signed = Buffer.from(`${header}.${payload}`, 'ascii');
  const bytes = decodeBase64Url(signature);
  if (bytes === undefined || !verify('sha256', signed, key, bytes)) {
    throw new TokenRefused({ code: 'signature' });
  }
  return { kid, claims: readPart(payload, claimsSchema) };
}

function readPart<T>(part: string, schema: z.ZodType<T>): T {
  const bytes = decodeBase64Url(part);
  if (bytes === undefined) throw new TokenRefused({ code: 'malformed' });
  const result = schema.safeParse(jsonOrUndefined(bytes.toString('utf8')));
  if (!result.success) throw new TokenRefused({ code: 'malformed' });
  return result.data;
}

function jsonOrUndefined(content: string): unknown {
  try {
    return parseJson(content);
  } catch {
    return undefined;
  }
}
