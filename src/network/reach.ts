// Which addresses this server connects to when it is callers who say where: an allow-list, so what
// has no name here is not asked. Link-local addresses, behind which clouds hand out credentials to
// whoever asks, are never reached.
import ipaddr from 'ipaddr.js';
import { parseClientAddress } from './address.ts';

export type Reach = 'public' | 'private' | 'loopback';

/** By the names that ipaddr.js gives ranges; each reach has those of the ones before. */
const RANGES: Readonly<Record<Reach, readonly string[]>> = {
  public: ['unicast'],
  private: ['unicast', 'private', 'uniqueLocal'],
  loopback: ['unicast', 'private', 'uniqueLocal', 'loopback'],
};

/** Metadata services of clouds that stand outside of the link-local ranges. */
const METADATA: ReadonlySet<string> = new Set([
  '168.63.129.16',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd20:ce::254',
]);
/** All that is routed; loopback and unique local addresses are told apart by their range. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/** `false` also for what is no address. An IPv4 address within an IPv6 one counts as itself. */
export function decideReach(address: string, reach: Reach): boolean {
  const plain = address.includes('%') ? undefined : parseClientAddress(address);
  if (plain === undefined) return false;
  const parsed = ipaddr.parse(plain.text);
  const range = parsed.range();
  if (METADATA.has(parsed.toString()) || !RANGES[reach].includes(range)) return false;
  // What ipaddr.js knows no name for, such as IPv4 in the last 32 bits, is unicast to it.
  return parsed.kind() === 'ipv4' || range !== 'unicast' || parsed.match(GLOBAL_UNICAST);
}

/** Is it an address, and no name that has to be resolved? */
export function isAddress(host: string): boolean {
  return parseClientAddress(host) !== undefined;
}
