// Which provider holds which key. Types without `-HSM` are software's; those with it are the HSM's
// if one is connected, and software's otherwise (`hsmPlatform` says which). So are exportable keys:
// they are made to leave, and what an HSM holds does not. A key stays with the provider that made
// it, whatever is connected later.
import { type KeyMaterial, type KeyProvider, softwareProvider } from '#cryptography';
import { isHardware, type KeyContent, type KeyListed } from './key.ts';

export class KeyProviders {
  readonly #hsm: KeyProvider | undefined;

  constructor(hsm?: KeyProvider) {
    this.#hsm = hsm;
  }

  /** Makes and imports such keys. */
  for({ kty, exportable }: Pick<KeyListed, 'kty' | 'exportable'>): KeyProvider {
    if (!isHardware(kty) || exportable) return softwareProvider;
    return this.#hsm ?? softwareProvider;
  }

  open({ material, provider }: Pick<KeyContent, 'material' | 'provider'>): Promise<KeyMaterial> {
    const holder = this.#holderOf(provider);
    const saved = Buffer.from(material, 'base64');
    return holder.open(saved).finally(() => saved.fill(0));
  }

  #holderOf(name: string | undefined): KeyProvider {
    if (name === undefined) return softwareProvider;
    // Nothing can be done with the key until its HSM is back: an internal error, told in the log.
    if (name !== this.#hsm?.name) throw new Error(`the HSM that holds this key is gone: ${name}`);
    return this.#hsm;
  }
}

/** What a version keeps of a key, by whoever holds it. */
export function saveMaterial(
  provider: KeyProvider,
  material: KeyMaterial,
): Pick<KeyContent, 'material' | 'provider'> {
  const bytes = provider.save(material);
  const text = bytes.toString('base64');
  bytes.fill(0);
  return {
    material: text,
    ...(provider !== softwareProvider && { provider: provider.name }),
  };
}
