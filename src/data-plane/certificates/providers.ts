// Which provider signs for an issuer. A provider that is not installed is no error of the caller's:
// the issuer is stored, and its certificates fail in a way that says so.
import type { IssuerProvider } from '#certificate-authority';

export type FindProvider = (provider: string) => IssuerProvider;

export function providersByName(providers: readonly IssuerProvider[]): FindProvider {
  const byName = new Map(providers.map((each) => [each.provider.toLowerCase(), each]));
  return (provider) => byName.get(provider.toLowerCase()) ?? absentProvider(provider);
}

function absentProvider(provider: string): IssuerProvider {
  return {
    provider,
    issue: async () => ({
      kind: 'failed',
      // Recorded, of a request that DigiCert refused.
      code: 'Request rejected',
      message: `This installation has no adapter for the issuer provider '${provider}'.`,
    }),
  };
}
