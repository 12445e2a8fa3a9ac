// How the certificate authority looks in Resource Manager's dialect, errors included.
import {
  type AuthorityContext,
  AuthorityError,
  type AuthorityErrorCode,
  type AuthorityRecord,
  type AuthoritySettings,
  type IssuedCertificate,
  isRenewalDue,
  listAuthorities,
  loadSettings,
} from '#certificate-authority';
import { X509Error } from '#cryptography';
import { resourceManagerErrors } from '#errors';
import { ApiError, type ErrorDefinition } from '#kernel';
import type { View } from '#storage';
import type { Management } from '../management.ts';

const NAMESPACE = 'Strongroom.CertificateAuthority';

const ERRORS: Readonly<Record<AuthorityErrorCode, ErrorDefinition>> = {
  missing: resourceManagerErrors.authorityMissing,
  exists: resourceManagerErrors.authorityExists,
  rootOffline: resourceManagerErrors.rootKeyOffline,
  keyMismatch: resourceManagerErrors.rootKeyMismatch,
  notFound: resourceManagerErrors.notFound,
  refused: resourceManagerErrors.invalidValue,
};

export function authorityContext({ clock, endpoints }: Management): AuthorityContext {
  return { clock, address: endpoints.pki };
}

/** The authority's errors in Resource Manager's words. */
export async function wordErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof AuthorityError) throw new ApiError(ERRORS[cause.code], {}, { cause });
    if (!(cause instanceof X509Error)) throw cause;
    const args = { property: 'nameConstraints' };
    throw new ApiError(resourceManagerErrors.invalidValue, args, { cause });
  }
}

/** Root first; none where there is no authority. */
export async function renderAuthorities(management: Management, view: View) {
  const records = await listAuthorities(view);
  return await Promise.all(records.map((record) => renderAuthority(management, view, record)));
}

export async function renderAuthority({ clock }: Management, view: View, record: AuthorityRecord) {
  const settings = await loadSettings(view);
  const { name, kind, subject, serialNumber } = record;
  return {
    id: `/providers/${NAMESPACE}/authorities/${name}`,
    type: `${NAMESPACE}/authorities`,
    name,
    properties: {
      ...{ kind, subject, serialNumber },
      notBefore: new Date(record.notBeforeMs).toISOString(),
      notAfter: new Date(record.notAfterMs).toISOString(),
      certificate: record.certificate,
      isKeyPresent: record.key !== undefined,
      ...(kind === 'intermediate' && stateOf(record, settings, clock.now())),
      ...renderRevocation(record),
    },
  };
}

function stateOf(record: AuthorityRecord, settings: AuthoritySettings, nowMs: number) {
  return {
    isIssuing: record.name === settings.active,
    isRenewalDue: record.name === settings.active && isRenewalDue(record, nowMs),
    nameConstraints: settings.constraints,
  };
}

function renderRevocation({ revocation }: Pick<IssuedCertificate, 'revocation'>) {
  return (
    revocation && {
      revokedOn: new Date(revocation.revokedAtMs).toISOString(),
      revocationReason: revocation.reason,
    }
  );
}

export function renderIssued(issued: IssuedCertificate) {
  const { serialNumber, subject, authority, certificate } = issued;
  return {
    id: `/providers/${NAMESPACE}/certificates/${serialNumber}`,
    type: `${NAMESPACE}/certificates`,
    name: serialNumber,
    properties: {
      ...{ subject, authority },
      notBefore: new Date(issued.notBeforeMs).toISOString(),
      notAfter: new Date(issued.notAfterMs).toISOString(),
      issuedOn: new Date(issued.issuedAtMs).toISOString(),
      certificate,
      ...renderRevocation(issued),
    },
  };
}
