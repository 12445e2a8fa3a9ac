// Which provider holds which key. Types without `-HSM` are software's; those with it are the HSM's
// if one is connected, and software's otherwise (`hsmPlatform` says which). So are exportable keys:
// they are made to leave, and what an HSM holds does not. A key stays with the provider that made
// it, whatever is connected later.
import { type KeyMaterial, type KeyProvider, type KeySpec, softwareProvider } from '#cryptography';
import { keyErrors } from '#errors';
import { ApiError } from '#kernel';
import type { Vault } from '#resources';
import { FairQueue, QueueFull } from './fair-queue.ts';
import { isHardware, type KeyContent, type KeyListed } from './key.ts';

/**
 * An RSA key of 4096 bits takes a core for a second or so: not all of them, and no vault may have
 * the others wait. Azure makes 20 keys in 10 s for a vault, and five times that for a subscription.
 */
const MAKING = { runningMax: 2, partyWaitingMax: 20, waitingMax: 100 } as const;
const RETRY_AFTER_SECONDS = 10;

export class KeyProviders {
  readonly #hsm: KeyProvider | undefined;
  readonly #making = new FairQueue(MAKING);

  constructor(hsm?: KeyProvider) {
    this.#hsm = hsm;
  }

  /** Makes and imports such keys. */
  for({ kty, exportable }: Pick<KeyListed, 'kty' | 'exportable'>): KeyProvider {
    if (!isHardware(kty) || exportable) return softwareProvider;
    return this.#hsm ?? softwareProvider;
  }

  /** A new key, at the vault’s turn. KeyError as its provider says; 429 if too many wait. */
  async make({ provider, spec }: KeyRequest, { uid }: Pick<Vault, 'uid'>): Promise<KeyMaterial> {
    if (provider === softwareProvider && spec.kty !== 'RSA') return provider.make(spec);
    try {
      return await this.#making.run(uid, () => provider.make(spec));
    } catch (cause) {
      if (!(cause instanceof QueueFull)) throw cause;
      const headers = { 'Retry-After': String(RETRY_AFTER_SECONDS) };
      throw new ApiError(keyErrors.throttled, {}, { cause, headers });
    }
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

export interface KeyRequest {
  readonly provider: KeyProvider;
  readonly spec: KeySpec;
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
