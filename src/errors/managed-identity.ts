// Errors of the endpoint where a machine's agent asks for tokens. `identity…` are IMDS's own words:
// the agent hands them on as they are. How an assertion failed is for the audit log alone.
import type { ErrorDefinition } from '#kernel';

export const managedIdentityErrors = {
  hostAssertionInvalid: {
    status: 401,
    code: 'invalid_client',
    message:
      'The assertion is not that of a registered machine. Check that the machine is registered with ' +
      'the key of this agent, and that the clock is right.',
  },
  identityNotFound: { status: 400, code: 'invalid_request', message: 'Identity not found' },
  identityAmbiguous: {
    status: 400,
    code: 'invalid_request',
    message:
      'Multiple user assigned identities exist, please specify the clientId / resourceId of the ' +
      'identity in the token request',
  },
  selectorsSeveral: {
    status: 400,
    code: 'invalid_request',
    message: 'Name the identity by one of client_id, object_id and msi_res_id, not by several.',
  },
} as const satisfies Record<string, ErrorDefinition>;
