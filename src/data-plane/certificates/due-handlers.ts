// Everything that falls due for certificates, and who does it.
import type { IssuerProvider } from '#certificate-authority';
import type { KeyProviders } from '../keys/key-providers.ts';
import { type DueHandlers, expiryHandlers } from '../object/due-runner.ts';
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
}

export function certificateDueHandlers(options: CertificateDueOptions): DueHandlers {
  const { keyProviders: providers, issuerProviders = [], mailer } = options;
  const post: Post = { ...(mailer && { mailer }), hasFailed: false };
  const findProvider = providersByName(issuerProviders);
  return {
    ...expiryHandlers(certificateObjects),
    renew: renewHandler({ providers, tellContacts: noticeHandler('renew', post) }),
    notify: noticeHandler('notify', post),
    issue: issueHandler({ providers, findProvider }),
  };
}
