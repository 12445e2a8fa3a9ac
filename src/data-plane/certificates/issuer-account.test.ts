import assert from 'node:assert/strict';
import { test } from 'node:test';
import { issuerAccount } from './issuer-account.ts';

const issuer = { name: 'acme', provider: 'ACME', enabled: true, created: 0, updated: 0 };
const contacts = [{ email: 'vault@example.com' }, { email: 'other@example.com' }];

test('a provider may write the issuer’s administrators', () => {
  const administrators = [
    { first_name: 'Ada', email: 'ada@example.com', phone: '1' },
    { email: '' },
    { first_name: 'Bob' },
  ];
  const account = issuerAccount({ ...issuer, organization: { id: 'o', administrators } }, contacts);
  const contactEmails = ['ada@example.com'];
  assert.deepEqual(account, { issuer: 'acme', organizationId: 'o', contactEmails });
});

test('without an administrator’s address it may write the vault’s contacts', () => {
  const organization = { administrators: [{ first_name: 'Bob' }] };
  for (const given of [issuer, { ...issuer, organization }]) {
    const contactEmails = ['vault@example.com', 'other@example.com'];
    assert.deepEqual(issuerAccount(given, contacts), { issuer: 'acme', contactEmails });
  }
  assert.deepEqual(issuerAccount(issuer, []), { issuer: 'acme' });
});

test('credentials reach the provider', () => {
  const account = issuerAccount({ ...issuer, accountId: 'kid', password: 'hmac' }, []);
  assert.deepEqual(account, { issuer: 'acme', accountId: 'kid', password: 'hmac' });
});
