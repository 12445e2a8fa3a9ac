// How a certificate contact is told: by whatever sends mail, or not at all.

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface Mailer {
  /** `refused`: not for this address. Rejects if the server does not answer, or not properly. */
  send(mail: Mail): Promise<'taken' | 'refused'>;
}
