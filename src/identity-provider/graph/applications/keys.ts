// Rolling an application's certificates: a new one is added, and an old one removed, by who proves
// that he has the key of one that is valid now. An application needs no right for its own.
// https://learn.microsoft.com/graph/application-rollkey-prooftoken
import { type Application, type KeyCredential, updateApplication } from '#directory';
import { graphErrors } from '#errors';
import { ApiError, type Operation, operation } from '#kernel';
import { verifyCertificateAssertion } from '../../token/certificate-assertion.ts';
import { parseProof } from '../../token/parsed-assertion.ts';
import {
  type GraphContext,
  type GraphTarget,
  graphRow,
  idParams,
  openView,
} from '../graph-context.ts';
import { contextOf } from '../odata/entity.ts';
import { requireApplication } from './credential-rights.ts';
import { addKeyBody, parseKeyCredential, removeKeyBody, renderKeyCredential } from './wire.ts';

const access = { kind: 'directory', permission: 'Application.ReadWrite.All' } as const;
const KEYS_MAX = 100;
/** Of Azure AD Graph, as clients have long been told to write, and of Microsoft Graph. */
const AUDIENCES: ReadonlySet<string> = new Set([
  '00000002-0000-0000-c000-000000000000',
  '00000003-0000-0000-c000-000000000000',
]);
const LIFETIME_MAX_S = 600;
const SKEW_S = 300;

export function keyOperations(context: GraphContext): readonly Operation<GraphTarget>[] {
  return [addRow(context), removeRow(context)];
}

function addRow(context: GraphContext): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: 'AddApplicationKey',
    method: 'POST',
    path: '/v1.0/applications/{id}/addKey',
    access,
    audit: 'ApplicationAddKey',
    success: 200,
    errors: [
      graphErrors.resourceNotFound,
      graphErrors.requestDenied,
      graphErrors.proofInvalid,
      graphErrors.invalidProperty,
    ],
    params: idParams,
    body: addKeyBody,
    handle: async (call) => {
      const { keyCredential, proof } = call.body;
      const application = requireApplication(context, call);
      requireProof(application, proof, context.clock.now());
      const added = parseKeyCredential({ ...keyCredential, keyId: null });
      await updateApplication(openView(context, call.grant), application.id, (before) => {
        // Once more: the certificate that proves may be gone by now.
        requireProof(before, proof, context.clock.now());
        return { keyCredentials: withOneMore(before.keyCredentials, added) };
      });
      const type = contextOf(call.request, 'microsoft.graph.keyCredential');
      return {
        body: { '@odata.context': type, ...renderKeyCredential(added) },
        audit: { keyId: added.keyId },
      };
    },
  });
}

function removeRow(context: GraphContext): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: 'RemoveApplicationKey',
    method: 'POST',
    path: '/v1.0/applications/{id}/removeKey',
    access,
    audit: 'ApplicationRemoveKey',
    success: 204,
    errors: [
      graphErrors.resourceNotFound,
      graphErrors.requestDenied,
      graphErrors.proofInvalid,
      graphErrors.keyNotFound,
    ],
    params: idParams,
    body: removeKeyBody,
    handle: async (call) => {
      const { keyId, proof } = call.body;
      const application = requireApplication(context, call);
      await updateApplication(openView(context, call.grant), application.id, (before) => {
        const left = before.keyCredentials.filter((credential) => credential.keyId !== keyId);
        if (left.length === before.keyCredentials.length) {
          throw new ApiError(graphErrors.keyNotFound);
        }
        requireProof(before, proof, context.clock.now());
        return { keyCredentials: left };
      });
      return { audit: { keyId } };
    },
  });
}

function withOneMore(before: readonly KeyCredential[], added: KeyCredential) {
  if (before.length < KEYS_MAX) return [...before, added];
  throw new ApiError(graphErrors.badRequest, {
    detail: `An application has at most ${KEYS_MAX} key credentials.`,
  });
}

/** Signed with a certificate that the application has now, for this application, just now. */
function requireProof(application: Application, text: string, nowMs: number): void {
  try {
    const proof = parseProof(text);
    const { alg } = proof.header;
    const { expiresS, notBeforeS = 0, issuer, audiences } = proof;
    const nowS = nowMs / 1000;
    const isInTime =
      notBeforeS <= nowS + SKEW_S &&
      expiresS > nowS - SKEW_S &&
      expiresS - notBeforeS <= LIFETIME_MAX_S;
    const isMeant =
      issuer.toLowerCase() === application.id.toLowerCase() &&
      audiences.every((audience) => AUDIENCES.has(audience.toLowerCase()));
    if (!isInTime || !isMeant || (alg !== 'RS256' && alg !== 'PS256')) throw proofInvalid();
    verifyCertificateAssertion(application, proof, nowMs);
  } catch (cause) {
    throw cause instanceof ApiError ? proofInvalid(cause) : cause;
  }
}

/** One refusal, whatever is wrong; the audit log has the reason. */
function proofInvalid(cause?: ApiError): ApiError {
  return new ApiError(graphErrors.proofInvalid, {}, cause && { cause });
}
