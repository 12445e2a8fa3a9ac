// `auditLogs/signIns` and `auditLogs/directoryAudits` in Microsoft Graph v1.0.
import { graphErrors } from '#errors';
import { type Operation, operation } from '#kernel';
import { found, type GraphTarget, graphRow, idParams } from '../graph/graph-context.ts';
import { entityQuery, renderEntity } from '../graph/odata/entity.ts';
import { listErrors, listQuery } from '../graph/odata/page.ts';
import type { EventStream, LoggedEvent } from './event-stream.ts';
import type { IdentityLogs } from './identity-logs.ts';
import { renderLogPage } from './log-page.ts';

const access = { kind: 'directory', permission: 'AuditLog.Read.All' } as const;

export function logOperations(logs: IdentityLogs): readonly Operation<GraphTarget>[] {
  return [
    ...rows(logs, {
      noun: 'SignIn',
      entitySet: 'auditLogs/signIns',
      timeProperty: 'createdDateTime',
      streams: logs.signIns,
    }),
    ...rows(logs, {
      noun: 'DirectoryAudit',
      entitySet: 'auditLogs/directoryAudits',
      timeProperty: 'activityDateTime',
      streams: logs.audits,
    }),
  ];
}

interface Log<T extends LoggedEvent> {
  readonly noun: string;
  readonly entitySet: string;
  readonly timeProperty: string;
  readonly streams: readonly EventStream<T>[];
}

function rows<T extends LoggedEvent>(
  logs: IdentityLogs,
  log: Log<T>,
): readonly Operation<GraphTarget>[] {
  const { noun, entitySet, streams } = log;
  const base = { ...graphRow, method: 'GET', access, success: 200 } as const;
  return [
    operation({
      ...base,
      id: `List${noun}s`,
      path: `/v1.0/${entitySet}`,
      audit: `${noun}List`,
      errors: listErrors,
      query: listQuery,
      handle: async ({ request, query }) => {
        await logs.flush();
        return { body: await renderLogPage({ ...log, request, query }) };
      },
    }),
    operation({
      ...base,
      id: `Get${noun}`,
      path: `/v1.0/${entitySet}/{id}`,
      audit: `${noun}Get`,
      errors: [graphErrors.resourceNotFound],
      params: idParams,
      query: entityQuery,
      handle: async ({ request, params, query }) => {
        await logs.flush();
        const asked = await Promise.all(
          streams.map((stream) => stream.find(params.id.toLowerCase())),
        );
        const event = found(
          asked.find((one) => one !== undefined),
          params.id,
        );
        return { body: renderEntity({ request, entitySet, object: event, query }) };
      },
    }),
  ];
}
