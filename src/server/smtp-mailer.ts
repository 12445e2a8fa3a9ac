// Mail by SMTP: plain text, to one address at a time, so that nobody reads who else was told. A
// password goes over TLS or not at all.
import nodemailer from 'nodemailer';

/** What of the configuration it takes; the data plane's `Mailer` is what it gives. */
export interface SmtpOptions {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly from: string;
  readonly signIn?: { readonly user: string; readonly readPassword: () => string };
}

export interface PlainMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

const ANSWER_MS_MAX = 30_000;

export function smtpMailer({ host, port, isTls, from, signIn }: SmtpOptions) {
  const transport = nodemailer.createTransport({
    ...{ host, port, secure: isTls },
    ...(signIn && {
      requireTLS: true,
      auth: { user: signIn.user, pass: signIn.readPassword() },
    }),
    connectionTimeout: ANSWER_MS_MAX,
    greetingTimeout: ANSWER_MS_MAX,
    socketTimeout: ANSWER_MS_MAX,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    /** `refused`: not for this address. Rejects if the server does not answer, or not properly. */
    async send({ to, subject, text }: PlainMail): Promise<'taken' | 'refused'> {
      try {
        await transport.sendMail({ from, to: { name: '', address: to }, subject, text });
        return 'taken';
      } catch (cause) {
        if (isRefusal(cause)) return 'refused';
        throw cause;
      }
    },
  };
}

function isRefusal(cause: unknown): boolean {
  return cause instanceof Error && 'command' in cause && cause.command === 'RCPT TO';
}
