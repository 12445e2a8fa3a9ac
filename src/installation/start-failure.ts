// Why an instance could not start, as one sentence for the person who started it.
import { AuditDamaged, AuditUnavailable } from '#audit';
import { ConfigError } from '#config';
import { StorageError } from '#storage';

/** The start was given up for a reason that is not a fault of this program. */
export class StartFailure extends Error {
  constructor(sentence: string, options: { readonly cause?: unknown } = {}) {
    super(sentence, options);
    this.name = 'StartFailure';
  }
}

const LISTEN_SENTENCES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another program: stop it, or choose another with --port.',
  EACCES: 'may not be opened by this user: choose one above 1023 with --port.',
  EADDRNOTAVAIL: 'does not exist on this machine: choose another with --host.',
};

/** `undefined` for a defect: that one is worth a stack trace. */
export function describeStartFailure(
  thrown: unknown,
  address: { readonly host: string; readonly port: number },
): string | undefined {
  if (thrown instanceof StartFailure || thrown instanceof ConfigError) return thrown.message;
  if (thrown instanceof StorageError) return thrown.message;
  if (thrown instanceof AuditDamaged || thrown instanceof AuditUnavailable) return thrown.message;
  const code = errorCode(thrown);
  const listening = code === undefined ? undefined : LISTEN_SENTENCES[code];
  return listening && `${address.host}:${address.port} ${listening}`;
}

function errorCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
