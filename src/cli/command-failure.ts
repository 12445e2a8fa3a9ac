// A command could not do what it was asked to.

/** The message is one sentence for the person who typed the command; exit code 1. */
export class CommandFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CommandFailure';
  }
}
