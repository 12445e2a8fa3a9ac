// Certificates that the authority issued: from a request, once per request id, and only what can
// do no harm in its issuer's name; listed, and revoked.
import { createHash } from 'node:crypto';
import {
  type CertificateProfile,
  type CertificateRequest,
  issueCertificate,
  parseCertificateRequest,
  type RevocationReason,
  readCertificate,
  violatedConstraint,
  X509Error,
} from '#cryptography';
import type { Reader, View } from '#storage';
import {
  type AuthorityContext,
  addressesOf,
  CLOCK_SKEW_MS,
  listAuthorities,
  loadAuthority,
  loadSettings,
  openAuthority,
} from './authorities.ts';
import { AuthorityError } from './authority-error.ts';
import {
  type AuthorityRecord,
  type IssuedCertificate,
  paths,
  type RequestRecord,
  type RevocationListRecord,
  type RevokedEntry,
} from './records.ts';

export interface IssueOrder {
  readonly requestId: string;
  /** PKCS#10, DER. */
  readonly csr: Uint8Array;
  readonly validityMonths: number;
}

/** Whoever holds one of these could say what is revoked in the authority's name. */
const RESERVED_USES: ReadonlySet<string> = new Set(['1.3.6.1.5.5.7.3.9']);
const VALIDITY_MONTHS_MAX = 1200;
const SERIAL_NUMBER = /^[0-9a-f]{2,40}$/;

/**
 * The leaf and its issuers up to the root, DER. The same again for a request that was issued
 * already. AuthorityError `missing`, `refused`.
 */
export async function issueOnce(
  view: View,
  order: IssueOrder,
  context: AuthorityContext,
): Promise<readonly Buffer[]> {
  const { active } = await loadSettings(view);
  const digest = createHash('sha256').update(order.csr).digest('base64url');
  const requestPath = paths.request(
    createHash('sha256').update(order.requestId).digest('base64url'),
  );
  const before = await view.get<RequestRecord>(requestPath);
  if (before !== undefined) return await issuedBefore(view, before, digest);
  const issuer = await loadAuthority(view, active);
  const issued = await sign(order, issuer, context);
  const first = await view.transact(async (transaction) => {
    const other = await transaction.get<RequestRecord>(requestPath);
    if (other !== undefined) return other;
    const path = paths.issuedOne(issued.serialNumber);
    if ((await transaction.get(path)) !== undefined) throw new Error('a serial number twice');
    const { revocation } = await loadAuthority(transaction, issuer.name);
    // A passing failure: the next try is signed by the next one.
    if (revocation !== undefined) throw new Error('the issuer was revoked while it signed');
    const record: RequestRecord = { serialNumber: issued.serialNumber, digest };
    transaction.put(path, issued);
    transaction.put(requestPath, record);
    return record;
  });
  return await issuedBefore(view, first, digest);
}

export async function findIssued(
  reader: Reader,
  serialNumber: string,
): Promise<IssuedCertificate | undefined> {
  const serial = serialNumber.toLowerCase();
  if (!SERIAL_NUMBER.test(serial)) return undefined;
  return await reader.get<IssuedCertificate>(paths.issuedOne(serial));
}

/** By serial number, which is no order in time. */
export async function listIssued(
  reader: Reader,
  page: { readonly after?: string; readonly limit: number },
): Promise<readonly IssuedCertificate[]> {
  const after = page.after === undefined ? {} : { after: paths.issuedOne(page.after) };
  const range = { prefix: paths.issued, limit: page.limit, ...after };
  return (await reader.scan<IssuedCertificate>(range)).map(({ value }) => value);
}

/**
 * Final; the first revocation and its reason stand. AuthorityError `notFound`. The next revocation
 * list and OCSP answer say so.
 */
export async function revoke(
  view: View,
  { serialNumber, reason }: { readonly serialNumber: string; readonly reason: RevocationReason },
  context: AuthorityContext,
): Promise<IssuedCertificate> {
  return await view.transact(async (transaction) => {
    const issued = await findIssued(transaction, serialNumber);
    if (issued === undefined) throw new AuthorityError('notFound');
    if (issued.revocation !== undefined) return issued;
    const revocation = { revokedAtMs: context.clock.now(), reason };
    const revoked: IssuedCertificate = { ...issued, revocation };
    transaction.put(paths.issuedOne(issued.serialNumber), revoked);
    transaction.put<RevokedEntry>(paths.revokedOne(issued.authority, issued.serialNumber), {
      ...revocation,
      notAfterMs: issued.notAfterMs,
    });
    const listPath = paths.revocationList(issued.authority);
    const list = await transaction.get<RevocationListRecord>(listPath);
    if (list !== undefined) transaction.put(listPath, { ...list, isStale: true });
    return revoked;
  });
}

async function issuedBefore(
  reader: Reader,
  request: RequestRecord,
  digest: string,
): Promise<readonly Buffer[]> {
  const issued = await findIssued(reader, request.serialNumber);
  if (issued === undefined || request.digest !== digest) {
    throw new AuthorityError('refused', 'The request id was used for another request.');
  }
  const authorities = await listAuthorities(reader);
  const isUntrusted = authorities.some(
    ({ name, revocation }) => name === issued.authority && revocation !== undefined,
  );
  if (isUntrusted) throw new AuthorityError('refused', 'The authority that issued it was revoked.');
  const chain = authorities.filter(
    ({ name, kind }) => kind === 'root' || name === issued.authority,
  );
  return [issued, ...chain.reverse()].map(({ certificate }) => Buffer.from(certificate, 'base64'));
}

async function sign(
  order: IssueOrder,
  issuer: AuthorityRecord,
  context: AuthorityContext,
): Promise<IssuedCertificate> {
  const nowMs = context.clock.now();
  try {
    const request = await parseCertificateRequest(order.csr);
    const certificate = await issueCertificate({
      profile: leafProfile(request, issuer, context),
      spki: request.spki,
      authority: openAuthority(issuer),
      notBeforeMs: Math.max(nowMs - CLOCK_SKEW_MS, issuer.notBeforeMs),
      // Never beyond the issuer's own end.
      notAfterMs: Math.min(addMonths(nowMs, order.validityMonths), issuer.notAfterMs),
      addresses: addressesOf(issuer.name, context),
    });
    const { subject, serialNumber, notBeforeMs, notAfterMs } = await readCertificate(certificate);
    return {
      ...{ subject, serialNumber, notBeforeMs, notAfterMs },
      authority: issuer.name,
      issuedAtMs: nowMs,
      certificate: certificate.toString('base64'),
    };
  } catch (cause) {
    if (!(cause instanceof X509Error)) throw cause;
    throw new AuthorityError('refused', `The request cannot be issued: ${flawOf(cause)}.`, {
      cause,
    });
  }
}

function flawOf({ code, subject }: X509Error): string {
  if (code !== 'issuer') return `${code} ${subject}`;
  const [, outside] = /^nameConstraints (.*)$/.exec(subject) ?? [];
  return outside === undefined
    ? subject
    : `the authority's name constraints do not permit ${outside}`;
}

/** What the request asks for, without what would let its owner speak for the authority. */
function leafProfile(
  request: CertificateRequest,
  issuer: AuthorityRecord,
  context: AuthorityContext,
): CertificateProfile {
  const { subject, alternativeNames, extendedKeyUsages, basicConstraints } = request;
  // Verifiers compare names without regard to case.
  if (subject.toLowerCase() === issuer.subject.toLowerCase()) {
    throw new X509Error('issuer', 'its own name');
  }
  if (basicConstraints?.isAuthority === true) throw new X509Error('issuer', 'pathLength');
  const reserved = extendedKeyUsages.find((oid) => RESERVED_USES.has(oid));
  if (reserved !== undefined) throw new X509Error('issuer', `extended key usage ${reserved}`);
  const excluded = { dnsDomains: ownHosts(context) };
  const own = violatedConstraint({ excluded }, { ...alternativeNames, subject });
  if (own !== undefined) throw new X509Error('issuer', `${own} is a name of this service`);
  const keyUsages = request.keyUsages.filter(
    (usage) => usage !== 'cRLSign' && usage !== 'keyCertSign',
  );
  return { subject, alternativeNames, extendedKeyUsages, keyUsages };
}

/** Where people sign in and vaults answer: no user of a vault is to be taken for these. */
function ownHosts({ address }: AuthorityContext): readonly string[] {
  const domain = new URL(address).hostname.replace(/^pki\./, '');
  return ['login', 'management', 'graph', 'portal', 'pki', 'vault'].map(
    (host) => `${host}.${domain}`,
  );
}

/** The same day and time so many months later, or the month's last. */
function addMonths(ms: number, months: number): number {
  if (!Number.isInteger(months) || months < 1 || months > VALIDITY_MONTHS_MAX) {
    throw new X509Error('validity', 'months');
  }
  const date = new Date(ms);
  const day = date.getUTCDate();
  date.setUTCMonth(date.getUTCMonth() + months);
  if (date.getUTCDate() !== day) date.setUTCDate(0);
  return date.getTime();
}
