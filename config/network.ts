import { isIP } from 'node:net';

/** Whether the text is an IP address, or a network in CIDR notation with a prefix of at least `minPrefix` bits. */
export function isNetwork(text: string, minPrefix = 0): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) >= minPrefix && Number(prefix) <= (version === 4 ? 32 : 128);
}
