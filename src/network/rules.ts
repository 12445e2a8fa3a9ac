// The rules of `networkAcls`, as they are accepted from callers and as they are stored. Azure's
// rules: public IPv4 only, single addresses kept with `/32`, subnet ids in lower case.
import { type Ipv4Range, overlaps, parseIpv4Range, renderIpv4Range } from './address.ts';

export const networkRuleLimits = { ipRulesMax: 1000, virtualNetworkRulesMax: 200 } as const;

export type IpRule =
  | { readonly valid: true; readonly value: string }
  | { readonly valid: false; readonly reason: 'notIpv4' | 'privateAddress' };

// RFC 1918: no client on the public side of a vault has such an address.
const PRIVATE_RANGES: readonly Ipv4Range[] = [
  { value: 0x0a00_0000, prefixLength: 8 },
  { value: 0xac10_0000, prefixLength: 12 },
  { value: 0xc0a8_0000, prefixLength: 16 },
];

// A template: `*` is one name.
const SUBNET_ID =
  '/subscriptions/*/resourcegroups/*/providers/microsoft.network/virtualnetworks/*/subnets/*';

/** An IP rule as a caller wrote it → the form it is stored in, or why it is refused. */
export function parseIpRule(text: string): IpRule {
  const range = parseIpv4Range(text);
  if (range === undefined) return { valid: false, reason: 'notIpv4' };
  if (PRIVATE_RANGES.some((refused) => isWithin(range, refused))) {
    return { valid: false, reason: 'privateAddress' };
  }
  return { valid: true, value: renderIpv4Range(range) };
}

/** Resource id of a subnet, lower-case as Azure stores it; `undefined` if it is none. */
export function parseSubnetId(text: string): string | undefined {
  const id = text.toLowerCase();
  const names = id.split('/');
  const template = SUBNET_ID.split('/');
  const fits = template.every((part, index) =>
    part === '*' ? names[index] !== '' : names[index] === part,
  );
  return fits && names.length === template.length ? id : undefined;
}

function isWithin(inner: Ipv4Range, outer: Ipv4Range): boolean {
  return inner.prefixLength >= outer.prefixLength && overlaps(inner, outer);
}
