// What the conditions of role assignments may look at, put together from the request. Built only
// when a condition has to be evaluated. Conditions on Key Vault know two attributes, the names of
// vault and secret (Azure's preview: secret data actions only).
import type { AttributeValue, ConditionContext } from './condition/index.ts';
import type { Attributes, DataRequest } from './decision.ts';

const VAULT_NAME = 'microsoft.keyvault/vaults:name';
const SECRET_NAME = 'microsoft.keyvault/vaults/secrets:name';
const SECRET_PREFIX = 'secrets/';
// These two name the secret in the request; all others act on a secret that is there (@Resource).
const REQUEST_ACTIONS: ReadonlySet<string> = new Set([
  'microsoft.keyvault/vaults/secrets/setsecret/action',
  'microsoft.keyvault/vaults/secrets/restore/action',
]);

// No call comes through a private link, nor out of a subnet that is known: conditions on private
// endpoints and subnets are undecided and allow nothing.
const PUBLIC_NETWORK: readonly (readonly [string, AttributeValue])[] = [['isprivatelink', false]];

export interface ContextInput {
  /** Lower-case. */
  readonly action: string;
  readonly attributes: Attributes | undefined;
  readonly nowMs: number;
  /** Set for data actions. */
  readonly data?: DataRequest | undefined;
}

export function conditionContext(input: ContextInput): ConditionContext {
  const { action, attributes = {}, nowMs, data } = input;
  const names = data ? nameAttributes(data) : new Map<string, AttributeValue>();
  const asRequest = REQUEST_ACTIONS.has(action);
  const vaultName = names.get(VAULT_NAME);
  const resource = asRequest ? new Map<string, AttributeValue>() : names;
  if (vaultName !== undefined) resource.set(VAULT_NAME, vaultName);
  const request = asRequest ? names : new Map<string, AttributeValue>();
  if (attributes.subOperation !== undefined) request.set('suboperation', attributes.subOperation);
  return {
    action,
    subOperation: attributes.subOperation,
    partial: attributes.partial,
    attributes: {
      resource: addAttributes(resource, attributes.resource),
      request: addAttributes(request, attributes.request),
      principal: addAttributes(new Map(), attributes.principal),
      environment: addAttributes(new Map(PUBLIC_NETWORK), attributes.environment).set(
        'utcnow',
        new Date(nowMs).toISOString(),
      ),
    },
  };
}

function nameAttributes(data: DataRequest): Map<string, AttributeValue> {
  const names = new Map<string, AttributeValue>([[VAULT_NAME, data.vault.name]]);
  const object = data.access.at === 'object' ? (data.objectScope ?? '') : '';
  if (object.toLowerCase().startsWith(SECRET_PREFIX)) {
    names.set(SECRET_NAME, object.slice(SECRET_PREFIX.length));
  }
  return names;
}

/**
 * What the plane knows better (the name as stored, the role being assigned) replaces the default.
 */
function addAttributes(
  into: Map<string, AttributeValue>,
  given: Readonly<Record<string, AttributeValue>> | undefined,
): Map<string, AttributeValue> {
  for (const [name, value] of Object.entries(given ?? {})) into.set(name.toLowerCase(), value);
  return into;
}
