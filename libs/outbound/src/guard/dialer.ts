import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import { OutboundError } from '../outbound-error.js';
import type { AddressPolicy } from './address-guard.js';
import type { AddressLookup, ResolvedAddress } from './address-lookup.js';
import { isAddress, type Target } from './target.js';
import { trustOnly } from './trusted-cas.js';

const HTTP_1 = ['http/1.1'];

/**
 * Opens the sockets of all outgoing calls. It looks a name up, checks the addresses, and connects to one of those: there
 * is no second look-up that could give another address (DNS rebinding).
 */
export class Dialer {
  constructor(
    private readonly guard: AddressPolicy,
    private readonly lookup: AddressLookup,
    /** The CAs that are trusted for targets without CAs of their own; undefined: those of Node. */
    private readonly trusted?: SecureContext,
  ) {}

  get trustAdvice(): string {
    return this.guard.trustAdvice;
  }

  /** Checks a host that is an IP address; names are checked in `dial`. @throws OutboundError `forbidden` */
  check(target: Target): void {
    const refusal = isAddress(target) ? this.guard.findRefusal(target.hostname) : undefined;
    if (refusal !== undefined) throw this.forbidden(target.hostname, refusal);
  }

  /** Returns a connecting socket, with TLS if the target is secure. `session`: a TLS session to resume. @throws as `check` */
  dial(target: Target, session?: Buffer): Socket {
    this.check(target);
    const { hostname, port, isSecure, ca } = target;
    const options = {
      host: hostname,
      port,
      lookup: this.guardedLookup(target),
      autoSelectFamily: true,
      noDelay: true,
      keepAlive: true,
    };
    if (!isSecure) return connect(options);
    const secureContext = ca === undefined ? this.trusted : trustOnly(ca);
    return connectTls({
      ...options,
      ALPNProtocols: HTTP_1,
      servername: isAddress(target) ? '' : hostname,
      ...(session && { session }),
      ...(secureContext && { secureContext }),
    });
  }

  /** Returns the addresses that a connection may use, at least one. @throws OutboundError `unresolved`, `forbidden` */
  async resolve(target: Target): Promise<string[]> {
    this.check(target);
    if (isAddress(target)) return [target.hostname];
    return (await this.resolveAllowed(target)).map(({ address }) => address);
  }

  private guardedLookup(target: Target): LookupFunction {
    return (_, { all }, callback) => {
      this.resolveAllowed(target).then(
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

  private async resolveAllowed({ hostname, addresses }: Target): Promise<[ResolvedAddress, ...ResolvedAddress[]]> {
    const known = addresses?.map((address) => ({ address, family: isIP(address) }));
    const resolved = known ?? (await this.lookUp(hostname));
    const refusals = resolved.map(({ address }) => this.guard.findRefusal(address));
    const [first, ...others] = resolved.filter((_, index) => refusals[index] === undefined);
    if (first === undefined) throw this.forbidden(hostname, refusals.find((refusal) => refusal !== undefined) ?? '');
    return [first, ...others];
  }

  private async lookUp(hostname: string): Promise<ResolvedAddress[]> {
    let resolved: ResolvedAddress[];
    try {
      resolved = await this.lookup(hostname);
    } catch (cause) {
      const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
      throw new OutboundError('unresolved', `${hostname} cannot be resolved (${code})`, { cause });
    }
    if (resolved.length === 0) throw new OutboundError('unresolved', `${hostname} has no address`);
    return resolved;
  }

  /** The message does not contain the address: the internal addresses of a name are not public. */
  private forbidden(hostname: string, refusal: string): OutboundError {
    return new OutboundError(
      'forbidden',
      `${hostname} is, or resolves to, an address that must not be called (${refusal}); ${this.guard.advice}`,
    );
  }
}
