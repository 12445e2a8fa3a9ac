// Name constraints (RFC 5280 §4.2.1.10): under which domains and in which networks an authority may
// issue. The authority checks them itself before it signs; verifiers check them again.
//
// X.509 leaves every kind of name free that no constraint mentions: who permits a domain would
// still let any address be certified. Here whoever permits something permits nothing else.

import type { NameConstraints as EncodedConstraints, GeneralName } from '@peculiar/asn1-x509';
import ipaddr from 'ipaddr.js';
import { type AlternativeNames, isAddress, isHostName } from './alternative-names.ts';
import type { Asn1 } from './asn1.ts';
import { parseSubject } from './distinguished-name.ts';
import { X509Error } from './x509-error.ts';

export interface NameConstraints {
  readonly permitted?: ConstrainedNames | undefined;
  readonly excluded?: ConstrainedNames | undefined;
}

export interface ConstrainedNames {
  /** `example.com` stands for itself and everything below it; also for mail hosts and URIs. */
  readonly dnsDomains?: readonly string[] | undefined;
  /** CIDR, IPv4 or IPv6. */
  readonly ipRanges?: readonly string[] | undefined;
}

export interface NamesToCheck extends AlternativeNames {
  readonly subject: string;
}

const COMMON_NAME = '2.5.4.3';
const EMAIL_ADDRESS = '1.2.840.113549.1.9.1';
const CONSTRAINTS_MAX = 100;
/** What a verifier that reads common names could take for a host, `*` anywhere included. */
const HOST_LIKE = /^[a-z0-9_*-]+(?:\.[a-z0-9_*-]+)+\.?$/i;
const EVERY_DOMAIN = '';
const EVERY_RANGE = ['0.0.0.0/0', '::/0'];

/** X509Error `alternativeName` for a domain or range that is not one. */
export function checkNameConstraints({ permitted, excluded }: NameConstraints): void {
  for (const names of [permitted ?? {}, excluded ?? {}]) {
    const { dnsDomains = [], ipRanges = [] } = names;
    const domains = dnsDomains.every((domain) => isHostName(domain) && !domain.startsWith('*'));
    const ranges = ipRanges.every((range) => ipaddr.isValidCIDR(range));
    if (!domains || !ranges || dnsDomains.length + ipRanges.length > CONSTRAINTS_MAX) {
      throw new X509Error('alternativeName', 'name_constraints');
    }
  }
}

/** The first name that is outside; `undefined` if all are within. */
export function violatedConstraint(
  constraints: NameConstraints | undefined,
  names: NamesToCheck,
): string | undefined {
  if (constraints === undefined) return undefined;
  const hosts = hostsOf(names).map(plainHost);
  // A name that some verifiers read as an address is held against the networks as well.
  const addresses = [...(names.ipAddresses ?? []), ...hosts.map(unbracketed).filter(isAddress)];
  const { permitted, excluded } = constraints;
  const isNarrowed = permitsSomething(permitted);
  const outside = (host: string) =>
    (isNarrowed && !isInDomains(host, permitted?.dnsDomains ?? [])) ||
    isInDomains(host, excluded?.dnsDomains ?? []) ||
    coversAny(host, excluded?.dnsDomains ?? []);
  const beyond = (address: string) =>
    (isNarrowed && !isInRanges(address, permitted?.ipRanges ?? [])) ||
    isInRanges(address, excluded?.ipRanges ?? []) ||
    isInRanges(unmapped(address), excluded?.ipRanges ?? []);
  return hosts.find(outside) ?? addresses.find(beyond);
}

export function encodeNameConstraints(
  asn1: Asn1,
  constraints: NameConstraints,
): EncodedConstraints {
  const { x509 } = asn1;
  const { permitted } = constraints;
  const permittedSubtrees = permitted && subtrees(asn1, permitted);
  const excludedSubtrees = subtrees(asn1, excludedNames(constraints));
  return new x509.NameConstraints({
    ...(permittedSubtrees && { permittedSubtrees }),
    ...(excludedSubtrees && { excludedSubtrees }),
  });
}

/** With all names of a kind that is not permitted, where another is. */
function excludedNames({ permitted, excluded }: NameConstraints): ConstrainedNames {
  const { dnsDomains = [], ipRanges = [] } = excluded ?? {};
  if (!permitsSomething(permitted)) return { dnsDomains, ipRanges };
  return {
    dnsDomains: permitted?.dnsDomains?.length ? dnsDomains : [EVERY_DOMAIN],
    ipRanges: permitted?.ipRanges?.length ? ipRanges : EVERY_RANGE,
  };
}

function permitsSomething({ dnsDomains = [], ipRanges = [] }: ConstrainedNames = {}): boolean {
  return dnsDomains.length + ipRanges.length > 0;
}

/** DNS domains and networks, which is what this program writes. */
export function decodeNameConstraints(encoded: EncodedConstraints): NameConstraints {
  const { permittedSubtrees, excludedSubtrees } = encoded;
  return {
    ...(permittedSubtrees && {
      permitted: namesOf([...permittedSubtrees].map(({ base }) => base)),
    }),
    ...(excludedSubtrees && { excluded: namesOf([...excludedSubtrees].map(({ base }) => base)) }),
  };
}

function subtrees({ x509 }: Asn1, { dnsDomains = [], ipRanges = [] }: ConstrainedNames) {
  const bases = [
    ...dnsDomains.map((dNSName) => new x509.GeneralName({ dNSName })),
    // A mail host and a URI's host are constrained by their own kinds.
    ...dnsDomains
      .filter((domain) => domain !== EVERY_DOMAIN)
      .flatMap((domain) =>
        [domain, `.${domain}`].flatMap((host) => [
          new x509.GeneralName({ rfc822Name: host }),
          new x509.GeneralName({ uniformResourceIdentifier: host }),
        ]),
      ),
    ...ipRanges.map((range) => new x509.GeneralName({ iPAddress: range })),
  ];
  if (bases.length === 0) return undefined;
  return new x509.GeneralSubtrees(bases.map((base) => new x509.GeneralSubtree({ base })));
}

function namesOf(bases: readonly GeneralName[]): ConstrainedNames {
  const dnsDomains = bases.flatMap(({ dNSName }) => dNSName?.replace(/^\./, '') ?? []);
  const ipRanges = bases.flatMap(({ iPAddress }) => iPAddress ?? []);
  return {
    ...(dnsDomains.length > 0 && { dnsDomains }),
    ...(ipRanges.length > 0 && { ipRanges }),
  };
}

/**
 * Every host that the names stand for. A common name counts, as some verifiers read it, if it could
 * be a host.
 */
function hostsOf({ subject, dnsNames = [], emails = [], upns = [], uris = [] }: NamesToCheck) {
  const attributes = parseSubject(subject).flat();
  const common = attributes.filter(({ oid }) => oid === COMMON_NAME).map(({ value }) => value);
  const mails = attributes.filter(({ oid }) => oid === EMAIL_ADDRESS).map(({ value }) => value);
  return [
    ...dnsNames,
    ...common.filter((value) => HOST_LIKE.test(value)),
    ...[...emails, ...upns, ...mails].map((name) => name.slice(name.lastIndexOf('@') + 1)),
    ...uris.map((uri) => new URL(uri).hostname),
  ];
}

/** As every verifier would understand it: letters of one case, no dot behind the end. */
function plainHost(host: string): string {
  return host.toLowerCase().replace(/\.+$/, '');
}

function unbracketed(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

/** `::ffff:10.0.0.1` is 10.0.0.1 as well. */
function unmapped(address: string): string {
  return ipaddr.process(address).toString();
}

function isInDomains(name: string, domains: readonly string[]): boolean {
  return domains.some((domain) => {
    const above = domain.toLowerCase();
    return name === above || name.endsWith(`.${above}`);
  });
}

/** Whether a name with `*` stands for the first of a domain's names. */
function coversAny(name: string, domains: readonly string[]): boolean {
  const [first = '', ...rest] = name.split('.');
  if (!first.includes('*')) return false;
  // `w*` stands for `www` with some verifiers.
  const [start = '', end = ''] = [first.slice(0, first.indexOf('*')), first.split('*').at(-1)];
  return domains.some((domain) => {
    const [label = '', ...above] = domain.toLowerCase().split('.');
    const fits = label.startsWith(start) && label.endsWith(end);
    return fits && above.join('.') === rest.join('.');
  });
}

function isInRanges(address: string, ranges: readonly string[]): boolean {
  const parsed = ipaddr.parse(address);
  return ranges.some((range) => {
    const [network, bits] = ipaddr.parseCIDR(range);
    return network.kind() === parsed.kind() && parsed.match([network, bits]);
  });
}
