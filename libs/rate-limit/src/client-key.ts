import { createHash } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';

/** Returns the key of an address. An IPv6 /64 network counts as one address, because one caller can use all of it. */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return `a:${mapped}`;
  if (isIPv4(address) || !isIPv6(address)) return `a:${address}`;
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length);
  const all = [...groups, ...Array<string>(zeros).fill('0'), ...after];
  return `a:${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

export function clientKey(clientId: string): string {
  return `c:${clientId}`;
}

/** Returns the key of a claimed client, which can be any text. All keys have the same length. */
export function claimedKey(...parts: readonly string[]): string {
  return `h:${createHash('sha256').update(JSON.stringify(parts)).digest('base64url')}`;
}
