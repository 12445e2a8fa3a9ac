// Errors of a person's sign-in in a browser, and of what a client gets from it (authorization
// codes, device codes). `code` is what a client is told, at its redirect URI or by the token
// endpoint.
import type { ErrorDefinition } from '#kernel';
import { entra } from './oauth.ts';

export const signInErrors = {
  redirectUriMissing: entra(400, 'invalid_request', 'AADSTS900971: No reply address provided.'),
  redirectUriUnknown: entra(
    400,
    'invalid_request',
    "AADSTS50011: The redirect URI '{redirectUri}' specified in the request does not match the redirect URIs configured for the application '{appId}'. Make sure the redirect URI sent in the request matches one added to your application.",
  ),
  responseTypeUnsupported: entra(
    400,
    'unsupported_response_type',
    "AADSTS70005: response_type '{responseType}' is not supported.",
  ),
  responseTypeNotEnabled: entra(
    400,
    'unsupported_response_type',
    "AADSTS700054: response_type '{responseType}' is not enabled for the application.",
  ),
  parameterUnsupported: entra(
    400,
    'invalid_request',
    "AADSTS90023: Unsupported '{parameter}' value.",
  ),
  proofKeyRequired: entra(
    400,
    'invalid_request',
    'AADSTS9002325: Proof Key for Code Exchange is required for cross-origin authorization code redemption.',
  ),
  proofKeyMalformed: entra(
    400,
    'invalid_request',
    'AADSTS50147: The size of the code challenge parameter is not valid.',
  ),
  loginRequired: entra(
    400,
    'login_required',
    'AADSTS50058: A silent sign-in request was sent but no user is signed in.',
  ),
  secondFactorRequired: entra(
    400,
    'interaction_required',
    "AADSTS50076: Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '{resource}'.",
  ),
  /** The token endpoint's form of the same. */
  secondFactorRequiredGrant: entra(
    400,
    'invalid_grant',
    "AADSTS50076: Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '{resource}'.",
  ),
  consentRequired: entra(
    400,
    'consent_required',
    "AADSTS65001: The user or administrator has not consented to use the application with ID '{appId}' named '{displayName}'. Send an interactive authorization request for this user and resource.",
  ),
  consentDeclined: entra(
    400,
    'access_denied',
    'AADSTS65004: User declined to consent to access the app.',
  ),
  /** A form that is not one of ours, or not of this browser, or too old. */
  formOutdated: entra(
    400,
    'invalid_request',
    'AADSTS90014: This page is out of date. Go back to the application and start again.',
  ),
  formFromElsewhere: entra(
    403,
    'invalid_request',
    'AADSTS900144: This form was sent from another site.',
  ),
  tooManyTries: entra(
    429,
    'temporarily_unavailable',
    'AADSTS90055: There were too many requests from your address. Wait a minute and try again.',
  ),
  accountNotThere: entra(
    400,
    'invalid_request',
    'AADSTS50058: This account is no longer signed in here.',
  ),
  passwordRepeated: entra(
    400,
    'invalid_request',
    'AADSTS50056: The two new passwords are not the same.',
  ),
  passwordWeak: entra(
    400,
    'invalid_request',
    'AADSTS50178: Choose a password of 8 to 256 characters with three of these: small letters, capital letters, digits, other characters. It must not hold your user name, and must be new.',
  ),
  secondFactorWrong: entra(
    400,
    'invalid_grant',
    'AADSTS500121: Authentication failed during strong authentication request.',
  ),
  codeMalformed: entra(
    400,
    'invalid_grant',
    'AADSTS9002313: Invalid request. Request is malformed or invalid.',
  ),
  codeExpired: entra(
    400,
    'invalid_grant',
    'AADSTS70008: The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.',
  ),
  codeRedeemed: entra(
    400,
    'invalid_grant',
    'AADSTS54005: OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.',
  ),
  codeOfAnotherClient: entra(
    400,
    'invalid_grant',
    'AADSTS70000: The provided authorization code was not issued to this client.',
  ),
  codeRedirectUri: entra(
    400,
    'invalid_grant',
    "AADSTS500112: The reply address '{redirectUri}' does not match the reply address provided when requesting Authorization code.",
  ),
  codeVerifierWrong: entra(
    400,
    'invalid_grant',
    'AADSTS501481: The Code_Verifier does not match the code_challenge supplied in the authorization request.',
  ),
  codeNotForOrigin: entra(
    400,
    'invalid_request',
    "AADSTS9002326: Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type. Request origin: '{origin}'.",
  ),
  codeOnlyForOrigin: entra(
    400,
    'invalid_request',
    "AADSTS9002327: Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests.",
  ),
  userCodeUnknown: entra(
    400,
    'invalid_request',
    'AADSTS70018: That code is not known here. Check it, or have the program show a new one.',
  ),
  deviceCodePending: entra(
    400,
    'authorization_pending',
    'AADSTS70016: OAuth 2.0 device flow error. Authorization is pending. Continue polling.',
  ),
  deviceCodeTooSoon: entra(
    400,
    'slow_down',
    'AADSTS50196: The server terminated an operation because it was asked too often. Wait for the interval between requests.',
  ),
  deviceCodeDeclined: entra(
    400,
    'authorization_declined',
    'AADSTS65004: User declined to consent to access the app.',
  ),
  deviceCodeExpired: entra(
    400,
    'expired_token',
    "AADSTS70020: The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
  ),
  deviceCodeUnknown: entra(
    400,
    'bad_verification_code',
    "AADSTS70018: The provided value for the input parameter 'device_code' is not valid.",
  ),
} as const satisfies Record<string, ErrorDefinition>;
