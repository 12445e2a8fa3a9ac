// Whether a vault's firewall lets a request in. Pure. It filters the data plane only, and says
// nothing about what the caller may do inside. The order of the steps is Azure's
// (network-security.md): private link, public access, trusted services, default action, rules.
import type { NetworkRuleSet } from '#resources';
import { type Ipv4Range, isInRange, parseClientAddress, parseIpv4Range } from './address.ts';

export interface NetworkRequest {
  /** The vault's `networkAcls`; `undefined`: never set, everyone may come. */
  readonly rules: NetworkRuleSet | undefined;
  /** `Enabled`, `Disabled` or `SecuredByPerimeter`; `undefined` means enabled. */
  readonly publicNetworkAccess: string | undefined;
  readonly clientAddress: string;
  /** The caller is one of Azure's trusted services. */
  readonly trustedService: boolean;
  /** The request came through an approved private endpoint connection. */
  readonly privateLink: boolean;
  /** Subnet that the request came from, where the network tells. */
  readonly subnetId?: string;
}

export type NetworkVerdict =
  | {
      readonly admitted: true;
      readonly by: 'privateLink' | 'trustedService' | 'noRules' | 'defaultAction';
    }
  | { readonly admitted: true; readonly by: 'ipRule' | 'virtualNetworkRule'; readonly rule: string }
  | Refusal;

interface Refusal {
  readonly admitted: false;
  readonly reason: 'firewall' | 'publicAccessDisabled';
  /** As the rules compared it: IPv4 where the socket reported an IPv4-mapped address. */
  readonly clientAddress: string;
  /** Whether a trusted service would have been let in. */
  readonly bypass: 'AzureServices' | 'None';
}

const BYPASS_DEFAULT = 'AzureServices';

export function decideNetwork(request: NetworkRequest): NetworkVerdict {
  const { rules, trustedService } = request;
  const bypass = rules?.bypass ?? BYPASS_DEFAULT;
  const trusted = trustedService && bypass === 'AzureServices';
  if (request.privateLink) return { admitted: true, by: 'privateLink' };

  switch (publicAccess(request.publicNetworkAccess)) {
    case 'enabled':
      break;
    case 'perimeter':
      // The perimeter's own rules would decide, and bypass does not count there; there are none
      // here.
      return refused(request, 'publicAccessDisabled', 'None');
    case 'disabled':
      return trusted
        ? { admitted: true, by: 'trustedService' }
        : refused(request, 'publicAccessDisabled', bypass);
  }
  if (rules === undefined) return { admitted: true, by: 'noRules' };
  if (trusted) return { admitted: true, by: 'trustedService' };
  if (rules.defaultAction === 'Allow') return { admitted: true, by: 'defaultAction' };
  return matchRules(rules, request) ?? refused(request, 'firewall', bypass);
}

function refused(
  request: NetworkRequest,
  reason: Refusal['reason'],
  bypass: Refusal['bypass'],
): Refusal {
  const clientAddress = parseClientAddress(request.clientAddress)?.text ?? request.clientAddress;
  return { admitted: false, reason, clientAddress, bypass };
}

/** A value nobody knows closes the vault rather than opening it. */
function publicAccess(text: string | undefined): 'enabled' | 'disabled' | 'perimeter' {
  switch (text?.toLowerCase()) {
    case undefined:
    case '':
    case 'enabled':
      return 'enabled';
    case 'securedbyperimeter':
      return 'perimeter';
    default:
      return 'disabled';
  }
}

function matchRules(rules: NetworkRuleSet, request: NetworkRequest): NetworkVerdict | undefined {
  const client = parseClientAddress(request.clientAddress);
  const ipRule = client && rangesOf(rules).find(({ range }) => isInRange(client, range));
  if (ipRule) return { admitted: true, by: 'ipRule', rule: ipRule.rule };
  const subnet = request.subnetId?.toLowerCase();
  const network = rules.virtualNetworkRules.find(({ id }) => id.toLowerCase() === subnet);
  return network && { admitted: true, by: 'virtualNetworkRule', rule: network.id };
}

interface ParsedRule {
  readonly rule: string;
  readonly range: Ipv4Range;
}

// Records are replaced, never changed, so what was read once from one stays true of it.
const parsed = new WeakMap<NetworkRuleSet, readonly ParsedRule[]>();

function rangesOf(rules: NetworkRuleSet): readonly ParsedRule[] {
  const known = parsed.get(rules);
  if (known) return known;
  const ranges = rules.ipRules.flatMap(({ value }): ParsedRule[] => {
    const range = parseIpv4Range(value);
    return range ? [{ rule: value, range }] : [];
  });
  parsed.set(rules, ranges);
  return ranges;
}
