// A vault's network rules as they are stored: IPv4 ranges in CIDR form (`1.2.3.4` becomes
// `1.2.3.4/32`), subnet ids in lower case. It refuses IPv6, private ranges (RFC 1918) and host bits
// behind the mask, as Key Vault does.
import { resourceManagerErrors } from '#errors';
import { ApiError, z } from '#kernel';
import { type NetworkRuleSet, parseResourceId } from '#resources';

const IP_RULES_MAX = 1000;
const SUBNETS_MAX = 200;

export const networkAclsSchema = z.looseObject({
  bypass: z.string().nullish(),
  defaultAction: z.string().nullish(),
  ipRules: z.array(z.looseObject({ value: z.string() })).nullish(),
  virtualNetworkRules: z
    .array(
      z.looseObject({ id: z.string(), ignoreMissingVnetServiceEndpoint: z.boolean().nullish() }),
    )
    .nullish(),
});

export type NetworkAclsInput = z.infer<typeof networkAclsSchema>;

/** Throws BadRequest with what is wrong. */
export function parseNetworkAcls(input: NetworkAclsInput): NetworkRuleSet {
  const ipRules = input.ipRules ?? [];
  const subnets = input.virtualNetworkRules ?? [];
  if (ipRules.length > IP_RULES_MAX) throw invalid('networkAcls.ipRules');
  if (subnets.length > SUBNETS_MAX) throw invalid('networkAcls.virtualNetworkRules');
  return {
    bypass: oneOf(['AzureServices', 'None'], input.bypass ?? 'AzureServices', 'bypass'),
    defaultAction: oneOf(['Allow', 'Deny'], input.defaultAction ?? 'Allow', 'defaultAction'),
    ipRules: ipRules.map(({ value }) => ({ value: parseIpRule(value) })),
    virtualNetworkRules: subnets.map((rule) => ({
      id: parseSubnetId(rule.id),
      ...(rule.ignoreMissingVnetServiceEndpoint != null && {
        ignoreMissingVnetServiceEndpoint: rule.ignoreMissingVnetServiceEndpoint,
      }),
    })),
  };
}

const IPV4_RANGE = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/;

/** `a.b.c.d/n`. */
export function parseIpRule(text: string): string {
  const match = IPV4_RANGE.exec(text.trim());
  const octets = match?.slice(1, 5) ?? [];
  const prefixBits = Number(match?.[5] ?? 32);
  const canonical = octets.every(
    (octet) => Number(octet) <= 255 && String(Number(octet)) === octet,
  );
  if (match === null || !canonical || prefixBits > 32) throw invalid('networkAcls.ipRules');
  const address = octets.reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const size = 2 ** (32 - prefixBits);
  if (address % size !== 0) throw invalid('networkAcls.ipRules');
  if (PRIVATE.some(([first, last]) => address >= first && address <= last)) {
    throw new ApiError(resourceManagerErrors.badRequest, {
      detail:
        `The IP address range '${text.trim()}' is not valid: private ranges (RFC 1918) cannot be ` +
        'used in the rules of a vault.',
    });
  }
  return `${octets.join('.')}/${prefixBits}`;
}

const PRIVATE: readonly (readonly [number, number])[] = [
  [0x0a00_0000, 0x0aff_ffff],
  [0xac10_0000, 0xac1f_ffff],
  [0xc0a8_0000, 0xc0a8_ffff],
];

const SUBNET =
  /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/microsoft\.network\/virtualnetworks\/[^/]+\/subnets\/[^/]+$/;

function parseSubnetId(text: string): string {
  const key = parseResourceId(text)?.key ?? '';
  if (!SUBNET.test(key)) throw invalid('networkAcls.virtualNetworkRules');
  return key;
}

function oneOf<T extends string>(values: readonly T[], given: string, property: string): T {
  const found = values.find((value) => value.toLowerCase() === given.toLowerCase());
  if (found === undefined) throw invalid(`networkAcls.${property}`);
  return found;
}

function invalid(property: string): ApiError {
  return new ApiError(resourceManagerErrors.invalidValue, { property });
}
