// Device codes: where programs get one, and the pages on which people enter it.
import { oauthErrors, signInErrors } from '#errors';
import { ApiError, type Grant, type Operation, operation, type RawRequest, z } from '#kernel';
import { requestedScope, requireTenant } from '../authorize/authorize-request.ts';
import type { LoginContext, LoginTarget } from '../login-context.ts';
import { newFlow } from '../sign-in/flow.ts';
import { askAgain, signInAudit } from '../sign-in/flow-pages.ts';
import { flowField, formErrors, formRow, text } from '../sign-in/form-row.ts';
import { renderDeviceDone, renderEnterCode } from '../sign-in/pages/device-pages.ts';
import { proceed, settledAccount } from '../sign-in/proceed.ts';
import { flowPage, openForm, openVisit, requireRate } from '../sign-in/visit.ts';
import { clientUnknown } from '../token/client-authentication.ts';
import { requirePrincipal } from '../token/token-request.ts';
import { uncached } from '../token/wire.ts';
import { DEVICE_LIFETIME_S, POLL_INTERVAL_S } from './device-code.ts';
import { findDeviceByUserCode, settleDevice, startDevice } from './device-code-store.ts';

const requestForm = z.object({
  client_id: z.string().max(512).optional(),
  scope: z.string().max(8192).optional(),
  resource: z.string().max(2048).optional(),
});

const ADDRESSES = [
  { version: 'V2', path: '/{tenant}/oauth2/v2.0/devicecode', isV1: false },
  { version: 'V1', path: '/{tenant}/oauth2/devicecode', isV1: true },
] as const;

const PAGES = [
  { id: 'DeviceLogin', path: '/devicelogin' },
  { id: 'DeviceAuth', path: '/common/oauth2/deviceauth' },
] as const;

export function deviceCodeOperations(context: LoginContext): readonly Operation<LoginTarget>[] {
  return [
    ...ADDRESSES.map((address) => requestRow(context, address)),
    ...PAGES.map((page) => pageRow(context, page)),
    enterRow(context),
    confirmRow(context),
  ];
}

function requestRow(
  context: LoginContext,
  { version, path, isV1 }: (typeof ADDRESSES)[number],
): Operation<LoginTarget> {
  return operation({
    ...formRow,
    id: `DeviceCode${version}`,
    path,
    audit: 'DeviceCodeRequest',
    errors: [
      oauthErrors.tenantUnknown,
      oauthErrors.parameterMissing,
      oauthErrors.clientUnknown,
      oauthErrors.clientWithoutPrincipal,
      oauthErrors.clientDisabled,
      oauthErrors.clientCredentialMissing,
      oauthErrors.scopeInvalid,
      oauthErrors.resourceUnknown,
      signInErrors.tooManyTries,
    ],
    params: z.object({ tenant: z.string().max(256) }),
    body: requestForm,
    handle: async ({ params, body, request, grant }) => {
      requireRate(context, request);
      const { isAdfs } = requireTenant(context, params.tenant);
      const answer = await startSignIn(context, { body, isV1, request, grant });
      return {
        ...uncached(isV1 && !isAdfs ? inV1Words(answer) : answer),
        audit: { clientId: body.client_id, outcome: 'interrupted' },
      };
    },
  });
}

interface DeviceRequest {
  readonly body: z.infer<typeof requestForm>;
  readonly isV1: boolean;
  readonly request: RawRequest;
  readonly grant: Grant;
}

async function startSignIn(context: LoginContext, given: DeviceRequest) {
  const { body, isV1, request, grant } = given;
  if (!body.client_id) {
    throw new ApiError(oauthErrors.parameterMissing, { parameter: 'client_id' });
  }
  const application = context.directory.client(body.client_id);
  if (application === undefined) throw clientUnknown(context.directory, body.client_id);
  requirePrincipal(context, { application, method: 'none', credentialId: undefined });
  // What cannot keep a secret may poll without one; anything else has better ways.
  if (!application.isFallbackPublicClient) throw new ApiError(oauthErrors.clientCredentialMissing);
  const asked = {
    clientId: application.appId,
    isV1,
    scope: body.scope ?? '',
    resource: isV1 ? body.resource : undefined,
  };
  requestedScope(context, asked);
  const view = context.storage.view(grant);
  const { clientAddress } = request;
  const codes = await startDevice(view, { asked, clientAddress }, context.clock.now());
  const page = `${context.endpoints.login}/devicelogin`;
  return {
    user_code: codes.userCode,
    device_code: codes.deviceCode,
    verification_uri: page,
    expires_in: DEVICE_LIFETIME_S,
    interval: POLL_INTERVAL_S,
    message: `To sign in, use a web browser to open the page ${page} and enter the code ${codes.userCode} to authenticate.`,
  };
}

/** v1 has another name for the page and writes numbers as text. */
function inV1Words(answer: Awaited<ReturnType<typeof startSignIn>>) {
  const { verification_uri, expires_in, interval, ...others } = answer;
  return {
    ...others,
    verification_url: verification_uri,
    expires_in: String(expires_in),
    interval: String(interval),
  };
}

function pageRow(
  context: LoginContext,
  { id, path }: (typeof PAGES)[number],
): Operation<LoginTarget> {
  return operation({
    ...formRow,
    method: 'GET',
    id,
    path,
    audit: 'DeviceCodePage',
    errors: [signInErrors.tooManyTries],
    // Filled in by programs that open the page themselves; the person still has to send it.
    query: z.object({ otc: z.string().max(32).optional() }),
    handle: async (call) => {
      requireRate(context, call.request);
      const visit = await openVisit(context, call);
      const flow = newFlow({ kind: 'enter-code' }, context.clock.now());
      return renderEnterCode({ ...flowPage(visit, flow), userCode: call.query.otc });
    },
  });
}

function enterRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...formRow,
    id: 'DeviceCodeEnter',
    path: '/sign-in/device',
    audit: 'DeviceCodeEnter',
    errors: [...formErrors, signInErrors.userCodeUnknown, oauthErrors.userLocked],
    body: z.object({ flow: flowField, userCode: text }),
    handle: async ({ body, request, grant }) => {
      const { visit, flow } = await openForm(context, { request, grant }, body.flow);
      const { clientAddress } = request;
      const nowMs = context.clock.now();
      const attempt = context.userCodeLimits.begin(clientAddress, clientAddress);
      const found = attempt && (await findDeviceByUserCode(visit.view, body.userCode, nowMs));
      if (found === undefined) {
        const refusal = attempt ? signInErrors.userCodeUnknown : oauthErrors.userLocked;
        return askAgain(
          new ApiError(refusal),
          (problem) =>
            renderEnterCode({ ...flowPage(visit, flow), userCode: body.userCode, problem }),
          signInAudit(flow, undefined, 'failure'),
        );
      }
      // Not forgiven: everybody can have codes of his own made, as many as he likes.
      attempt?.withdraw();
      const { id, asked } = found;
      return proceed(visit, newFlow({ kind: 'device', id, request: asked }, nowMs));
    },
  });
}

function confirmRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...formRow,
    id: 'DeviceCodeConfirm',
    path: '/sign-in/device/confirm',
    audit: 'DeviceCodeConfirm',
    errors: [...formErrors, signInErrors.accountNotThere, signInErrors.deviceCodeExpired],
    body: z.object({ flow: flowField, answer: text }),
    handle: async ({ body, request, grant }) => {
      const { visit, flow } = await openForm(context, { request, grant }, body.flow);
      const { destination } = flow;
      if (destination.kind !== 'device') throw new ApiError(signInErrors.formOutdated);
      const account = settledAccount(visit, flow);
      if (account === undefined) throw new ApiError(signInErrors.accountNotThere);
      const { userId, methods, signedInAtS, user } = account;
      const isLetIn = body.answer === 'yes';
      const approval = isLetIn ? { userId, methods, signedInAtS } : undefined;
      const settling = { id: destination.id, approval };
      if (!(await settleDevice(visit.view, settling, context.clock.now()))) {
        throw new ApiError(signInErrors.deviceCodeExpired);
      }
      const audit = signInAudit(flow, user, isLetIn ? 'success' : 'failure');
      return renderDeviceDone(isLetIn, { ...audit, credential: methods.join(' ') });
    },
  });
}
