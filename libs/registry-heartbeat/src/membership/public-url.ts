import { isIPv6, type AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import type { AppSettings } from '#config';

const EVERY_INTERFACE = new Set(['0.0.0.0', '::']);

/**
 * Where others reach this service, without a slash at its end: APP_PUBLIC_URL, or else made of the host's name, or of
 * APP_HOST where that names one address, and the port on which it listens. Undefined before it listens.
 */
export function publicUrlOf(
  { publicUrl, host }: Pick<AppSettings, 'publicUrl' | 'host'>,
  address: AddressInfo | string | null,
  scheme: 'http' | 'https' = 'http',
): string | undefined {
  if (address === null || typeof address === 'string') return undefined;
  if (publicUrl !== undefined) return publicUrl.replace(/\/+$/, '');
  const name = EVERY_INTERFACE.has(address.address) ? hostname() : host;
  return `${scheme}://${isIPv6(name) ? `[${name}]` : name}:${address.port}`;
}
