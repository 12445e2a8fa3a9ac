// How certificate contacts are told: by whatever sends mail, or not at all.

export interface Mail {
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
}

export interface Mailer {
  /** Rejects if the mail was not taken. */
  send(mail: Mail): Promise<void>;
}
