// The root key as the value of a variable that the configuration has read: 32 bytes in base64url.
import { decodeBase64Url } from '#kernel';
import { checkKeyConfig, ROOT_KEY_BYTES, rootKeyRefused, type Seal } from './seal.ts';

/** `value`: 43 characters of base64url. Anything else is refused when the store opens. */
export function environmentSeal(value: string): Seal {
  const decode = (): Uint8Array => parseRootKey(value, 'The root key that was given');
  return {
    create: async () => ({ rootKey: decode(), config: { kind: 'key' } }),
    async rootKey(config) {
      checkKeyConfig(config);
      return decode();
    },
  };
}

/** `what` begins the sentence that refuses; the text itself is never repeated. */
export function parseRootKey(text: string, what: string): Uint8Array {
  const bytes = decodeBase64Url(text);
  if (bytes?.byteLength === ROOT_KEY_BYTES) return bytes;
  throw rootKeyRefused(`${what} is not ${ROOT_KEY_BYTES} bytes in base64url (43 characters).`);
}
