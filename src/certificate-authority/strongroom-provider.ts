// The provider behind issuers named `StrongroomCA`: signs at once, or says why not.
import type { View } from '#storage';
import type { AuthorityContext } from './authorities.ts';
import { AuthorityError } from './authority-error.ts';
import { issueOnce } from './issued.ts';
import type { IssueOutcome, IssuerProvider } from './issuer-provider.ts';

export function strongroomProvider(view: View, context: AuthorityContext): IssuerProvider {
  return {
    provider: 'StrongroomCA',
    issue: async (request): Promise<IssueOutcome> => {
      try {
        return { kind: 'issued', chain: await issueOnce(view, request, context) };
      } catch (error) {
        if (!(error instanceof AuthorityError)) throw error;
        return error.code === 'missing'
          ? { kind: 'failed', code: 'CertificateAuthorityMissing', message: MISSING }
          : { kind: 'failed', code: 'CertificateRequestRefused', message: error.message };
      }
    },
  };
}

const MISSING = 'No certificate authority has been set up here: strongroom ca create does it.';
