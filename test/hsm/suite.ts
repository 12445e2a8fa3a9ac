// What the cases of `npm run test:hsm` have in common.
import type { SoftHsm } from './soft-hsm.ts';

export interface HsmPlace {
  readonly hsm: SoftHsm;
  /** Labels of two tokens with the same PIN. */
  readonly token: string;
  readonly otherToken: string;
  readonly pin: string;
  readonly pinFile: string;
}

export interface HsmCase {
  readonly name: string;
  /** Throws if anything is not as it should be. */
  run(): Promise<void>;
}

/** The flags of a server that uses the token. */
export function hsmFlags(place: HsmPlace, token = place.token): readonly string[] {
  const { hsm, pinFile } = place;
  return ['--hsm-module', hsm.module, '--hsm-token', token, '--hsm-pin-file', pinFile];
}
