// Passkeys (WebAuthn): a key of the person's device that answers our challenge for our host only,
// after the device has made sure of the person. Checked by @simplewebauthn/server.
import type { NewPasskey, Passkey, User } from '#directory';
import { decodeBase64Url, encodeBase64Url, parseJson, z } from '#kernel';

/** Loaded when first needed: some 9 MB, and many instances never see a browser. */
const library = () => import('@simplewebauthn/server');

const TEXT_MAX = 16_384;
const text = z.string().max(TEXT_MAX);
const shared = { id: text, rawId: text, type: z.literal('public-key') };

const assertionSchema = z.object({
  ...shared,
  response: z.object({
    clientDataJSON: text,
    authenticatorData: text,
    signature: text,
    userHandle: text.optional(),
  }),
});
const creationSchema = z.object({
  ...shared,
  response: z.object({
    clientDataJSON: text,
    attestationObject: text,
    transports: z.array(z.string().max(32)).max(8).default([]),
  }),
});

export type Assertion = z.infer<typeof assertionSchema>;

/** The relying party: our login host. A passkey for it answers no other. */
export interface RelyingParty {
  /** `https://login.D[:port]` */
  readonly origin: string;
}

export interface Challenge {
  readonly challenge: string;
  /** JSON for `navigator.credentials`. */
  readonly options: string;
}

/** `passkeys`: those of the person who is to answer; none while nobody has said who he is. */
export async function challengePasskey(
  { origin }: RelyingParty,
  passkeys: readonly Passkey[],
): Promise<Challenge> {
  const options = await (await library()).generateAuthenticationOptions({
    rpID: new URL(origin).hostname,
    userVerification: 'required',
    allowCredentials: passkeys.map(({ credentialId }) => ({ id: credentialId })),
  });
  return { challenge: options.challenge, options: JSON.stringify(options) };
}

export async function challengeNewPasskey(
  { origin }: RelyingParty,
  user: User,
  passkeys: readonly Passkey[],
): Promise<Challenge> {
  const options = await (await library()).generateRegistrationOptions({
    rpName: 'Strongroom',
    rpID: new URL(origin).hostname,
    userName: user.userPrincipalName,
    userDisplayName: user.displayName,
    userID: Uint8Array.from(Buffer.from(user.id, 'utf8')),
    attestationType: 'none',
    excludeCredentials: passkeys.map(({ credentialId }) => ({ id: credentialId })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
  return { challenge: options.challenge, options: JSON.stringify(options) };
}

/** `undefined` for what is not an answer of `navigator.credentials.get`. */
export function parseAssertion(json: string): Assertion | undefined {
  const parsed = assertionSchema.safeParse(jsonOrUndefined(json));
  return parsed.success ? parsed.data : undefined;
}

/** Whose passkey answered, as the authenticator has it. */
export function assertedUserId({ response }: Assertion): string | undefined {
  return decodeBase64Url(response.userHandle ?? '')?.toString('utf8') || undefined;
}

/** The authenticator's new count, or `undefined` if the answer is wrong. */
export async function verifyAssertion(
  { origin }: RelyingParty,
  assertion: Assertion,
  expected: { readonly challenge: string; readonly passkey: Passkey },
): Promise<number | undefined> {
  const { challenge, passkey } = expected;
  const { userHandle, ...response } = assertion.response;
  try {
    const { verified, authenticationInfo } = await (await library()).verifyAuthenticationResponse({
      response: {
        ...assertion,
        response: { ...response, ...(userHandle === undefined ? {} : { userHandle }) },
        clientExtensionResults: {},
      },
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: new URL(origin).hostname,
      requireUserVerification: true,
      credential: {
        id: passkey.credentialId,
        publicKey: Uint8Array.from(Buffer.from(passkey.publicKey, 'base64url')),
        counter: passkey.counter,
      },
    });
    return verified ? authenticationInfo.newCounter : undefined;
  } catch {
    // The library throws for each thing that is wrong; to the caller they are all one.
    return undefined;
  }
}

/** The new passkey, or `undefined` if the answer is wrong. */
export async function verifyNewPasskey(
  { origin }: RelyingParty,
  json: string,
  expected: { readonly challenge: string; readonly displayName: string },
): Promise<NewPasskey | undefined> {
  const parsed = creationSchema.safeParse(jsonOrUndefined(json));
  if (!parsed.success) return undefined;
  const { transports, ...response } = parsed.data.response;
  try {
    const { registrationInfo } = await (await library()).verifyRegistrationResponse({
      response: { ...parsed.data, response, clientExtensionResults: {} },
      expectedChallenge: expected.challenge,
      expectedOrigin: origin,
      expectedRPID: new URL(origin).hostname,
      requireUserVerification: true,
    });
    if (registrationInfo === undefined) return undefined;
    const { id, publicKey, counter } = registrationInfo.credential;
    return {
      credentialId: id,
      publicKey: encodeBase64Url(publicKey),
      counter,
      transports,
      displayName: expected.displayName,
    };
  } catch {
    return undefined;
  }
}

function jsonOrUndefined(json: string): unknown {
  try {
    return parseJson(json);
  } catch {
    return undefined;
  }
}
