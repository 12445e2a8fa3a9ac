// The HSM that holds keys of HSM types, if one is configured. An HSM that is configured but cannot
// be used stops the start: keys that somebody thinks are in an HSM must not be made in software.
import type { HsmChoice } from '#config';
import { openTokenProvider, TokenError, type TokenProvider } from '#cryptography';
import type { Clock } from '#kernel';
import { readSecretLine } from './files.ts';
import { StartFailure } from './start-failure.ts';

export async function openHsm(
  choice: HsmChoice | undefined,
  clock: Clock,
): Promise<TokenProvider | undefined> {
  if (choice === undefined) return undefined;
  const { module, token: label } = choice;
  const pin = choice.pin.kind === 'file' ? readSecretLine(choice.pin.path) : choice.pin.read();
  try {
    return await openTokenProvider({ access: { module, label, pin }, clock });
  } catch (cause) {
    if (!(cause instanceof TokenError)) throw cause;
    throw new StartFailure(`The HSM cannot be used: ${cause.message}.`, { cause });
  }
}
