import ipaddr from 'ipaddr.js';
import { type AddressPolicy, effectiveAddress } from './address-guard.js';

/** Ranges in which an operator's own servers may be. */
const ALLOWED = new Set(['unicast', 'private', 'loopback', 'uniqueLocal', 'carrierGradeNat']);
/** ipaddr.js calls IPv6 addresses outside of it `unicast` too, though they are not assigned. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3');
/** Metadata services of clouds, which give credentials, outside of the link-local networks. */
const METADATA = [
  '168.63.129.16/32', // Azure
  '100.100.100.200/32', // Alibaba
  'fd00:ec2::/32', // AWS
  'fd20:ce::/32', // Google
].map((network) => ipaddr.parseCIDR(network));

/**
 * The policy for servers that a setting names, by address or by host name: public, private and loopback addresses.
 * Never link-local addresses and metadata services of clouds, whatever DNS says.
 */
export class SettingsGuard implements AddressPolicy {
  readonly advice = 'no setting can allow it';
  readonly trustAdvice = 'trust it with NODE_EXTRA_CA_CERTS';

  findRefusal(text: string): string | undefined {
    const address = effectiveAddress(text);
    const range: string = address.range();
    if (METADATA.some(([network, bits]) => address.kind() === network.kind() && address.match(network, bits))) {
      return 'metadata';
    }
    if (!ALLOWED.has(range)) return range;
    const isUnassigned = range === 'unicast' && address.kind() === 'ipv6' && !address.match(...GLOBAL_UNICAST);
    return isUnassigned ? 'reserved' : undefined;
  }
}
