// An authenticator in software, for tests: answers challenges like a passkey's device (WebAuthn
// §6.3.3), and can be told to do each part of it wrongly.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { NewPasskey } from '#directory';

const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;

export interface Answering {
  readonly challenge: string;
  readonly origin: string;
  readonly rpId?: string;
  readonly type?: string;
  readonly isUserVerified?: boolean;
  readonly counter?: number;
  readonly userHandle?: string;
  readonly privateKey?: KeyObject;
}

export class SoftAuthenticator {
  readonly credentialId = randomBytes(16).toString('base64url');
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #userId: string;

  constructor(userId: string) {
    this.#userId = userId;
  }

  /** The public half, as registration would have left it. */
  passkey(counter = 0): NewPasskey {
    const { x = '', y = '' } = this.#keys.publicKey.export({ format: 'jwk' });
    // COSE_Key as a CBOR map: kty EC2, alg ES256, crv P-256, x, y.
    const publicKey = Buffer.concat([
      Buffer.from('a5010203262001215820', 'hex'),
      Buffer.from(x, 'base64url'),
      Buffer.from('225820', 'hex'),
      Buffer.from(y, 'base64url'),
    ]).toString('base64url');
    const { credentialId } = this;
    return { credentialId, publicKey, counter, transports: [], displayName: 'Soft' };
  }

  /** JSON as the page's script sends it. */
  answer(input: Answering): string {
    const { challenge, origin, type = 'webauthn.get', isUserVerified = true, counter = 0 } = input;
    const clientData = Buffer.from(JSON.stringify({ type, challenge, origin }));
    const rpId = createHash('sha256').update(input.rpId ?? new URL(origin).hostname);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    const flags = USER_PRESENT | (isUserVerified ? USER_VERIFIED : 0);
    const authenticatorData = Buffer.concat([rpId.digest(), Buffer.from([flags]), count]);
    const signed = Buffer.concat([authenticatorData, digest(clientData)]);
    const signature = sign('sha256', signed, input.privateKey ?? this.#keys.privateKey);
    const userHandle = Buffer.from(input.userHandle ?? this.#userId).toString('base64url');
    return JSON.stringify({
      id: this.credentialId,
      rawId: this.credentialId,
      type: 'public-key',
      response: {
        clientDataJSON: clientData.toString('base64url'),
        authenticatorData: authenticatorData.toString('base64url'),
        signature: signature.toString('base64url'),
        userHandle,
      },
    });
  }
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
