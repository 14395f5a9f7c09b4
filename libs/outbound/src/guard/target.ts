import { isIP } from 'node:net';
import { OutboundError } from '../outbound-error.js';

/** Where a call goes. */
export interface Target {
  /** Scheme, host and port. */
  readonly origin: string;
  /** A name, or an IP address without brackets. */
  readonly hostname: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** Path and query. */
  readonly path: string;
  /** Where its name leads, by a look-up that was made for it; left out: each connection looks it up. */
  readonly addresses?: readonly string[];
}

/**
 * Reads a URL. The parser writes IPv4 addresses of every notation (2130706433, 0x7f.1, 0177.0.0.1) as four numbers.
 * @throws OutboundError `forbidden` for another scheme, for credentials, and for what is no URL.
 */
export function targetOf(url: string, schemes: readonly string[]): Target {
  if (!URL.canParse(url)) throw new OutboundError('forbidden', 'the URL cannot be read');
  const { protocol, username, password, origin, host, hostname, port, pathname, search } = new URL(url);
  if (!schemes.includes(protocol)) {
    throw new OutboundError('forbidden', `URLs of the scheme ${protocol.slice(0, 32)} are not called`);
  }
  if (username !== '' || password !== '') throw new OutboundError('forbidden', 'URLs with credentials are not called');
  const isSecure = protocol === 'https:' || protocol === 'wss:';
  return {
    origin: origin === 'null' ? `${protocol}//${host}` : origin,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isSecure ? 443 : 80) : Number(port),
    isSecure,
    path: pathname + search,
  };
}

export function isAddress({ hostname }: Target): boolean {
  return isIP(hostname) !== 0;
}
