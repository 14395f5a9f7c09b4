import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { AddressPolicy } from './address-guard.js';
import type { AddressLookup, ResolvedAddress } from './address-lookup.js';
import { OutboundError } from '../outbound-error.js';
import { isAddress, type Target } from './target.js';

const HTTP_1 = ['http/1.1'];

/**
 * Opens the sockets of all calls, and nothing else does. What is looked up is checked and then connected to, in one
 * step: there is no second look-up whose answer could differ.
 */
export class Dialer {
  constructor(
    private readonly guard: AddressPolicy,
    private readonly lookup: AddressLookup,
  ) {}

  /** @throws OutboundError `forbidden` for an IP address that must not be called. Names are looked at in `dial`. */
  check(target: Target): void {
    const refusal = isAddress(target) ? this.guard.refusalOf(target.hostname) : undefined;
    if (refusal !== undefined) throw this.forbidden(target.hostname, refusal);
  }

  /** A socket that connects, with TLS if the target says so; `session` is one to resume. @throws as `check` does. */
  dial(target: Target, session?: Buffer): Socket {
    this.check(target);
    const { hostname, port, isSecure } = target;
    const options = {
      host: hostname,
      port,
      lookup: this.guardedLookup(target),
      autoSelectFamily: true,
      noDelay: true,
      keepAlive: true,
    };
    if (!isSecure) return connect(options);
    return connectTls({
      ...options,
      ALPNProtocols: HTTP_1,
      servername: isAddress(target) ? '' : hostname,
      ...(session && { session }),
    });
  }

  /** The addresses that a connection to it would choose from. @throws OutboundError `unresolved`, `forbidden` */
  async addressesOf(target: Target): Promise<string[]> {
    this.check(target);
    if (isAddress(target)) return [target.hostname];
    return (await this.allowedAddressesOf(target)).map(({ address }) => address);
  }

  private guardedLookup(target: Target): LookupFunction {
    return (_, { all }, callback) => {
      this.allowedAddressesOf(target).then(
        (addresses) => {
          const [first] = addresses;
          if (all === true) callback(null, addresses);
          else callback(null, first.address, first.family);
        },
        (error: unknown) => {
          callback(error as Error, []);
        },
      );
    };
  }

  /** Those of a name that may be called. */
  private async allowedAddressesOf({ hostname, addresses }: Target): Promise<[ResolvedAddress, ...ResolvedAddress[]]> {
    const known = addresses?.map((address) => ({ address, family: isIP(address) }));
    const resolved = known ?? (await this.resolve(hostname));
    const refusals = resolved.map(({ address }) => this.guard.refusalOf(address));
    const [first, ...others] = resolved.filter((_, index) => refusals[index] === undefined);
    if (first === undefined) throw this.forbidden(hostname, refusals.find((refusal) => refusal !== undefined) ?? '');
    return [first, ...others];
  }

  private async resolve(hostname: string): Promise<ResolvedAddress[]> {
    let resolved: ResolvedAddress[];
    try {
      resolved = await this.lookup(hostname);
    } catch (cause) {
      const { code = 'unknown fault' } = cause as NodeJS.ErrnoException;
      throw new OutboundError('unresolved', `${hostname} cannot be resolved (${code})`, { cause });
    }
    if (resolved.length === 0) throw new OutboundError('unresolved', `${hostname} has no address`);
    return resolved;
  }

  /** The addresses that a name has inside are nobody's business. */
  private forbidden(hostname: string, refusal: string): OutboundError {
    return new OutboundError(
      'forbidden',
      `${hostname} is, or leads to, an address that must not be called (${refusal}); ${this.guard.advice}`,
    );
  }
}
