import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AuthorizeRequest } from '../authorize/authorize-request.ts';
import type { Flow } from './flow.ts';
import { decideProofStep, decideStep, type Standing } from './next-step.ts';
import type { LiveAccount } from './session.ts';

const NOW_S = 1_800_000_000;

const request: AuthorizeRequest = {
  reply: {
    clientId: 'client',
    redirectUri: 'http://localhost',
    platform: 'publicClient',
    responseMode: 'query',
    state: undefined,
  },
  isV1: false,
  scope: 'openid',
  resource: undefined,
  nonce: undefined,
  prompt: undefined,
  loginHint: undefined,
  maxAgeS: undefined,
  wantsClientInfo: false,
  codeChallenge: undefined,
  demandsSecondFactor: false,
};

function account(userId: string, methods = ['pwd'], ageS = 60): LiveAccount {
  const user = {
    id: userId,
    userPrincipalName: `${userId}@test.localhost`,
    displayName: userId,
    mailNickname: userId,
    accountEnabled: true,
    createdDateTime: '2026-01-01T00:00:00Z',
    passwordHash: '',
    forceChangePasswordNextSignIn: false,
  };
  return { userId, methods, signedInAtS: NOW_S - ageS, user };
}

function standing(accounts: readonly LiveAccount[], changes: Partial<Standing> = {}): Standing {
  return {
    accounts,
    nowMs: NOW_S * 1000,
    hasSecondFactor: () => false,
    consent: () => 'never',
    ...changes,
  };
}

function flow(changes: Partial<AuthorizeRequest> = {}, rest: Partial<Flow> = {}): Flow {
  const destination = { kind: 'application', request: { ...request, ...changes } } as const;
  return { destination, startedMs: NOW_S * 1000, ...rest };
}

const [ann, bea] = [account('ann'), account('bea')];
const step = (given: Flow, there: Standing) => decideStep(given, there).kind;

describe('the next step', () => {
  const cases: readonly (readonly [string, string, Flow, Standing])[] = [
    ['nobody is signed in', 'sign-in', flow(), standing([])],
    ['one is signed in', 'finish', flow(), standing([ann])],
    ['two are signed in', 'choose-account', flow(), standing([ann, bea])],
    [
      'a hint names one of two',
      'finish',
      flow({ loginHint: 'BEA@test.localhost' }),
      standing([ann, bea]),
    ],
    [
      'a hint names somebody else',
      'sign-in',
      flow({ loginHint: 'cem@test.localhost' }),
      standing([ann]),
    ],
    ['a new sign-in is wanted', 'sign-in', flow({ prompt: 'login' }), standing([ann])],
    ['a choice is wanted', 'choose-account', flow({ prompt: 'select_account' }), standing([ann])],
    ['the sign-in is too old', 'sign-in', flow({ maxAgeS: 60 }), standing([ann])],
    ['the sign-in is just young enough', 'finish', flow({ maxAgeS: 61 }), standing([ann])],
    ['more proof is demanded', 'prove-more', flow({ demandsSecondFactor: true }), standing([ann])],
    [
      'a second factor came since',
      'prove-more',
      flow(),
      standing([ann], { hasSecondFactor: () => true }),
    ],
    ['consent is missing', 'consent', flow(), standing([ann], { consent: () => 'missing' })],
    ['consent is given', 'finish', flow(), standing([ann], { consent: () => 'given' })],
    [
      'consent is wanted again',
      'consent',
      flow({ prompt: 'consent' }),
      standing([ann], { consent: () => 'given' }),
    ],
    ['nobody is ever asked', 'finish', flow({ prompt: 'consent' }), standing([ann])],
    [
      'the chosen one is gone',
      'sign-in',
      flow({}, { account: { userId: 'bea', isFresh: true } }),
      standing([ann]),
    ],
    [
      'the new sign-in has been made',
      'finish',
      flow({ prompt: 'login', maxAgeS: 0 }, { account: { userId: 'ann', isFresh: true } }),
      standing([ann]),
    ],
    [
      'a choice stands in for a new sign-in',
      'sign-in',
      flow({ prompt: 'login' }, { account: { userId: 'ann', isFresh: false } }),
      standing([ann]),
    ],
  ];
  for (const [name, expected, given, there] of cases) {
    test(`where ${name} is: ${expected}`, () => assert.equal(step(given, there), expected));
    test(`where ${name}, silently, shows no page`, () => {
      const silent = flow({ ...requestIn(given), prompt: 'none' }, { account: given.account });
      assert.match(step(silent, there), /^(finish|refuse)$/);
    });
  }

  test('a device always has its person choose an account', () => {
    const { scope, resource, isV1 } = request;
    const asked = { clientId: 'client', scope, resource, isV1 };
    const destination = { kind: 'device', id: 'x', request: asked } as const;
    const device: Flow = { destination, startedMs: 0 };
    assert.equal(step(device, standing([ann])), 'choose-account');
    const chosen = { ...device, account: { userId: 'ann', isFresh: false } };
    assert.equal(step(chosen, standing([ann])), 'finish');
  });

  test('one’s own account needs a sign-in of the last quarter of an hour', () => {
    const own: Flow = { destination: { kind: 'own-account' }, startedMs: 0 };
    assert.equal(step(own, standing([account('ann', ['pwd'], 899)])), 'finish');
    assert.equal(step(own, standing([account('ann', ['pwd'], 900)])), 'sign-in');
  });
});

function requestIn({ destination }: Flow): AuthorizeRequest {
  return destination.kind === 'application' ? destination.request : request;
}

describe('between a password and a session', () => {
  const proof = { userId: 'ann', methods: ['pwd'], atMs: 0 };
  const none = { hasSecondFactor: false, isDemanded: false, mustChangePassword: false };
  const cases: readonly (readonly [string, Partial<typeof none>, string])[] = [
    ['nothing is missing', {}, 'signed-in'],
    ['the second factor that there is', { hasSecondFactor: true }, 'second-factor'],
    ['a second factor that there has to be', { isDemanded: true }, 'register-factor'],
    ['a new password', { mustChangePassword: true }, 'change-password'],
    [
      'the second factor before a new password',
      { hasSecondFactor: true, mustChangePassword: true },
      'second-factor',
    ],
    [
      'a new password before another factor',
      { isDemanded: true, mustChangePassword: true },
      'change-password',
    ],
  ];
  for (const [name, changes, expected] of cases) {
    test(name, () => assert.equal(decideProofStep(proof, { ...none, ...changes }), expected));
  }

  test('who has shown both still changes a one-time password', () => {
    const both = { ...proof, methods: ['pwd', 'mfa'] };
    const there = { ...none, hasSecondFactor: true, mustChangePassword: true };
    assert.equal(decideProofStep(both, there), 'change-password');
  });
});
