// Changes of the directory as Microsoft Graph's `directoryAudit` has them, made from what the
// pipeline knows of a request and the records that it changed; refused attempts too.
// https://learn.microsoft.com/graph/api/resources/directoryaudit
import type { AuditedRequest } from '#audit';
import type { Directory } from '#directory';
import type { RecordChange } from './change-ledger.ts';
import { type DescribedChange, describeChange } from './described-change.ts';
import type { EventStamp } from './event-id.ts';

const TEXT_MAX = 256;
const WRITES = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
/** POSTs that ask. */
const QUESTIONS = /^(Member(Groups|Objects)(Get|Check)|DirectoryObjectsGetByIds|Authentication)$/;

export type DirectoryEvent = Pick<
  DescribedChange,
  'category' | 'activityDisplayName' | 'operationType'
> & {
  readonly id: string;
  readonly activityDateTime: string;
  readonly correlationId: string;
  readonly loggedByService: 'Core Directory';
  readonly result: 'success' | 'failure';
  readonly resultReason: string;
  readonly initiatedBy: {
    readonly user: object | null;
    readonly app: object | null;
  };
  readonly targetResources: readonly DescribedChange['target'][];
  readonly additionalDetails: readonly [];
  /** Not Graph's: how many like it this one stands for. */
  readonly occurrences: number;
};

export interface DirectoryEventInput {
  readonly outcome: AuditedRequest;
  readonly changes: readonly RecordChange[];
  readonly directory: Directory;
  readonly stamp: () => EventStamp;
}

/** One for each changed object; one for a refused attempt; none for what only reads. */
export function describeDirectoryChanges(input: DirectoryEventInput): readonly DirectoryEvent[] {
  const { outcome, changes, directory } = input;
  const common = {
    correlationId: limit(outcome.request.headers['client-request-id'] || outcome.request.id),
    loggedByService: 'Core Directory',
    initiatedBy: describeInitiator(outcome, directory),
    additionalDetails: [],
    occurrences: 1,
  } as const;
  const stamped = () => {
    const { id, timeMs } = input.stamp();
    return { id, activityDateTime: new Date(timeMs).toISOString() };
  };
  const isFailure = outcome.status >= 400;
  if (changes.length > 0) {
    return changes.map((change) => {
      const { target, ...activity } = describeChange(change);
      const resultReason = isFailure ? limit(outcome.message ?? '') : '';
      // A record that was committed stays committed, even if the request failed later on.
      return {
        ...stamped(),
        ...activity,
        ...common,
        result: 'success',
        resultReason,
        targetResources: [target],
      };
    });
  }
  if (!isFailure || !isAttempt(outcome)) return [];
  return [
    {
      ...stamped(),
      ...describeAttempt(outcome),
      ...common,
      result: 'failure',
      resultReason: limit(outcome.message ?? outcome.errorCode ?? ''),
      targetResources: [targetOf(outcome, directory)],
    },
  ];
}

function isAttempt({ plane, request, operation, principal }: AuditedRequest): boolean {
  if (plane !== 'graph' || principal === undefined) return false;
  return WRITES.has(request.method) && !QUESTIONS.test(operation.name);
}

/** `UserUpdate` → `User update`. */
function describeAttempt({ request, operation }: AuditedRequest) {
  const words = operation.name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  const types = { POST: 'Add', DELETE: 'Delete' } as const;
  const operationType =
    request.method === 'POST' || request.method === 'DELETE' ? types[request.method] : 'Update';
  return {
    category: 'DirectoryManagement',
    activityDisplayName: words.charAt(0).toUpperCase() + words.slice(1),
    operationType,
  } as const;
}

function targetOf({ request }: AuditedRequest, directory: Directory): DescribedChange['target'] {
  const [, collection = '', given = ''] = request.path.split('/').slice(1);
  const id = given.toLowerCase();
  const application = directory.application(id);
  const type = directory.principalType(id) ?? (application ? 'Application' : 'Other');
  return {
    id: limit(given) || null,
    displayName: directory.displayName(id) ?? application?.displayName ?? limit(collection),
    type,
    userPrincipalName: directory.user(id)?.userPrincipalName ?? null,
    groupType: type === 'Group' ? 'azureAD' : null,
    modifiedProperties: [],
  };
}

function describeInitiator({ principal, request }: AuditedRequest, directory: Directory) {
  if (principal === undefined) return { user: null, app: null };
  const { objectId, applicationId } = principal;
  if (principal.type === 'User') {
    const user = directory.user(objectId);
    return {
      user: {
        id: objectId,
        displayName: user?.displayName ?? null,
        userPrincipalName: user?.userPrincipalName ?? null,
        ipAddress: request.clientAddress,
      },
      app: null,
    };
  }
  const displayName = directory.servicePrincipal(objectId)?.displayName ?? null;
  return {
    user: null,
    app: {
      appId: applicationId,
      displayName,
      servicePrincipalId: objectId,
      servicePrincipalName: null,
    },
  };
}

function limit(value: string): string {
  return value.slice(0, TEXT_MAX);
}
