// Where answers differ from the recordings for a reason. Both lists may only shrink: a recording
// that is excluded and passes all the same fails the test.
import { builtInRoles } from '#resources';
import type { Difference } from './replay.ts';

export interface KnownDifference {
  readonly reason: string;
  readonly matches: (difference: Difference) => boolean;
}

const BUILT_IN_ROLE =
  /^\/value\[roledefinitions\/([0-9a-f-]{36})\]\/properties\/(description|permissions)(\/|$)/i;
const builtInNames = new Set(builtInRoles.map(({ name }) => name));

function withoutNumber(location: unknown): string {
  return String(location).replace(/\d+\/pending$/, '/pending');
}

/** Single values that may differ in any recording; everything else in it still has to agree. */
export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    reason:
      'Azure has rewritten descriptions and permissions of its built-in roles since 2018; ' +
      'ours are those of 2026',
    matches: ({ at }) => builtInNames.has(BUILT_IN_ROLE.exec(at)?.[1]?.toLowerCase() ?? ''),
  },
  {
    reason:
      'the recorded vaults had issuers from before the recording; those that it makes are all ' +
      'in the list (never more than two)',
    matches: ({ operation, kind, actual }) =>
      operation === 'GET /certificates/issuers' &&
      kind === 'missing item' &&
      /^absent among [12]$/.test(String(actual)),
  },
  {
    reason:
      'the recorder gave these certificates other names, but left the real ones in the Location',
    matches: ({ kind, at, expected, actual }) =>
      kind === 'id' &&
      at === 'header location' &&
      withoutNumber(expected) === withoutNumber(actual),
  },
  {
    reason:
      "a certificate's times are its own, whatever is given; the recorded client sends the same " +
      'back, and the kit makes other ones of them',
    matches: ({ operation, at, expected, actual }) =>
      operation.includes('/certificates/') &&
      (at === '/attributes/nbf' || at === '/attributes/exp') &&
      Math.abs(Number(expected) - Number(actual)) <= 120,
  },
];

const REPLICATION =
  'records how Azure does not know a new principal for some seconds (PrincipalNotFound); ' +
  'here a principal is known at once, and the kit can only name one that exists';
const OTHER_SERVICE = 'assigns a role of a service other than Key Vault, which is not offered';
const ROLE_RENAMED =
  'the kit gives roles other names and ids, so neither a built-in id nor an empty name is sent';
const OLD_ROLE_ANSWER =
  'of 2016: absent notActions came back as null, in a role of a subscription that is not ours; ' +
  'every later recording has an empty list';
const KIT_GROUP = 'the kit has made the resource group that the recording expects to be absent';
const OLD_GROUP_ANSWER = 'of 2016: a second PUT of a group was 201; every later recording has 200';
const ONE_ID =
  'the recording blanked tenant, subscription and people to one id, so the kit sends a wrong one';
const NO_SOFT_DELETE =
  'of before soft-delete was always on: a deleted vault could be created anew at once';
const DISORDERED = 'the kit looks for the absence of the vault before it deletes it';

const HTML_ANSWER = 'the recorded refusal is an HTML error page of the web server';
const OTHER_REQUEST = 'the recorded answers do not follow from the recorded requests';
const KIT_VAULT = 'the kit does not make the vault that the recording talks to';
const OTHER_PERSON =
  'the recorded access policies are for who signed in then; the kit calls as somebody else';
const OTHER_CERTIFICATE =
  'the kit signs a certificate of its own for the request, and still expects the recorded one';
const UNMADE_VERSION = 'uses a version of a key that the recording never makes';

/** Recording → why it does not pass. */
export const EXCLUSIONS: ReadonlyMap<string, string> = new Map([
  ['certificates/cli-keyvault-certificate-crud', KIT_VAULT],
  ['certificates/cli-keyvault-certificate-soft-delete', KIT_VAULT],
  ['certificates/cli-keyvault-softdelete', KIT_VAULT],
  ['certificates/net-certificateclientlivetests-validatemergecertificate', OTHER_CERTIFICATE],
  ['keys/go-azkeys-testbackupkey-testbackupkey-non-hsm', HTML_ANSWER],
  [
    'keys/go-azkeys-testupdatekeypropertiesimmutable-testupdatekeypropertiesimmutable-non-hsm',
    OTHER_REQUEST,
  ],
  ['keys/py-crypto-client-test-sign-and-verify', OTHER_REQUEST],
  ['crypto/cli-keyvault-key', KIT_VAULT],
  ['crypto/net-operations-encryptdecryptwithdifferentkeyversions', UNMADE_VERSION],
  ['rbac/cli-create-for-rbac', REPLICATION],
  ['rbac/cli-create-for-rbac-with-cert', REPLICATION],
  ['rbac/cli-create-for-rbac-with-secret', REPLICATION],
  ['rbac/cli-test-create-for-rbac-with-cert', REPLICATION],
  ['rbac/cli-test-create-for-rbac-with-secret', REPLICATION],
  ['rbac/cli-test-role-create-scenario', OLD_ROLE_ANSWER],
  ['rbac/net-authorization-tests-basictests-roleassignmentbyidtests', OTHER_SERVICE],
  ['rbac/net-authorization-tests-basictests-roleassignmentscreatedeletetests', OTHER_SERVICE],
  ['rbac/net-authorization-tests-basictests-roledefinitioncreatetests', ROLE_RENAMED],
  ['rbac/net-basictests-roleassignmentbyidtests', OTHER_SERVICE],
  ['rbac/net-basictests-roleassignmentlistbyfiltertest', OTHER_SERVICE],
  ['rbac/net-basictests-roleassignmentslistgettests', OTHER_SERVICE],
  ['rbac/net-basictests-roledefinitioncreatetests', ROLE_RENAMED],
  ['rbac/py-cli-mgmt-authorization-test-role-assignment-by-id', OTHER_SERVICE],
  ['resourcegroups/cli-resource-group', KIT_GROUP],
  ['resourcegroups/py-mgmt-authorization-test-authorization', OLD_GROUP_ANSWER],
  ['resourcegroups/py-mgmt-resource-test-resource-groups', KIT_GROUP],
  ['vaults/cli-create-for-rbac-with-existing-kv-cert', OTHER_PERSON],
  ['vaults/cli-create-for-rbac-with-new-kv-cert', OTHER_PERSON],
  ['vaults/cli-keyvault-certificate-import', OTHER_PERSON],
  ['vaults/go-testkeysclient', ONE_ID],
  ['vaults/go-testvaultsclient', ONE_ID],
  ['vaults/js-keyvault-test-vaults-create-test', ONE_ID],
  [
    'vaults/net-keyvault-management-tests-vaultoperationstest-keyvaultmanagementrecoverdeletedvault',
    NO_SOFT_DELETE,
  ],
  [
    'vaults/net-t-tests-vaultoperationstest-keyvaultmanagementvaulttestcompoundidentityaccesscontrolpolicy',
    DISORDERED,
  ],
  ['vaults/net-vaultoperationstest-keyvaultmanagementvaultcreateupdatedelete', DISORDERED],
  [
    'vaults/net-vaultoperationstest-keyvaultmanagementvaulttestcompoundidentityaccesscontrolpolicy',
    DISORDERED,
  ],
  ['vaults/py-cli-mgmt-keyvault-pytestmgmtkeyvaulttest-keyvault', ONE_ID],
]);
