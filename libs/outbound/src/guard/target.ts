import { isIP } from 'node:net';
import { OutboundError } from '../outbound-error.js';

/** Where a call goes. */
export interface Target {
  /** Scheme, host and port. */
  readonly origin: string;
  /** A host name, or an IP address without brackets. */
  readonly hostname: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** Path and query. */
  readonly path: string;
  /** The addresses to connect to, from an earlier look-up. Without them each new connection looks the name up. */
  readonly addresses?: readonly string[];
  /** The only CAs that are trusted, in PEM. Without them: those of the dialer. */
  readonly ca?: string;
}

/**
 * Parses a URL. The parser turns every notation of an IPv4 address (2130706433, 0x7f.1, 0177.0.0.1) into four numbers.
 * @throws OutboundError `forbidden` for an invalid URL, another scheme, and credentials in the URL
 */
export function parseTarget(
  url: string,
  schemes: readonly string[],
  { addresses, ca }: Pick<Target, 'addresses'> & { ca?: string | undefined } = {},
): Target {
  if (!URL.canParse(url)) throw new OutboundError('forbidden', 'the URL is invalid');
  const { protocol, username, password, origin, host, hostname, port, pathname, search } = new URL(url);
  if (!schemes.includes(protocol)) {
    throw new OutboundError('forbidden', `the scheme ${protocol.slice(0, 32)} is not allowed`);
  }
  if (username !== '' || password !== '') throw new OutboundError('forbidden', 'a URL must not contain credentials');
  const isSecure = protocol === 'https:' || protocol === 'wss:';
  return {
    origin: origin === 'null' ? `${protocol}//${host}` : origin,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isSecure ? 443 : 80) : Number(port),
    isSecure,
    path: pathname + search,
    ...(addresses && { addresses }),
    ...(isSecure && ca !== undefined && { ca }),
  };
}

/** Whether the host is an IP address, not a name. */
export function isAddress({ hostname }: Target): boolean {
  return isIP(hostname) !== 0;
}
