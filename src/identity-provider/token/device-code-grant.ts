// `device_code` under both its names: what a program without a browser asks again and again until
// somebody has let it in. MSAL for Python names the code `code` as well and repeats no scope; MSAL
// for JavaScript and Go use the grant's short name (clients.md §1).
import { signInErrors } from '#errors';
import { ApiError } from '#kernel';
import { requireAskedConsent } from '../consent/consent.ts';
import type { DeviceApproval } from '../device-code/device-code.ts';
import { pollDevice } from '../device-code/device-code-store.ts';
import type { LoginContext } from '../login-context.ts';
import { requestedUserScope } from '../resource/user-scope.ts';
import type { AskedScope } from '../sign-in/flow.ts';
import { issueUserTokens, requireUserAccess } from './issue.ts';
import { newFamily } from './refresh-token-store.ts';
import {
  requireClient,
  requireParameter,
  requirePrincipal,
  type TokenRequest,
} from './token-request.ts';
import { requireLiveSession } from './user-session.ts';
import type { IssuedTokens } from './wire.ts';

export const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

export async function deviceCodeGrant(
  context: LoginContext,
  request: TokenRequest,
): Promise<IssuedTokens> {
  const { form, view } = request;
  const client = await requireClient(context, form);
  requirePrincipal(context, client);
  const deviceCode = form.device_code ?? form.code ?? requireParameter(form, 'device_code');
  if (!context.devicePolls.take(deviceCode)) throw new ApiError(signInErrors.deviceCodeTooSoon);
  const clientId = client.application.appId;
  const prepare = (asked: AskedScope, approval: DeviceApproval) => {
    const user = requireLiveSession(context, approval);
    const scope = requestedUserScope(context, {
      acceptsResource: asked.isV1,
      form: { scope: asked.scope, resource: asked.resource },
    });
    requireUserAccess(context.directory, { client, user, scope });
    requireAskedConsent(context.directory, { client: client.application, user, scope });
    const isOffline = scope.openid.includes('offline_access') || asked.isV1;
    const started = isOffline
      ? newFamily({ ...approval, clientId, platform: 'publicClient' }, context.clock)
      : undefined;
    return { user, scope, started };
  };
  let prepared: ReturnType<typeof prepare> | undefined;
  const taking = {
    deviceCode,
    clientId,
    start: (asked: AskedScope, approval: DeviceApproval) => {
      prepared = prepare(asked, approval);
      return prepared.started?.family;
    },
  };
  const poll = await pollDevice(view, taking, context.clock.now());
  if (poll.verdict !== 'taken') throw new ApiError(REFUSALS[poll.verdict]);
  if (prepared === undefined) throw new Error('a device code was taken for nothing');
  const { user, scope, started } = prepared;
  const { methods, signedInAtS } = poll.approval;
  const refreshToken = started?.refreshToken;
  return issueUserTokens(context, {
    client,
    user,
    scope,
    methods,
    signedInAtS,
    refreshToken,
    form,
  });
}

const REFUSALS = {
  unknown: signInErrors.deviceCodeUnknown,
  pending: signInErrors.deviceCodePending,
  declined: signInErrors.deviceCodeDeclined,
  expired: signInErrors.deviceCodeExpired,
} as const;
