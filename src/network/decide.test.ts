import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decideNetwork, type NetworkRequest } from './decide.ts';

type Rules = NonNullable<NetworkRequest['rules']>;

const SUBNET =
  '/subscriptions/s/resourcegroups/rg/providers/microsoft.network/virtualnetworks/net/subnets/a';

function rules(changes: Partial<Rules> = {}): Rules {
  return {
    bypass: 'AzureServices',
    defaultAction: 'Deny',
    ipRules: [{ value: '203.0.113.0/24' }],
    virtualNetworkRules: [{ id: SUBNET }],
    ...changes,
  };
}

function request(changes: Partial<NetworkRequest> = {}): NetworkRequest {
  return {
    rules: rules(),
    publicNetworkAccess: undefined,
    clientAddress: '198.51.100.1',
    trustedService: false,
    privateLink: false,
    ...changes,
  };
}

describe('the firewall of a vault', () => {
  it('admits everyone where no rules were ever set', () => {
    const verdict = decideNetwork(request({ rules: undefined }));
    assert.deepEqual(verdict, { admitted: true, by: 'noRules' });
  });

  it('admits everyone where the default action is Allow', () => {
    const verdict = decideNetwork(request({ rules: rules({ defaultAction: 'Allow' }) }));
    assert.deepEqual(verdict, { admitted: true, by: 'defaultAction' });
  });

  it('refuses a client that no rule names, and says which address it saw', () => {
    assert.deepEqual(decideNetwork(request()), {
      admitted: false,
      reason: 'firewall',
      clientAddress: '198.51.100.1',
      bypass: 'AzureServices',
    });
  });

  it('admits a client in an allowed range and names the rule', () => {
    const verdict = decideNetwork(request({ clientAddress: '203.0.113.200' }));
    assert.deepEqual(verdict, { admitted: true, by: 'ipRule', rule: '203.0.113.0/24' });
  });

  it('treats an IPv4-mapped IPv6 client as IPv4, when admitting and when naming it', () => {
    const admitted = decideNetwork(request({ clientAddress: '::ffff:203.0.113.200' }));
    assert.equal(admitted.admitted, true);
    const refused = decideNetwork(request({ clientAddress: '::ffff:198.51.100.1' }));
    assert.ok(!refused.admitted);
    assert.equal(refused.clientAddress, '198.51.100.1');
  });

  it('never lets an IPv6 client in by an IPv4 rule, not even by 0.0.0.0/0', () => {
    const all = rules({ ipRules: [{ value: '0.0.0.0/0' }] });
    const hextets = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(hextets, (parts) => {
        fc.pre(parts.slice(0, 5).some((part) => part !== 0) || parts[5] !== 0xffff);
        const clientAddress = parts.map((part) => part.toString(16)).join(':');
        assert.equal(decideNetwork(request({ rules: all, clientAddress })).admitted, false);
      }),
    );
  });

  it('ignores a stored rule that is no range instead of letting it match', () => {
    const broken = rules({
      ipRules: [{ value: '' }, { value: '*' }, { value: '198.51.100.1/99' }],
    });
    assert.equal(decideNetwork(request({ rules: broken })).admitted, false);
  });

  it('refuses a client whose address cannot be read', () => {
    for (const clientAddress of ['', 'unknown', '203.0.113.1, 198.51.100.1']) {
      assert.equal(decideNetwork(request({ clientAddress })).admitted, false);
    }
  });

  it('admits an allowed subnet, whatever the case of its id, and no other', () => {
    const inSubnet = decideNetwork(request({ subnetId: SUBNET.toUpperCase() }));
    assert.deepEqual(inSubnet, { admitted: true, by: 'virtualNetworkRule', rule: SUBNET });
    assert.equal(decideNetwork(request({ subnetId: `${SUBNET}b` })).admitted, false);
  });

  it('matches no subnet rule where the subnet is not known', () => {
    assert.equal(decideNetwork(request({ clientAddress: '198.51.100.1' })).admitted, false);
  });

  it('admits a trusted service only where bypass says so', () => {
    const trusted = decideNetwork(request({ trustedService: true }));
    assert.deepEqual(trusted, { admitted: true, by: 'trustedService' });
    const none = rules({ bypass: 'None' });
    assert.equal(decideNetwork(request({ trustedService: true, rules: none })).admitted, false);
  });
});

describe('public network access', () => {
  it('disabled closes the vault to allowed addresses and default Allow alike', () => {
    for (const given of [rules(), rules({ defaultAction: 'Allow' }), undefined]) {
      const verdict = decideNetwork(
        request({ rules: given, publicNetworkAccess: 'Disabled', clientAddress: '203.0.113.1' }),
      );
      assert.ok(!verdict.admitted);
      assert.equal(verdict.reason, 'publicAccessDisabled');
    }
  });

  it('disabled still admits trusted services where bypass allows them', () => {
    const asked = { publicNetworkAccess: 'disabled', trustedService: true };
    assert.equal(decideNetwork(request(asked)).admitted, true);
    const none = rules({ bypass: 'None' });
    assert.equal(decideNetwork(request({ ...asked, rules: none })).admitted, false);
  });

  it('secured by perimeter ignores bypass and rules', () => {
    const verdict = decideNetwork(
      request({
        publicNetworkAccess: 'SecuredByPerimeter',
        trustedService: true,
        clientAddress: '203.0.113.1',
      }),
    );
    assert.ok(!verdict.admitted);
    assert.equal(verdict.reason, 'publicAccessDisabled');
  });

  it('with a value nobody knows is closed', () => {
    const verdict = decideNetwork(request({ rules: undefined, publicNetworkAccess: 'maybe' }));
    assert.equal(verdict.admitted, false);
  });

  it('never stands in the way of an approved private link', () => {
    for (const publicNetworkAccess of ['Disabled', 'SecuredByPerimeter', 'Enabled', undefined]) {
      const verdict = decideNetwork(request({ privateLink: true, publicNetworkAccess }));
      assert.deepEqual(verdict, { admitted: true, by: 'privateLink' });
    }
  });
});

/** The steps of network-security.md in their order, without a look at addresses as numbers. */
function isAdmitted(asked: NetworkRequest): boolean {
  const bypass = asked.rules?.bypass ?? 'AzureServices';
  const trusted = asked.trustedService && bypass === 'AzureServices';
  const access = asked.publicNetworkAccess?.toLowerCase() ?? '';
  if (asked.privateLink) return true;
  if (access === 'securedbyperimeter') return false;
  if (access !== '' && access !== 'enabled') return trusted;
  if (asked.rules === undefined || trusted || asked.rules.defaultAction === 'Allow') return true;
  const allowed = asked.clientAddress.startsWith('203.0.113.') && asked.rules.ipRules.length > 0;
  return allowed || (asked.subnetId === SUBNET && asked.rules.virtualNetworkRules.length > 0);
}

it('any mixture of rules, access, caller and way in is decided in Azure’s order', () => {
  const given: fc.Arbitrary<Rules> = fc.record({
    bypass: fc.constantFrom('AzureServices', 'None'),
    defaultAction: fc.constantFrom('Allow', 'Deny'),
    ipRules: fc.constantFrom([], rules().ipRules),
    virtualNetworkRules: fc.constantFrom([], rules().virtualNetworkRules),
  });
  const access = [undefined, '', 'Enabled', 'DISABLED', 'Disabled', 'SecuredByPerimeter', 'x'];
  const asked = fc.record({
    rules: fc.option(given, { nil: undefined, freq: 6 }),
    publicNetworkAccess: fc.constantFrom(...access),
    clientAddress: fc.constantFrom('203.0.113.9', '198.51.100.1', '2001:db8::1'),
    trustedService: fc.boolean(),
    privateLink: fc.boolean(),
    subnetId: fc.constantFrom(SUBNET, `${SUBNET}b`, ''),
  });
  fc.assert(
    fc.property(asked, (one) => {
      assert.equal(decideNetwork(one).admitted, isAdmitted(one));
    }),
    { numRuns: 3000 },
  );
});

it('a refusal says whether a trusted service would have been let in', () => {
  const bypassOf = (changes: Partial<NetworkRequest>) => {
    const verdict = decideNetwork(request(changes));
    return verdict.admitted ? 'admitted' : `${verdict.reason} ${verdict.bypass}`;
  };
  const none = rules({ bypass: 'None' });
  assert.equal(bypassOf({}), 'firewall AzureServices');
  assert.equal(bypassOf({ rules: none }), 'firewall None');
  const closed = { publicNetworkAccess: 'Disabled' };
  assert.equal(bypassOf({ ...closed, rules: undefined }), 'publicAccessDisabled AzureServices');
  assert.equal(bypassOf({ ...closed, rules: none }), 'publicAccessDisabled None');
  const perimeter = { publicNetworkAccess: 'SecuredByPerimeter' };
  assert.equal(bypassOf({ ...perimeter, rules: undefined }), 'publicAccessDisabled None');
});

it('a subnet rule in other letters, as no request stores it, is still that subnet', () => {
  const upper = rules({ virtualNetworkRules: [{ id: SUBNET.toUpperCase() }] });
  assert.equal(decideNetwork(request({ rules: upper, subnetId: SUBNET })).admitted, true);
});
