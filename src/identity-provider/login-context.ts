// What the parts of the identity provider's login host work with.
import type { Audiences } from '#authentication';
import type { Directory } from '#directory';
import type { Clock } from '#kernel';
import type { Storage } from '#storage';
import type { RequestRates } from './sign-in/request-rates.ts';
import type { IssuerKeys } from './token/issuer-keys.ts';
import type { SignInLimits } from './token/sign-in-limits.ts';

/** Addresses without a trailing slash, with the port unless it is 443. */
export interface LoginEndpoints {
  readonly login: string;
  readonly management: string;
  readonly graph: string;
  readonly vaultResource: string;
}

export interface LoginContext {
  readonly storage: Storage;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly endpoints: LoginEndpoints;
  readonly audiences: Audiences;
  readonly issuerKeys: IssuerKeys;
  readonly signInLimits: SignInLimits;
  readonly secondFactorLimits: SignInLimits;
  /** Forms and sign-in pages, by address. */
  readonly formRates: RequestRates;
  /** Guesses of the short codes that devices show. */
  readonly userCodeLimits: SignInLimits;
  /** By device code. */
  readonly devicePolls: RequestRates;
  /** Challenges of passkeys that were answered. */
  readonly usedChallenges: RequestRates;
}

/** The host names nothing but the identity provider itself. */
export interface LoginTarget {
  readonly origin: string;
}
