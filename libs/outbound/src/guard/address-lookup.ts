import { lookup } from 'node:dns/promises';

export interface ResolvedAddress {
  address: string;
  family: number;
}

/** Returns every address of a name, the preferred one first. Rejects if there is none. */
export type AddressLookup = (hostname: string) => Promise<ResolvedAddress[]>;

export const ADDRESS_LOOKUP = Symbol('address lookup');

const running = new Map<string, Promise<ResolvedAddress[]>>();

/**
 * The resolver of the operating system, with /etc/hosts and search domains. Look-ups of the same name at the same time
 * are shared: each one occupies one of the four libuv threads until the DNS server answers.
 */
export const systemLookup: AddressLookup = (hostname) => {
  let answer = running.get(hostname);
  if (answer === undefined) {
    answer = lookup(hostname, { all: true, verbatim: true }).finally(() => running.delete(hostname));
    running.set(hostname, answer);
  }
  return answer;
};
