// Subject alternative names: what a policy lists, checked and encoded, and read back from a
// certificate or request. A name that a verifier could read in two ways is refused.
import type { GeneralName } from '@peculiar/asn1-x509';
import ipaddr from 'ipaddr.js';
import { type Asn1, exactBuffer, parsePart, toDer } from './asn1.ts';
import { X509Error } from './x509-error.ts';

export interface AlternativeNames {
  /** The first label may be `*`. */
  readonly dnsNames?: readonly string[] | undefined;
  readonly emails?: readonly string[] | undefined;
  /** User principal names, as Windows logon looks for them. */
  readonly upns?: readonly string[] | undefined;
  readonly uris?: readonly string[] | undefined;
  readonly ipAddresses?: readonly string[] | undefined;
}

export const ALTERNATIVE_NAMES_MAX = 100;
const UPN_OID = '1.3.6.1.4.1.311.20.2.3';
const HOST_NAME_CHARS_MAX = 253;
const NAME_CHARS_MAX = 1024;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?$/i;
const EMAIL = /^[!-?A-~]{1,64}@([^@]+)$/;
const URI = /^[a-z][a-z0-9+.-]*:[!-~]+$/i;

/** How many there are. X509Error `alternativeName`, `tooManyNames`. */
export function checkAlternativeNames(names: AlternativeNames): number {
  const { dnsNames = [], emails = [], upns = [], uris = [], ipAddresses = [] } = names;
  check('dns_names', dnsNames, isHostName);
  check('emails', emails, isEmail);
  check(
    'upns',
    upns,
    (upn) => upn.length <= NAME_CHARS_MAX && /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(upn),
  );
  check('uris', uris, isUri);
  check('ip_addresses', ipAddresses, isAddress);
  const count = [dnsNames, emails, upns, uris, ipAddresses].flat().length;
  if (count > ALTERNATIVE_NAMES_MAX) throw new X509Error('tooManyNames', String(count));
  return count;
}

/** A DNS name that a certificate can carry: ASCII labels, the first perhaps `*`. */
export function isHostName(name: string): boolean {
  const [first = '', ...rest] = name.split('.');
  const labels = first === '*' && rest.length > 0 ? rest : [first, ...rest];
  return name.length <= HOST_NAME_CHARS_MAX && labels.every((label) => LABEL.test(label));
}

/** Four decimal parts, or IPv6 without a zone. Octal, hexadecimal and short forms are refused. */
export function isAddress(address: string): boolean {
  if (address.includes(':')) return ipaddr.IPv6.isValid(address) && !address.includes('%');
  return ipaddr.IPv4.isValidFourPartDecimal(address);
}

export function encodeAlternativeNames(asn1: Asn1, names: AlternativeNames): GeneralName[] {
  const { GeneralName } = asn1.x509;
  const { dnsNames = [], emails = [], upns = [], uris = [], ipAddresses = [] } = names;
  return [
    ...dnsNames.map((dNSName) => new GeneralName({ dNSName })),
    ...emails.map((rfc822Name) => new GeneralName({ rfc822Name })),
    ...upns.map((upn) => new GeneralName({ otherName: encodeUpn(asn1, upn) })),
    ...uris.map((uniformResourceIdentifier) => new GeneralName({ uniformResourceIdentifier })),
    // Eight groups: the library misreads an IPv6 address that ends in dotted decimals.
    ...ipAddresses.map(
      (text) => new GeneralName({ iPAddress: ipaddr.parse(text).toNormalizedString() }),
    ),
  ];
}

/** Names of other kinds are left out. */
export function decodeAlternativeNames(asn1: Asn1, names: Iterable<GeneralName>) {
  const found = { dnsNames: [''], emails: [''], upns: [''], uris: [''], ipAddresses: [''] };
  for (const list of Object.values(found)) list.pop();
  for (const name of names) {
    if (name.dNSName !== undefined) found.dnsNames.push(name.dNSName);
    if (name.rfc822Name !== undefined) found.emails.push(name.rfc822Name);
    if (name.uniformResourceIdentifier !== undefined)
      found.uris.push(name.uniformResourceIdentifier);
    if (name.iPAddress !== undefined && ipaddr.isValid(name.iPAddress)) {
      found.ipAddresses.push(ipaddr.parse(name.iPAddress).toString());
    }
    if (name.otherName?.typeId === UPN_OID) found.upns.push(decodeUpn(asn1, name.otherName.value));
  }
  return found satisfies AlternativeNames;
}

function check(kind: string, values: readonly string[], isValid: (value: string) => boolean): void {
  if (!values.every(isValid)) throw new X509Error('alternativeName', kind);
}

function isEmail(email: string): boolean {
  const domain = EMAIL.exec(email)?.[1];
  return domain !== undefined && !domain.startsWith('*') && isHostName(domain);
}

function isUri(uri: string): boolean {
  return uri.length <= NAME_CHARS_MAX && URI.test(uri) && URL.canParse(uri);
}

function encodeUpn(asn1: Asn1, upn: string) {
  const value = new asn1.x509.DirectoryString({ utf8String: upn });
  return new asn1.x509.OtherName({ typeId: UPN_OID, value: exactBuffer(toDer(asn1, value)) });
}

function decodeUpn(asn1: Asn1, value: ArrayBuffer): string {
  const bytes = Buffer.from(value);
  // The library hands on the explicit tag around the string, or not, as it read or made it.
  const inner = bytes[0] === 0xa0 ? bytes.subarray(2) : bytes;
  return parsePart(asn1, inner, asn1.x509.DirectoryString).toString();
}
