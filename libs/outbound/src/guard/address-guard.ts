import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = [Address, number];

// RFC 4291: IPv4-mapped. The kernel connects to the IPv4 address.
const MAPPED = ipaddr.parseCIDR('::ffff:0:0/96');

/** What IPv6 addresses of these networks stand for is in the four bytes from `at` on. */
const EMBEDDED: readonly { network: Network; at: number }[] = [
  { network: MAPPED, at: 12 },
  // RFC 6052: NAT64. RFC 8215's prefix for local use is not among them: it is refused.
  { network: ipaddr.parseCIDR('64:ff9b::/96'), at: 12 },
  // RFC 3056: 6to4.
  { network: ipaddr.parseCIDR('2002::/16'), at: 2 },
];

/** All of the public IPv6 internet; what is outside (IPv4-compatible, SRv6 and the rest) is no place to call. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3');
/** Public by its number, and answered by the host of a virtual machine in Azure all the same. */
const METADATA = ipaddr.parseCIDR('168.63.129.16/32');

/** Decides which IP addresses may be called. */
export interface AddressPolicy {
  /** For the message of a refusal: what could be done about it. */
  readonly advice: string;
  /** The kind of address that is refused; undefined for one that may be called. */
  refusalOf(text: string): string | undefined;
}

/**
 * Which IP addresses this service may call: public ones, and the networks that are allowed on top. Private, loopback,
 * link-local (and with it the metadata services of clouds), unique-local, shared, multicast, unspecified, broadcast,
 * documentation and other special ranges (RFC 6890) are not public; an IPv6 address that stands for an IPv4 address is
 * judged as that one.
 */
export class AddressGuard implements AddressPolicy {
  readonly advice = 'OUTBOUND_ALLOWED_CIDRS may allow it';
  private readonly allowed: readonly Network[];

  /** Takes networks in CIDR notation, and addresses. */
  constructor(allowedCidrs: readonly string[]) {
    this.allowed = allowedCidrs.map(networkOf);
  }

  refusalOf(text: string): string | undefined {
    const address = ipaddr.parse(text);
    const meant = meantBy(text);
    if (this.allowed.some((network) => isIn(meant, network) || isIn(address, network))) return undefined;
    return specialRangeOf(meant);
  }
}

/** The address that is reached by this one: of an IPv6 address that stands for an IPv4 address, that one. */
export function meantBy(text: string): Address {
  const address = ipaddr.parse(text);
  return embeddedIn(address) ?? address;
}

function networkOf(text: string): Network {
  const [address, bits] = text.includes('/') ? ipaddr.parseCIDR(text) : wholly(ipaddr.parse(text));
  const mapped = address.kind() === 'ipv6' && bits >= 96 ? embeddedIn(address) : undefined;
  return mapped && isIn(address, MAPPED) ? [mapped, bits - 96] : [address, bits];
}

function wholly(address: Address): Network {
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function isIn(address: Address, [network, bits]: Network): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}

function embeddedIn(address: Address): Address | undefined {
  const form = EMBEDDED.find(({ network }) => isIn(address, network));
  return form && ipaddr.fromByteArray(address.toByteArray().slice(form.at, form.at + 4));
}

function specialRangeOf(address: Address): string | undefined {
  const range: string = address.range();
  if (range !== 'unicast') return range;
  if (isIn(address, METADATA)) return 'metadata';
  return address.kind() === 'ipv4' || isIn(address, GLOBAL_UNICAST) ? undefined : 'reserved';
}
