import { lookup } from 'node:dns/promises';

export interface ResolvedAddress {
  address: string;
  family: number;
}

/** Every address of a name, in the order of preference. Rejects when there is none. */
export type AddressLookup = (hostname: string) => Promise<ResolvedAddress[]>;

export const ADDRESS_LOOKUP = Symbol('address lookup');

const running = new Map<string, Promise<ResolvedAddress[]>>();

/**
 * The system's resolver: /etc/hosts, search domains and all. Calls for one name at a time share one look-up, because
 * each takes a thread of four from file access and hashing, for as long as a DNS server does not answer.
 */
export const systemLookup: AddressLookup = (hostname) => {
  let answer = running.get(hostname);
  if (answer === undefined) {
    answer = lookup(hostname, { all: true, verbatim: true }).finally(() => running.delete(hostname));
    running.set(hostname, answer);
  }
  return answer;
};
