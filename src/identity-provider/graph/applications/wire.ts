// Applications on Microsoft Graph's wire ↔ our records. No secret and no hash of one ever leaves.
import { X509Certificate } from 'node:crypto';
import type {
  AddedPassword,
  Application,
  ApplicationInput,
  KeyCredential,
  WebSettings,
} from '#directory';
import { graphErrors } from '#errors';
import { ApiError, isGuid, newGuid, z } from '#kernel';
import type { WireObject } from '../odata/entity.ts';
import { api, EMPTY_API, parseApi } from './api-wire.ts';
import {
  appRolesBody,
  parseAppRoles,
  renderAppRoles,
  requiredResourceAccessBody,
} from './exposed-permissions.ts';

const NAME_MAX = 256;
const ITEMS_MAX = 256;
const CERTIFICATE_MAX = 16_384;
const OTHER_BYTES_MAX = 65_536;

const uri = z.string().min(1).max(2048);
const uris = z.array(uri).max(ITEMS_MAX);
const guid = z.string().refine(isGuid);
const time = z.string().refine((text) => !Number.isNaN(Date.parse(text)));

const keyCredential = z.object({
  keyId: guid.nullish(),
  displayName: z.string().max(NAME_MAX).nullish(),
  type: z.literal('AsymmetricX509Cert'),
  usage: z.literal('Verify'),
  /** Base64 of DER, or of the PEM text. Absent: the credential that has this `keyId` is kept. */
  key: z.string().max(CERTIFICATE_MAX).nullish(),
  startDateTime: time.nullish(),
  endDateTime: time.nullish(),
  customKeyIdentifier: z.string().max(NAME_MAX).nullish(),
});

/** Properties without a meaning here: kept as they are, given back, bounded together. */
const OTHER_PROPERTIES = [
  'description',
  'groupMembershipClaims',
  'info',
  'isDeviceOnlyAuthSupported',
  'notes',
  'optionalClaims',
  'parentalControlSettings',
  'serviceManagementReference',
  'tags',
] as const;

const redirects = z.object({ redirectUris: uris.optional() });

const webBody = z.object({
  redirectUris: uris.optional(),
  homePageUrl: uri.nullish(),
  logoutUrl: uri.nullish(),
  implicitGrantSettings: z
    .object({
      enableAccessTokenIssuance: z.boolean().nullish(),
      enableIdTokenIssuance: z.boolean().nullish(),
    })
    .nullish(),
  redirectUriSettings: z.array(z.unknown()).max(ITEMS_MAX).nullish(),
});

const applicationShape = {
  displayName: z.string().min(1).max(NAME_MAX),
  signInAudience: z
    .enum(['AzureADMyOrg', 'AzureADMultipleOrgs', 'AzureADandPersonalMicrosoftAccount'])
    .nullish(),
  identifierUris: uris.nullish(),
  web: webBody.nullish(),
  spa: redirects.nullish(),
  publicClient: redirects.nullish(),
  isFallbackPublicClient: z.boolean().nullish(),
  keyCredentials: z.array(keyCredential).max(100).nullish(),
  appRoles: appRolesBody.nullish(),
  requiredResourceAccess: requiredResourceAccessBody.nullish(),
  api: api.nullish(),
  ...Object.fromEntries(OTHER_PROPERTIES.map((name) => [name, z.unknown().optional()])),
} as const;

export const createApplicationBody = z.strictObject({
  ...applicationShape,
  '@odata.type': z.string().optional(),
  'owners@odata.bind': z.array(z.string().max(2048)).max(ITEMS_MAX).optional(),
});
export const updateApplicationBody = z.strictObject({
  ...applicationShape,
  displayName: applicationShape.displayName.optional(),
  '@odata.type': z.string().optional(),
});

export const addPasswordBody = z
  .object({
    passwordCredential: z
      .object({
        displayName: z.string().max(NAME_MAX).nullish(),
        startDateTime: time.nullish(),
        endDateTime: time.nullish(),
      })
      .nullish(),
  })
  .optional();

const PROOF_MAX = 16_384;
const proof = z.string().max(PROOF_MAX);
export const addKeyBody = z.object({
  keyCredential: keyCredential.extend({ key: z.string().max(CERTIFICATE_MAX) }),
  /** Microsoft's for certificates with a private key, which none has here. */
  passwordCredential: z.null().optional(),
  proof,
});
export const removeKeyBody = z.object({ keyId: guid, proof });

export const removePasswordBody = z.object({ keyId: guid });

export type ApplicationBody = z.infer<typeof updateApplicationBody>;

/** `before` is the application being changed; credentials sent without a key are taken from it. */
export function parseApplication(
  body: ApplicationBody,
  before?: Application,
): Partial<ApplicationInput> {
  const { displayName, signInAudience, identifierUris, isFallbackPublicClient, appRoles } = body;
  const others = otherProperties(body);
  return {
    ...(displayName === undefined ? {} : { displayName }),
    ...(signInAudience ? { signInAudience } : {}),
    ...(identifierUris ? { identifierUris } : {}),
    ...(body.web?.redirectUris ? { webRedirectUris: body.web.redirectUris } : {}),
    ...(body.web ? { webSettings: parseWebSettings(body.web, before?.webSettings) } : {}),
    ...(body.spa?.redirectUris ? { spaRedirectUris: body.spa.redirectUris } : {}),
    ...(body.publicClient?.redirectUris
      ? { publicClientRedirectUris: body.publicClient.redirectUris }
      : {}),
    ...(isFallbackPublicClient == null ? {} : { isFallbackPublicClient }),
    ...(appRoles ? { appRoles: parseAppRoles(appRoles) } : {}),
    ...(body.requiredResourceAccess ? { requiredResourceAccess: body.requiredResourceAccess } : {}),
    ...(body.api ? { api: parseApi(body.api, before?.api) } : {}),
    ...(body.keyCredentials
      ? { keyCredentials: body.keyCredentials.map((key) => parseKeyCredential(key, before)) }
      : {}),
    ...(others === undefined ? {} : { otherProperties: { ...before?.otherProperties, ...others } }),
  };
}

function otherProperties(body: Readonly<Record<string, unknown>>) {
  const given = OTHER_PROPERTIES.filter((name) => body[name] !== undefined);
  if (given.length === 0) return undefined;
  const others = Object.fromEntries(given.map((name) => [name, body[name]]));
  if (JSON.stringify(others).length > OTHER_BYTES_MAX) {
    throw new ApiError(graphErrors.badRequest, { detail: 'The application is too large.' });
  }
  return others;
}

export function parseKeyCredential(
  given: z.infer<typeof keyCredential>,
  before?: Application,
): KeyCredential {
  if (given.key == null) {
    const kept = before?.keyCredentials.find((credential) => credential.keyId === given.keyId);
    if (kept) return kept;
    throw invalidCertificate();
  }
  const certificate = readCertificate(given.key);
  return {
    keyId: given.keyId ?? newGuid(),
    displayName: given.displayName ?? certificate.subject.replaceAll('\n', ', '),
    type: 'AsymmetricX509Cert',
    usage: 'Verify',
    certificate: certificate.raw.toString('base64'),
    startDateTime: given.startDateTime ?? certificate.validFromDate.toISOString(),
    endDateTime: given.endDateTime ?? certificate.validToDate.toISOString(),
  };
}

function readCertificate(base64: string): X509Certificate {
  try {
    // Buffer's decoder skips the line breaks that az puts in; the bytes may be DER or PEM.
    return new X509Certificate(Buffer.from(base64, 'base64'));
  } catch (cause) {
    throw invalidCertificate(cause);
  }
}

function invalidCertificate(cause?: unknown): ApiError {
  return new ApiError(
    graphErrors.invalidProperty,
    { property: 'keyCredentials', resource: 'Application' },
    { cause },
  );
}

export function renderApplication(application: Application): WireObject {
  const { publicClientRedirectUris, spaRedirectUris } = application;
  return {
    id: application.id,
    deletedDateTime: application.deletedDateTime ?? null,
    appId: application.appId,
    createdDateTime: application.createdDateTime,
    displayName: application.displayName,
    identifierUris: application.identifierUris,
    isFallbackPublicClient: application.isFallbackPublicClient,
    signInAudience: application.signInAudience,
    publisherDomain: null,
    tags: [],
    ...application.otherProperties,
    api: application.api ?? EMPTY_API,
    appRoles: renderAppRoles(application),
    requiredResourceAccess: application.requiredResourceAccess ?? [],
    keyCredentials: application.keyCredentials.map(renderKeyCredential),
    passwordCredentials: renderPasswords(application),
    publicClient: { redirectUris: publicClientRedirectUris },
    spa: { redirectUris: spaRedirectUris },
    web: renderWeb(application),
  };
}

const NO_SETTINGS: WebSettings = {
  homePageUrl: null,
  logoutUrl: null,
  enableAccessTokenIssuance: false,
  enableIdTokenIssuance: false,
};

function parseWebSettings(
  { homePageUrl, logoutUrl, implicitGrantSettings }: z.infer<typeof webBody>,
  before: WebSettings = NO_SETTINGS,
): WebSettings {
  const { enableAccessTokenIssuance, enableIdTokenIssuance } = implicitGrantSettings ?? {};
  return {
    homePageUrl: homePageUrl === undefined ? before.homePageUrl : homePageUrl,
    logoutUrl: logoutUrl === undefined ? before.logoutUrl : logoutUrl,
    enableAccessTokenIssuance: enableAccessTokenIssuance ?? before.enableAccessTokenIssuance,
    enableIdTokenIssuance: enableIdTokenIssuance ?? before.enableIdTokenIssuance,
  };
}

function renderWeb({ webRedirectUris, webSettings = NO_SETTINGS }: Application): object {
  const { homePageUrl, logoutUrl, ...implicitGrantSettings } = webSettings;
  return { redirectUris: webRedirectUris, homePageUrl, logoutUrl, implicitGrantSettings };
}

export function renderKeyCredential(credential: KeyCredential): Readonly<Record<string, unknown>> {
  const { fingerprint } = new X509Certificate(Buffer.from(credential.certificate, 'base64'));
  const thumbprint = Buffer.from(fingerprint.replaceAll(':', ''), 'hex');
  return {
    keyId: credential.keyId,
    displayName: credential.displayName,
    type: credential.type,
    usage: credential.usage,
    key: null,
    customKeyIdentifier: thumbprint.toString('base64'),
    startDateTime: credential.startDateTime,
    endDateTime: credential.endDateTime,
  };
}

/** Those made on the application itself, or on one service principal of it. */
export function renderPasswords(
  application: Pick<Application, 'passwordCredentials'> | undefined,
  servicePrincipalId?: string,
): readonly object[] {
  const all = application?.passwordCredentials ?? [];
  const shown = all.filter((one) => one.servicePrincipalId === servicePrincipalId);
  return shown.map((credential) => renderPassword({ credential }));
}

/** With `secretText` only in the answer to `addPassword`. */
export function renderPassword(
  password: Pick<AddedPassword, 'credential'> & { readonly secretText?: string },
): Readonly<Record<string, unknown>> {
  const { credential, secretText = null } = password;
  return {
    customKeyIdentifier: null,
    displayName: credential.displayName,
    endDateTime: credential.endDateTime,
    hint: credential.hint,
    keyId: credential.keyId,
    secretText,
    startDateTime: credential.startDateTime,
  };
}
