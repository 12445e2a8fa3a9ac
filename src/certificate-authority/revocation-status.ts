// What was revoked, said in two ways: lists, signed ahead of time, and OCSP answers. Whoever asks
// learns nothing but that.
import {
  buildOcspError,
  buildOcspResponse,
  buildRevocationList,
  type CertificateStatus,
  deserializeKey,
  exportSpki,
  generateKey,
  issueCertificate,
  issuerHashes,
  type OcspCertificateId,
  parseOcspRequest,
  type RevokedCertificate,
  X509Error,
} from '#cryptography';
import type { Transaction, View } from '#storage';
import {
  type AuthorityContext,
  CLOCK_SKEW_MS,
  listAuthorities,
  loadAuthority,
  openAuthority,
  sealable,
} from './authorities.ts';
import { findIssued } from './issued.ts';
import {
  type AuthorityRecord,
  paths,
  type ResponderRecord,
  type Revocation,
  type RevocationListRecord,
  type RevokedEntry,
} from './records.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How long a list counts, and after how long the next is made. */
const LIST_MS = { root: 365 * DAY_MS, intermediate: 7 * DAY_MS } as const;
const LIST_FRESH_MS = { root: 30 * DAY_MS, intermediate: DAY_MS } as const;
const ANSWER_MS = HOUR_MS;
/** The root's, like its list, has to last while its key is away. */
const RESPONDER_MS = { root: 365 * DAY_MS, intermediate: 30 * DAY_MS } as const;
const RESPONDER_LEFT_MS = { root: 335 * DAY_MS, intermediate: 15 * DAY_MS } as const;
const PAGE = 10_000;
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';

/**
 * The newest list, made now if it is old or something was revoked since. A root whose key is away
 * goes on with its last one; `undefined` if it never had any. AuthorityError `missing`,
 * `notFound`.
 */
export async function currentRevocationList(
  view: View,
  name: string,
  context: AuthorityContext,
): Promise<RevocationListRecord | undefined> {
  const authority = await loadAuthority(view, name);
  const kept = await view.get<RevocationListRecord>(paths.revocationList(name));
  if (authority.key === undefined || isFresh(kept, authority, context.clock.now())) return kept;
  return await view.transact(async (transaction) => {
    const nowMs = context.clock.now();
    const before = await transaction.get<RevocationListRecord>(paths.revocationList(name));
    if (before !== undefined && isFresh(before, authority, nowMs)) return before;
    const number = (before?.number ?? 0) + 1;
    const nextUpdateMs = nowMs + LIST_MS[authority.kind];
    const list = await buildRevocationList({
      authority: openAuthority(authority),
      revoked: await revokedBy(transaction, authority, nowMs),
      ...{ number, thisUpdateMs: nowMs, nextUpdateMs },
    });
    const record: RevocationListRecord = {
      list: list.toString('base64'),
      ...{ number, thisUpdateMs: nowMs, nextUpdateMs, isStale: false },
    };
    transaction.put(paths.revocationList(name), record);
    return record;
  });
}

/** The answer to an OCSP request, DER; one that cannot be answered gets OCSP's own refusal. */
export async function answerOcsp(
  view: View,
  der: Uint8Array,
  context: AuthorityContext,
): Promise<Buffer> {
  try {
    const { certificates, nonce } = await parseOcspRequest(der);
    const authority = await issuerOf(view, certificates);
    if (authority === undefined) return await buildOcspError('unauthorized');
    const answers = await Promise.all(
      certificates.map(async (id) => ({ id, status: await statusOf(view, authority, id) })),
    );
    const producedAtMs = context.clock.now();
    const responder = await responderOf(view, authority, context);
    if (responder === undefined) return await buildOcspError('tryLater');
    const nextUpdateMs = producedAtMs + ANSWER_MS;
    return await buildOcspResponse({ responder, answers, nonce, producedAtMs, nextUpdateMs });
  } catch (error) {
    if (error instanceof X509Error) return await buildOcspError('malformedRequest');
    throw error;
  }
}

/**
 * The certificate that signs answers for an authority, renewed well before it ends. A root whose
 * key is away goes on with its last one until that ends; then `undefined`.
 */
export async function responderOf(
  view: View,
  authority: AuthorityRecord,
  context: AuthorityContext,
) {
  const path = paths.responder(authority.name);
  const nowMs = context.clock.now();
  const isFit = (record: ResponderRecord | undefined): record is ResponderRecord =>
    record !== undefined &&
    (record.notAfterMs - nowMs > RESPONDER_LEFT_MS[authority.kind] ||
      record.notAfterMs === authority.notAfterMs);
  const kept = await view.get<ResponderRecord>(path);
  if (authority.key === undefined) {
    return kept !== undefined && nowMs < kept.notAfterMs ? openResponder(kept) : undefined;
  }
  if (isFit(kept)) return openResponder(kept);
  const made = await makeResponder(authority, nowMs);
  const record = await view.transact(async (transaction) => {
    const other = await transaction.get<ResponderRecord>(path);
    if (isFit(other)) return other;
    transaction.put(path, made);
    return made;
  });
  return openResponder(record);
}

function openResponder({ certificate, key }: ResponderRecord) {
  return {
    certificate: Buffer.from(certificate, 'base64'),
    key: deserializeKey(Buffer.from(key, 'base64')),
  };
}

async function makeResponder(authority: AuthorityRecord, nowMs: number): Promise<ResponderRecord> {
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  const notAfterMs = Math.min(nowMs + RESPONDER_MS[authority.kind], authority.notAfterMs);
  const certificate = await issueCertificate({
    profile: {
      subject: `CN=Strongroom OCSP responder of ${authority.name}`,
      keyUsages: ['digitalSignature'],
      extendedKeyUsages: [OCSP_SIGNING],
    },
    spki: exportSpki(key),
    authority: openAuthority(authority),
    notBeforeMs: Math.max(nowMs - CLOCK_SKEW_MS, authority.notBeforeMs),
    notAfterMs,
    noRevocationCheck: true,
  });
  return { certificate: certificate.toString('base64'), key: sealable(key), notAfterMs };
}

function isFresh(
  list: RevocationListRecord | undefined,
  { kind }: AuthorityRecord,
  nowMs: number,
): boolean {
  return list !== undefined && !list.isStale && nowMs < list.thisUpdateMs + LIST_FRESH_MS[kind];
}

/** Without those that have ended: nobody accepts them any more. */
async function revokedBy(
  transaction: Transaction,
  { name }: AuthorityRecord,
  nowMs: number,
): Promise<readonly RevokedCertificate[]> {
  const prefix = paths.revoked(name);
  const revoked: RevokedCertificate[] = [];
  for (let after: string | undefined; ; ) {
    const range = { prefix, limit: PAGE, ...(after !== undefined && { after }) };
    const page = await transaction.scan<RevokedEntry>(range);
    for (const { path, value } of page) {
      if (value.notAfterMs < nowMs - DAY_MS) continue;
      const { revokedAtMs, reason } = value;
      revoked.push({ serialNumber: path.slice(prefix.length), revokedAtMs, reason });
    }
    after = page.at(-1)?.path;
    if (page.length < PAGE) return revoked;
  }
}

/** The authority that all the certificates are of, as far as their ids say. */
async function issuerOf(
  view: View,
  ids: readonly OcspCertificateId[],
): Promise<AuthorityRecord | undefined> {
  for (const authority of (await listAuthorities(view)).reverse()) {
    const der = Buffer.from(authority.certificate, 'base64');
    const matches = await Promise.all(
      ids.map(async ({ hash, issuerKeyHash, issuerNameHash }) => {
        const own = await issuerHashes(der, hash);
        return own.issuerKeyHash === issuerKeyHash && own.issuerNameHash === issuerNameHash;
      }),
    );
    if (matches.every((fits) => fits)) return authority;
  }
  return undefined;
}

async function statusOf(
  view: View,
  authority: AuthorityRecord,
  { serialNumber }: OcspCertificateId,
): Promise<CertificateStatus> {
  const found = await (authority.kind === 'root'
    ? findIntermediate(view, serialNumber)
    : findIssued(view, serialNumber));
  const isOurs =
    found !== undefined && (!('authority' in found) || found.authority === authority.name);
  if (isOurs && found.revocation !== undefined) return { kind: 'revoked', ...found.revocation };
  // All that it issued, or somebody with its key (RFC 6960 §2.7).
  const { revocation } = authority;
  if (revocation !== undefined) return { kind: 'revoked', ...inherited(revocation) };
  return { kind: isOurs ? 'good' : 'unknown' };
}

function inherited({ revokedAtMs, reason }: Revocation): Revocation {
  return { revokedAtMs, reason: reason === 'keyCompromise' ? 'cACompromise' : reason };
}

async function findIntermediate(
  view: View,
  serialNumber: string,
): Promise<AuthorityRecord | undefined> {
  return (await listAuthorities(view)).find(
    (one) => one.kind === 'intermediate' && one.serialNumber === serialNumber,
  );
}
