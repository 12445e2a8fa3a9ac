// A provider that stands for an HSM: its keys are in a map that only it sees, and what it saves is
// a name in that map.
import { createPublicKey, randomUUID } from 'node:crypto';
import {
  decrypt,
  exportSpki,
  fromHeldKey,
  type KeyMaterial,
  type KeyProvider,
  sign,
  softwareProvider,
  verify,
} from '#cryptography';

export function fakeHsm(): KeyProvider & { readonly inside: Map<string, KeyMaterial> } {
  const inside = new Map<string, KeyMaterial>();
  const names = new WeakMap<KeyMaterial, string>();
  const hold = (name: string, own: KeyMaterial): KeyMaterial => {
    const held = fromHeldKey({
      publicKey: createPublicKey({ key: exportSpki(own), format: 'der', type: 'spki' }),
      engineKey: {
        sign: (_method, bytes) => sign({ key: own, algorithm: 'RS256', digest: bytes }),
        verify: (_method, bytes, signature) =>
          verify({ key: own, algorithm: 'RS256', digest: bytes, signature }),
        decrypt: (algorithm, ciphertext) => decrypt({ key: own, algorithm, ciphertext }),
      },
    });
    names.set(held, name);
    return held;
  };
  const take = (own: KeyMaterial): KeyMaterial => {
    const name = randomUUID();
    inside.set(name, own);
    return hold(name, own);
  };
  return {
    inside,
    name: 'fake',
    hsmPlatform: '2',
    make: async (spec) => take(await softwareProvider.make(spec)),
    import: async (jwk) => take(await softwareProvider.import(jwk)),
    save: (material) => Buffer.from(names.get(material) ?? ''),
    open: async (saved) => {
      const name = Buffer.from(saved).toString();
      const own = inside.get(name);
      if (own === undefined) throw new Error('no such key in the token');
      return hold(name, own);
    },
  };
}
