import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  clientNetwork,
  isInRange,
  overlaps,
  parseClientAddress,
  parseIpv4Range,
  renderIpv4Range,
} from './address.ts';

const octet = fc.integer({ min: 0, max: 255 });
const octets = fc.tuple(octet, octet, octet, octet);
const dotted = octets.map((each) => each.join('.'));
const prefix = fc.integer({ min: 0, max: 32 });

describe('client addresses', () => {
  it('reads an IPv4 address', () => {
    const address = parseClientAddress('203.0.113.9');
    assert.deepEqual(address, { family: 'ipv4', text: '203.0.113.9', value: 0xcb007109 });
  });

  it('reads an IPv4-mapped IPv6 address as the IPv4 address in it, however spelt', () => {
    fc.assert(
      fc.property(octets, ([a, b, c, d]) => {
        const plain = parseClientAddress(`${a}.${b}.${c}.${d}`);
        const high = ((a << 8) | b).toString(16);
        const low = ((c << 8) | d).toString(16);
        for (const text of [
          `::ffff:${a}.${b}.${c}.${d}`,
          `::FFFF:${a}.${b}.${c}.${d}`,
          `0:0:0:0:0:ffff:${a}.${b}.${c}.${d}`,
          `::ffff:${high}:${low}`,
          `0:0:0:0:0:ffff:${high}:${low}`,
        ]) {
          assert.deepEqual(parseClientAddress(text), plain, text);
        }
      }),
    );
  });

  it('takes no other IPv6 address for IPv4, whatever four numbers it ends in', () => {
    for (const text of [
      '::1.2.3.4',
      '::102:304',
      '64:ff9b::1.2.3.4',
      '::ffff:0:1.2.3.4',
      '2002:102:304::',
      '::1',
      'fe80::1%eth0',
    ]) {
      assert.equal(parseClientAddress(text)?.family, 'ipv6', text);
    }
  });

  it('refuses what is no address', () => {
    for (const text of ['', ' ', '1.2.3', '1.2.3.4.5', '256.1.1.1', '010.1.1.1', '0x7f.1.1.1']) {
      assert.equal(parseClientAddress(text), undefined, text);
    }
    for (const text of ['1.2.3.4, 5.6.7.8', 'localhost', '::g', '1.2.3.4/32', '2130706433']) {
      assert.equal(parseClientAddress(text), undefined, text);
    }
  });
});

describe('IPv4 ranges', () => {
  it('are stored in CIDR form with the bits beyond the prefix cleared', () => {
    const render = (text: string) => {
      const range = parseIpv4Range(text);
      return range && renderIpv4Range(range);
    };
    assert.equal(render('203.0.113.9'), '203.0.113.9/32');
    assert.equal(render('203.0.113.9/24'), '203.0.113.0/24');
    assert.equal(render('255.255.255.255/0'), '0.0.0.0/0');
    assert.equal(render('128.0.0.1/1'), '128.0.0.0/1');
  });

  it('rendering and reading again changes nothing', () => {
    fc.assert(
      fc.property(dotted, prefix, (address, length) => {
        const range = parseIpv4Range(`${address}/${length}`);
        assert.ok(range);
        assert.deepEqual(parseIpv4Range(renderIpv4Range(range)), range);
      }),
    );
  });

  it('contain an address exactly if the leading bits agree', () => {
    fc.assert(
      fc.property(octets, octets, prefix, (network, client, length) => {
        const range = parseIpv4Range(`${network.join('.')}/${length}`);
        const address = parseClientAddress(client.join('.'));
        assert.ok(range && address);
        assert.equal(
          isInRange(address, range),
          bits(network).slice(0, length) === bits(client).slice(0, length),
        );
      }),
    );
  });

  it('overlap exactly if one holds the first address of the other', () => {
    fc.assert(
      fc.property(dotted, prefix, dotted, prefix, (a, aLength, b, bLength) => {
        const [first, second] = [
          parseIpv4Range(`${a}/${aLength}`),
          parseIpv4Range(`${b}/${bLength}`),
        ];
        assert.ok(first && second);
        const holds = (range: typeof first, other: typeof first) =>
          isInRange({ family: 'ipv4', text: '', value: other.value }, range);
        assert.equal(overlaps(first, second), holds(first, second) || holds(second, first));
      }),
    );
  });

  it('refuse IPv6, octal, short and padded spellings and prefixes past 32', () => {
    for (const text of ['::/0', '2001:db8::/32', '1.2.3/24', '01.2.3.4', '1.2.3.4/33']) {
      assert.equal(parseIpv4Range(text), undefined, text);
    }
    for (const text of [
      '1.2.3.4/',
      '1.2.3.4/-1',
      ' 1.2.3.4',
      '1.2.3.4/8/8',
      '1.2.3.4/٨',
      '*',
      '',
    ]) {
      assert.equal(parseIpv4Range(text), undefined, text);
    }
  });
});

function bits(octetsOfAddress: readonly number[]): string {
  return octetsOfAddress.map((each) => each.toString(2).padStart(8, '0')).join('');
}

it('tries are counted by IPv4 address and by IPv6 /64', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2:ffff::1%eth0', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['passkeys from nowhere', 'passkeys from nowhere'],
  ];
  for (const [address, network] of cases) assert.equal(clientNetwork(address), network, address);
});
