import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = [Address, number];

// RFC 4291: IPv4-mapped. The kernel connects to the IPv4 address.
const MAPPED = ipaddr.parseCIDR('::ffff:0:0/96');

/** IPv6 networks whose addresses embed an IPv4 address, in the four bytes from `at` on. */
const EMBEDDED: readonly { network: Network; at: number }[] = [
  { network: MAPPED, at: 12 },
  // RFC 6052: NAT64. RFC 8215's prefix for local use is not listed here: it is refused.
  { network: ipaddr.parseCIDR('64:ff9b::/96'), at: 12 },
  // RFC 3056: 6to4.
  { network: ipaddr.parseCIDR('2002::/16'), at: 2 },
];

/** The public IPv6 internet. Everything else (IPv4-compatible, SRv6 and so on) is refused. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3');
/** A public address, but inside Azure the host of the virtual machine answers it. */
const METADATA = ipaddr.parseCIDR('168.63.129.16/32');

/** Decides which IP addresses may be called. */
export interface AddressPolicy {
  /** How an operator may allow a refused address; part of the error message. */
  readonly advice: string;
  /** How an operator may trust the certificate of a server; part of the error message. */
  readonly trustAdvice: string;
  /** Returns the kind of range that an address is refused for, or undefined if it may be called. */
  findRefusal(address: string): string | undefined;
}

/**
 * Allows public addresses and the configured networks. Refuses private, loopback, link-local (which includes the metadata
 * services of clouds), unique-local, shared, multicast and the other special ranges of RFC 6890. An IPv6 address that
 * embeds an IPv4 address is judged as that IPv4 address.
 */
export class AddressGuard implements AddressPolicy {
  readonly advice = 'OUTBOUND_ALLOWED_CIDRS may allow it';
  readonly trustAdvice = 'trust it with OUTBOUND_CA_FILE, or tls_ca of the endpoint';
  private readonly allowed: readonly Network[];

  /** Takes networks in CIDR notation and single addresses. */
  constructor(allowedCidrs: readonly string[]) {
    this.allowed = allowedCidrs.map(parseNetwork);
  }

  findRefusal(text: string): string | undefined {
    const address = ipaddr.parse(text);
    const effective = effectiveAddress(text);
    if (this.allowed.some((network) => isIn(effective, network) || isIn(address, network))) return undefined;
    return findSpecialRange(effective);
  }
}

/** The address that is really reached: the embedded IPv4 address, if there is one. */
export function effectiveAddress(text: string): Address {
  const address = ipaddr.parse(text);
  return findEmbedded(address) ?? address;
}

function parseNetwork(text: string): Network {
  const [address, bits] = text.includes('/') ? ipaddr.parseCIDR(text) : asNetwork(ipaddr.parse(text));
  const mapped = address.kind() === 'ipv6' && bits >= 96 ? findEmbedded(address) : undefined;
  return mapped && isIn(address, MAPPED) ? [mapped, bits - 96] : [address, bits];
}

function asNetwork(address: Address): Network {
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function isIn(address: Address, [network, bits]: Network): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}

function findEmbedded(address: Address): Address | undefined {
  const form = EMBEDDED.find(({ network }) => isIn(address, network));
  return form && ipaddr.fromByteArray(address.toByteArray().slice(form.at, form.at + 4));
}

function findSpecialRange(address: Address): string | undefined {
  const range: string = address.range();
  if (range !== 'unicast') return range;
  if (isIn(address, METADATA)) return 'metadata';
  return address.kind() === 'ipv4' || isIn(address, GLOBAL_UNICAST) ? undefined : 'reserved';
}
