// `POST /providers/Strongroom.Authorization/explain`: would this principal be allowed that, there,
// from that address, and why? Our own, no operation of Azure's. It asks for the right to read all
// of authorization at the scope (`Microsoft.Authorization/*/read`); it opens and changes nothing.
import type { DataAccess, ExplainRequest, Explanation } from '#authorization';
import { resourceManagerErrors } from '#errors';
import { ApiError, type Principal, z } from '#kernel';
import { decideNetwork, isAddress } from '#network';
import { parseResourceId, type Vault } from '#resources';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow } from '../arm-row.ts';
import { checkContainers, findVault } from '../containers.ts';
import type { ArmCall } from '../handling.ts';
import type { Management } from '../management.ts';
import { actionsByNamespace } from '../providers/actions.ts';

const NEEDED = (actionsByNamespace['Microsoft.Authorization'] ?? [])
  .map(({ name }) => name)
  .filter((name) => name.endsWith('/read'));
const VAULT_SEGMENTS = 8;

const explainSchema = z
  .strictObject({
    /** Object id of a user or service principal, or one of the two names. */
    principalId: z.guid().optional(),
    userPrincipalName: z.string().max(256).optional(),
    appId: z.guid().optional(),
    /** For a user: the application he is signed in through. */
    applicationId: z.guid().optional(),
    /** An action or data action; or an operation such as `GetSecret` or `Vaults_Update`. */
    action: z.string().max(512).optional(),
    operation: z.string().max(128).optional(),
    scope: z.string().max(2048),
    clientAddress: z.string().max(64).refine(isAddress).optional(),
  })
  .refine(({ action, operation }) => (action === undefined) !== (operation === undefined), {
    path: ['action'],
  });

type ExplainInput = z.infer<typeof explainSchema>;

/** `armRows`: every row of the management plane, so that its operations can be asked about. */
export function explainRows(
  management: Management,
  armRows: () => readonly ArmRow[],
): readonly ArmRow[] {
  return [
    armRow(
      {
        id: 'Authorization_Explain',
        method: 'POST',
        path: '/providers/Strongroom.Authorization/explain',
        versions: armVersions.strongroom,
        access: { kind: 'action', action: 'Microsoft.Authorization/*/read' },
        audit: 'AuthorizationExplain',
        success: 200,
        errors: [resourceManagerErrors.principalNotFound, resourceManagerErrors.resourceNotFound],
        body: explainSchema,
        handle: (call: ArmCall<ExplainInput>) => ({
          body: explainCall(management, call, armRows()),
        }),
      },
      { decidedBy: 'handler' },
    ),
  ];
}

function explainCall(
  management: Management,
  call: ArmCall<ExplainInput>,
  armRows: readonly ArmRow[],
): unknown {
  const { scope } = call.body;
  for (const action of NEEDED) management.require(call, { action, scope });
  checkContainers(management, scope);
  const input = { ...call.body, ...namedAction(call.body, armRows) };
  const principal = principalOf(management, input);
  const asked = askedOf(management, input, principal);
  const explanation = management.authorizer.explain(asked);
  return {
    principalId: principal.objectId,
    action: asked.kind === 'data' ? asked.request.access.action : asked.request.action,
    scope,
    ...explanation,
    names: namesIn(management, [principal.objectId, ...idsIn(explanation)]),
  };
}

/** The action behind an operation of this plane; those of the vaults are looked up as such. */
function namedAction(
  { operation }: ExplainInput,
  armRows: readonly ArmRow[],
): Pick<ExplainInput, 'action' | 'operation'> {
  const wanted = operation?.toLowerCase();
  const row = armRows.find((one) => one.operation.id.toLowerCase() === wanted);
  return row?.operation.access.kind === 'action'
    ? { operation: undefined, action: row.operation.access.action }
    : {};
}

/** Everyone that an explanation speaks of. */
function idsIn({ steps, remedies }: Explanation): readonly string[] {
  const inSteps = steps.flatMap((step) => {
    if (step.step === 'roleAssignment') return [step.principalId, ...step.groupPath];
    return step.step === 'accessPolicy' ? [step.objectId, ...step.groupPath] : [];
  });
  const inRemedies = remedies.flatMap(({ anyOf }) =>
    anyOf.flatMap((each) => ('principalId' in each ? [each.principalId] : [])),
  );
  return [...inSteps, ...inRemedies];
}

/** Object id → display name, for those that the directory knows. */
function namesIn({ directory }: Management, ids: readonly string[]): Record<string, string> {
  const names: Record<string, string> = {};
  for (const id of ids) {
    const found = directory.user(id) ?? directory.group(id) ?? directory.servicePrincipal(id);
    if (found?.displayName != null) names[id] = found.displayName;
  }
  return names;
}

function askedOf(
  management: Management,
  input: ExplainInput,
  principal: Principal,
): ExplainRequest {
  const nowMs = management.clock.now();
  const access = dataAccessOf(management, input);
  if (access === undefined) {
    const action = input.action ?? '';
    return { kind: 'action', request: { principal, action, scope: input.scope, nowMs } };
  }
  const { vault, objectScope } = vaultAt(management, input.scope);
  return {
    kind: 'data',
    request: { principal, vault, objectScope, access, nowMs },
    ...(input.clientAddress !== undefined && {
      network: networkStep(vault, input.clientAddress),
    }),
  };
}

/** The data access that was asked about; `undefined` for a control-plane action. */
function dataAccessOf(
  { vaultOperations }: Management,
  { action, operation, scope }: ExplainInput,
): DataAccess | undefined {
  for (const row of vaultOperations) {
    if (row.access.kind !== 'data') continue;
    if (operation !== undefined && row.id.toLowerCase() === operation.toLowerCase()) {
      return row.access;
    }
    if (action !== undefined && row.access.action.toLowerCase() === action.toLowerCase()) {
      return { ...row.access, at: placeOf(scope) };
    }
  }
  if (operation !== undefined) {
    throw new ApiError(resourceManagerErrors.invalidValue, { property: 'operation' });
  }
  const known = Object.values(actionsByNamespace).flat();
  const named = known.find(({ name }) => name.toLowerCase() === action?.toLowerCase());
  if (named === undefined) {
    // A wrong letter must not read as allowed, only because somebody's role holds `*`.
    throw new ApiError(resourceManagerErrors.invalidValue, { property: 'action' });
  }
  if (!named.isDataAction) return undefined;
  return { kind: 'data', action: named.name, policy: [], at: placeOf(scope) };
}

function placeOf(scope: string): DataAccess['at'] {
  return (parseResourceId(scope)?.segments.length ?? 0) > VAULT_SEGMENTS ? 'object' : 'vault';
}

function vaultAt(
  management: Management,
  scope: string,
): { readonly vault: Vault; readonly objectScope: string | undefined } {
  const segments = parseResourceId(scope)?.segments ?? [];
  const [, subscriptionId = '', , resourceGroup = '', , , type = '', name = ''] = segments;
  if (type.toLowerCase() !== 'vaults') {
    throw new ApiError(resourceManagerErrors.invalidValue, { property: 'scope' });
  }
  const vault = findVault(management, { subscriptionId, resourceGroup, name });
  const object = segments.slice(VAULT_SEGMENTS).join('/');
  return { vault, objectScope: object === '' ? undefined : object };
}

function networkStep(vault: Vault, clientAddress: string) {
  return {
    clientAddress,
    ...decideNetwork({
      rules: vault.networkAcls,
      publicNetworkAccess: vault.publicNetworkAccess,
      clientAddress,
      trustedService: false,
      privateLink: false,
    }),
  };
}

/** As the principal would be after signing in. */
function principalOf(
  { directory, tenantId, endpoints }: Management,
  input: ExplainInput,
): Principal {
  const user =
    input.userPrincipalName === undefined
      ? directory.user(input.principalId ?? '')
      : directory.userByName(input.userPrincipalName);
  const service =
    input.appId === undefined
      ? directory.servicePrincipal(input.principalId ?? '')
      : directory.servicePrincipalByAppId(input.appId);
  const found = user ?? service;
  if (found === undefined) {
    const id = input.principalId ?? input.userPrincipalName ?? input.appId ?? '';
    throw new ApiError(resourceManagerErrors.principalNotFound, { id, tenantId });
  }
  return {
    type: user === undefined ? 'ServicePrincipal' : 'User',
    tenantId,
    objectId: found.id,
    applicationId: user === undefined ? (service?.appId ?? '') : (input.applicationId ?? ''),
    issuer: `${endpoints.login}/${tenantId}/`,
    claims: {},
  };
}
