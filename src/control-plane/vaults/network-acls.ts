// A vault's network rules, from what a request says to what is stored. What an address range or a
// subnet id may be is `#network`'s to say; this refuses the whole list if one rule is wrong.
import { resourceManagerErrors } from '#errors';
import { ApiError, z } from '#kernel';
import { networkRuleLimits, parseIpRule, parseSubnetId } from '#network';
import { type NetworkRuleSet, parseResourceId } from '#resources';

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
  if (ipRules.length > networkRuleLimits.ipRulesMax) throw invalid('networkAcls.ipRules');
  if (subnets.length > networkRuleLimits.virtualNetworkRulesMax)
    throw invalid('networkAcls.virtualNetworkRules');
  return {
    bypass: oneOf(['AzureServices', 'None'], input.bypass ?? 'AzureServices', 'bypass'),
    defaultAction: oneOf(['Allow', 'Deny'], input.defaultAction ?? 'Allow', 'defaultAction'),
    ipRules: ipRules.map(({ value }) => ({ value: storedIpRule(value) })),
    virtualNetworkRules: subnets.map((rule) => ({
      id: storedSubnetId(rule.id),
      ...(rule.ignoreMissingVnetServiceEndpoint != null && {
        ignoreMissingVnetServiceEndpoint: rule.ignoreMissingVnetServiceEndpoint,
      }),
    })),
  };
}

function storedIpRule(text: string): string {
  const rule = parseIpRule(text.trim());
  if (rule.valid) return rule.value;
  if (rule.reason === 'notIpv4') throw invalid('networkAcls.ipRules');
  throw new ApiError(resourceManagerErrors.badRequest, {
    detail:
      `The IP address range '${text.trim()}' is not valid: private ranges (RFC 1918) cannot be ` +
      'used in the rules of a vault.',
  });
}

function storedSubnetId(text: string): string {
  const id = parseResourceId(text) && parseSubnetId(text);
  if (id === undefined) throw invalid('networkAcls.virtualNetworkRules');
  return id;
}

function oneOf<T extends string>(values: readonly T[], given: string, property: string): T {
  const found = values.find((value) => value.toLowerCase() === given.toLowerCase());
  if (found === undefined) throw invalid(`networkAcls.${property}`);
  return found;
}

function invalid(property: string): ApiError {
  return new ApiError(resourceManagerErrors.invalidValue, { property });
}
