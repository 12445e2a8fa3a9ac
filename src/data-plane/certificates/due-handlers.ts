// Everything that falls due for certificates, and who does it.
import type { IssuerProvider } from '#certificate-authority';
import type { KeyProviders } from '../keys/key-providers.ts';
import { type DueHandlers, expiryHandlers } from '../object/due-runner.ts';
import type { DueSoon } from '../object/due-soon.ts';
import { certificateObjects } from './certificate-objects.ts';
import { issueHandler } from './enrolment.ts';
import type { Mailer } from './mailer.ts';
import { noticeHandler, type Post } from './notices.ts';
import { providersByName } from './providers.ts';
import { renewHandler } from './renewal.ts';

export interface CertificateDueOptions {
  readonly keyProviders: KeyProviders;
  readonly issuerProviders?: readonly IssuerProvider[];
  readonly mailer?: Mailer;
  readonly soon?: DueSoon;
}

export function certificateDueHandlers(options: CertificateDueOptions): DueHandlers {
  const { keyProviders: providers, issuerProviders = [], mailer, soon } = options;
  const post: Post = { ...(mailer && { mailer }), ...(soon && { soon }), hasFailed: false };
  const findProvider = providersByName(issuerProviders);
  return {
    ...expiryHandlers(certificateObjects),
    renew: renewHandler({ providers, tellContacts: noticeHandler('renew', post) }),
    notify: noticeHandler('notify', post),
    issue: issueHandler({ providers, findProvider, ...(soon && { soon }) }),
  };
}
