// Client addresses and IPv4 ranges, read strictly. An IPv4-mapped IPv6 address is the IPv4 address
// it carries: which family a dual-stack socket reports must not change what a rule lets in.
import ipaddr from 'ipaddr.js';

/** A client's address as the rules compare it. */
export type ClientAddress =
  | { readonly family: 'ipv4'; readonly text: string; readonly value: number }
  | { readonly family: 'ipv6'; readonly text: string };

/** An IPv4 network; `value` has no bits set beyond the prefix. */
export interface Ipv4Range {
  readonly value: number;
  readonly prefixLength: number;
}

const CIDR = /^(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?:\/(\d{1,2}))?$/;
const IPV4_BITS = 32;

/** `undefined` for what is no address; a zone (`fe80::1%eth0`) is dropped. */
export function parseClientAddress(text: string): ClientAddress | undefined {
  const [withoutZone = ''] = text.split('%');
  if (ipaddr.IPv4.isValidFourPartDecimal(withoutZone)) return ipv4(withoutZone);
  const groups = withoutDottedTail(withoutZone);
  if (!ipaddr.IPv6.isValid(groups)) return undefined;
  const address = ipaddr.IPv6.parse(groups);
  if (address.isIPv4MappedAddress()) return ipv4(address.toIPv4Address().toString());
  return { family: 'ipv6', text: address.toString() };
}

/**
 * Who to count tries by: an IPv4 address, and of an IPv6 address the /64, which is what a customer
 * gets and in which he has as many addresses as he likes. What is no address stands for itself.
 */
export function clientNetwork(text: string): string {
  const address = parseClientAddress(text);
  if (address === undefined) return text;
  if (address.family === 'ipv4') return address.text;
  const { parts } = ipaddr.IPv6.parse(address.text);
  return `${parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}

/**
 * A single IPv4 address or a CIDR range. `undefined` for IPv6, for short or octal spellings and for
 * a prefix length past 32. Bits beyond the prefix are cleared: `203.0.113.9/24` is
 * `203.0.113.0/24`.
 */
export function parseIpv4Range(text: string): Ipv4Range | undefined {
  const [, address = '', prefix = String(IPV4_BITS)] = CIDR.exec(text) ?? [];
  const prefixLength = Number(prefix);
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) || prefixLength > IPV4_BITS) return undefined;
  return { value: masked(numberOf(address), prefixLength), prefixLength };
}

/** CIDR form, the way Azure stores it: a single address has `/32`. */
export function renderIpv4Range({ value, prefixLength }: Ipv4Range): string {
  const octets = [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff);
  return `${octets.join('.')}/${prefixLength}`;
}

export function isInRange(address: ClientAddress, range: Ipv4Range): boolean {
  return address.family === 'ipv4' && masked(address.value, range.prefixLength) === range.value;
}

export function overlaps(a: Ipv4Range, b: Ipv4Range): boolean {
  const prefixLength = Math.min(a.prefixLength, b.prefixLength);
  return masked(a.value, prefixLength) === masked(b.value, prefixLength);
}

/**
 * ipaddr.js takes `::192.0.2.1`, which is IPv6, for an IPv4-mapped address; `::c000:201` it does
 * not.
 */
function withoutDottedTail(text: string): string {
  const tailAt = text.lastIndexOf(':') + 1;
  const tail = text.slice(tailAt);
  if (tailAt === 0 || !ipaddr.IPv4.isValidFourPartDecimal(tail)) return text;
  const value = numberOf(tail);
  return `${text.slice(0, tailAt)}${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
}

function ipv4(text: string): ClientAddress {
  return { family: 'ipv4', text, value: numberOf(text) };
}

function numberOf(text: string): number {
  return text.split('.').reduce((value, octet) => value * 256 + Number(octet), 0) >>> 0;
}

function masked(value: number, prefixLength: number): number {
  // A shift by 32 would be a shift by 0.
  return prefixLength === 0 ? 0 : (value & (0xffffffff << (IPV4_BITS - prefixLength))) >>> 0;
}
