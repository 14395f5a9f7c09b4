import { isIPv6, type AddressInfo } from 'node:net';
import type { AppSettings } from './app.settings.js';

const EVERY_INTERFACE = new Set(['0.0.0.0', '::']);

/**
 * Returns the URL of this service for others, without a slash at its end: APP_PUBLIC_URL if it is set, otherwise APP_HOST (or
 * `anyHost`, if it listens on all interfaces) and the port. Returns undefined before it listens.
 */
export function findPublicUrl(
  { publicUrl, host }: Pick<AppSettings, 'publicUrl' | 'host'>,
  address: AddressInfo | string | null,
  scheme: 'http' | 'https',
  anyHost: string,
): string | undefined {
  if (address === null || typeof address === 'string') return undefined;
  if (publicUrl !== undefined) return publicUrl;
  const name = EVERY_INTERFACE.has(address.address) ? anyHost : host;
  return `${scheme}://${isIPv6(name) ? `[${name}]` : name}:${address.port}`;
}
