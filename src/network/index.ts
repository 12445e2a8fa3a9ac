export { type ClientAddress, clientNetwork, parseClientAddress } from './address.ts';
export { decideNetwork, type NetworkRequest, type NetworkVerdict } from './decide.ts';
export { decideReach, isAddress, type Reach } from './reach.ts';
export { type IpRule, networkRuleLimits, parseIpRule, parseSubnetId } from './rules.ts';
