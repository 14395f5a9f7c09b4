import ipaddr from 'ipaddr.js';
import { type AddressPolicy, meantBy } from './address-guard.js';

/** Where an operator's own servers are. */
const ALLOWED = new Set(['unicast', 'private', 'loopback', 'uniqueLocal', 'carrierGradeNat']);
/** IPv6 addresses of `unicast` that are part of no network yet. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3');
/** What clouds answer virtual machines at, with credentials, outside of the link-local networks. */
const METADATA = [
  '168.63.129.16/32', // Azure
  '100.100.100.200/32', // Alibaba
  'fd00:ec2::/32', // AWS
  'fd20:ce::/32', // Google
].map((network) => ipaddr.parseCIDR(network));

/**
 * Which IP addresses may be called because a setting names them, or a name that leads to them: public and private ones
 * and the loopback. Never link-local ones and the metadata services of clouds, whatever DNS says.
 */
export class SettingsGuard implements AddressPolicy {
  readonly advice = 'no setting can allow it';

  refusalOf(text: string): string | undefined {
    const address = meantBy(text);
    const range: string = address.range();
    if (METADATA.some(([network, bits]) => address.kind() === network.kind() && address.match(network, bits))) {
      return 'metadata';
    }
    if (!ALLOWED.has(range)) return range;
    const isUnassigned = range === 'unicast' && address.kind() === 'ipv6' && !address.match(...GLOBAL_UNICAST);
    return isUnassigned ? 'reserved' : undefined;
  }
}
