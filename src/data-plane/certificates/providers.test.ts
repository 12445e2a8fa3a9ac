import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IssueRequest, IssuerProvider } from '#certificate-authority';
import { providersByName } from './providers.ts';

const request: IssueRequest = {
  tenantId: 't',
  account: { issuer: 'mine' },
  requestId: 'r',
  csr: new Uint8Array(),
  validityMonths: 12,
  state: undefined,
};

test('a provider is found whatever the case of its name', async () => {
  const own: IssuerProvider = {
    provider: 'Strongroom',
    issue: async () => ({ kind: 'issued', chain: [] }),
  };
  assert.equal(providersByName([own])('STRONGROOM'), own);
});

test('a certificate of a provider without an adapter fails and says why', async () => {
  const outcome = await providersByName([])('DigiCert').issue(request);
  assert.equal(outcome.kind, 'failed');
  assert.match(outcome.kind === 'failed' ? outcome.message : '', /no adapter .* 'DigiCert'/);
});
