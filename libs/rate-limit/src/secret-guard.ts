import { createHmac, randomBytes } from 'node:crypto';
import { exponentialPause } from '#common';
import { LRUCache } from 'lru-cache';
import { claimedKey } from './client-key.js';

/** Entries of each table. The table of clients slows a botnet with more addresses than this. */
const CAPACITY = 10_000;
/** Failures are forgotten after this many milliseconds without another one. */
const FORGET_MS = 600_000;
/** A client stays known at an address for a day after its last right secret. */
export const KNOWN_MS = 86_400_000;
/** Requests that wait at a time, from addresses where the client is not known. Further ones are refused. */
const MAX_HELD = 256;
/** Right secrets that are remembered for a pair: the present one, and the previous one while both are valid. */
const MAX_PRINTS = 2;

/** After `free` failures, each further one doubles the pause, from `first` up to `longest` milliseconds. */
interface Terms {
  free: number;
  first: number;
  longest: number;
}

/** One client at one address where it is not known. */
const PAIR: Terms = { free: 5, first: 1_000, longest: 60_000 };
/** All requests from one address, for any client. */
const ADDRESS: Terms = { free: 20, first: 1_000, longest: 300_000 };
/** One client, from all addresses. */
const CLIENT: Terms = { free: 50, first: 100, longest: 2_000 };
/** After `free` wrong secrets, the milliseconds between two new secrets of a known pair. */
const LINE = { free: 5, everyMs: 250, longestMs: 2_000 };

interface Failures {
  count: number;
  last: number;
}

/** A client at an address where it has shown its right secret. */
interface KnownPair {
  since: number;
  /** Keyed hashes of the secrets that were right, the newest last. */
  prints: readonly string[];
  /** Time from which the next other secret may be checked. */
  nextAt: number;
}

/** A request with a secret. */
export interface Attempt {
  /** The client that it claims to be; undefined if it names none. */
  clientId: string | undefined;
  /** The key of its address. */
  address: string;
  secret?: string | undefined;
}

/** The secret may be checked in this many milliseconds. 0: now. */
export interface Admission {
  heldFor: number;
  /** The client has signed in from this address within a day. */
  isKnown: boolean;
  /** It signed in with the same secret. */
  isRecognized: boolean;
}

/** Either refused for some milliseconds, or admitted to the check. */
export type Verdict = { refusedFor: number } | Admission;

/**
 * Slows down the guessing of secrets, without locking out clients that have the right one:
 *
 * - A client is known at an address if it sent its right secret from there within a day. The same secret is checked without
 *   a wait, however many wrong secrets come from that address. Other secrets, as after a rotation, wait in a queue: one
 *   check each 250 ms, for 2 s at most.
 * - A client at an address where it is not known gets pauses that double, from 1 s to 1 min. So does an address with
 *   failures for many clients, up to 5 min.
 * - If guesses for a client come from many addresses, an attempt from a new address is not refused: it waits for 2 s at most
 *   and is then checked.
 *
 * Failures are counted in the process, so n replicas allow n times the free failures. The tables are bounded; keys are hashes
 * of equal length. A secret is kept only as a hash with a key that the process generates and never stores.
 */
export class SecretGuard {
  private readonly pairs = new LRUCache<string, Failures>({ max: CAPACITY });
  private readonly addresses = new LRUCache<string, Failures>({ max: CAPACITY });
  private readonly clients = new LRUCache<string, Failures>({ max: CAPACITY });
  private readonly known = new LRUCache<string, KnownPair>({ max: CAPACITY });
  private readonly knownAddresses = new LRUCache<string, number>({ max: CAPACITY });
  private readonly printKey = randomBytes(32);
  private held = 0;

  /** Number of entries in all tables. */
  get tracked(): number {
    const failures = this.pairs.size + this.addresses.size + this.clients.size;
    return failures + this.known.size + this.knownAddresses.size;
  }

  /** Decides about a request. Call it once for each request, because an admission takes a place in the queue. */
  judge(attempt: Attempt, now = Date.now()): Verdict {
    const { clientId, address } = attempt;
    const pair = pairKey(attempt);
    const known = this.knownPair(pair, now);
    if (known) return this.judgeKnown(known, this.pairs.get(pair), this.hashSecret(attempt), now);
    const pause = remaining(this.pairs.get(pair), PAIR, now);
    if (pause > 0) return { refusedFor: pause };
    const addressPause = remaining(this.addresses.get(address), ADDRESS, now);
    if (addressPause > 0) return { refusedFor: addressPause };
    const heldFor = clientId === undefined ? 0 : computePause(this.clients.get(claimedKey(clientId)), CLIENT, now);
    if (heldFor > 0 && this.held >= MAX_HELD) return { refusedFor: CLIENT.longest };
    return { heldFor, isKnown: false, isRecognized: false };
  }

  /** Waits for the time of a verdict. */
  async hold({ heldFor, isKnown }: Admission): Promise<void> {
    if (heldFor === 0) return;
    // The queues of known pairs are bounded; unknown ones have a limit of their own, so they cannot use up these places.
    const place = isKnown ? 0 : 1;
    this.held += place;
    try {
      await new Promise((resolve) => setTimeout(resolve, heldFor));
    } finally {
      this.held -= place;
    }
  }

  /** Notes a wrong secret. Returns whether this is the first failure with a pause, which should be logged. */
  failed(attempt: Attempt, now = Date.now()): boolean {
    const { clientId, address } = attempt;
    const pair = pairKey(attempt);
    this.forgetPrint(pair, this.hashSecret(attempt));
    const tables: [LRUCache<string, Failures>, string, Terms][] = [
      [this.pairs, pair, PAIR],
      [this.addresses, address, ADDRESS],
      ...(clientId === undefined
        ? []
        : [[this.clients, claimedKey(clientId), CLIENT] satisfies [LRUCache<string, Failures>, string, Terms]]),
    ];
    let begins = false;
    for (const [table, key, { free }] of tables) {
      const before = table.get(key);
      const count = before && now - before.last < FORGET_MS ? before.count + 1 : 1;
      table.set(key, { count, last: now });
      if (count === free) begins = true;
    }
    return begins;
  }

  /** Notes a right secret: the client is known at this address now. */
  succeeded(attempt: Attempt, now = Date.now()): void {
    if (attempt.clientId === undefined) return;
    const pair = pairKey(attempt);
    const print = this.hashSecret(attempt);
    const before = this.knownPair(pair, now);
    const isRecognized = before?.prints.includes(print) === true;
    // If this secret was known before, the wrong ones came from others, so their failures stay.
    if (!isRecognized) this.pairs.delete(pair);
    const prints = isRecognized ? before.prints : [...(before?.prints ?? []), print].slice(-MAX_PRINTS);
    this.known.set(pair, { since: now, prints, nextAt: before?.nextAt ?? 0 });
    this.knownAddresses.set(attempt.address, now);
  }

  /** Notes that another replica knows this client at this address. */
  recall(attempt: Attempt, now = Date.now()): void {
    const pair = pairKey(attempt);
    if (!this.knownPair(pair, now)) this.known.set(pair, { since: now, prints: [], nextAt: 0 });
  }

  /** Whether any client is known at this address. */
  knowsAddress(address: string, now = Date.now()): boolean {
    return now - (this.knownAddresses.get(address) ?? -KNOWN_MS) < KNOWN_MS;
  }

  private judgeKnown(known: KnownPair, failures: Failures | undefined, print: string, now: number): Verdict {
    if (known.prints.includes(print)) return { heldFor: 0, isKnown: true, isRecognized: true };
    const isGuessed = failures !== undefined && failures.count >= LINE.free && now - failures.last < FORGET_MS;
    if (!isGuessed) return { heldFor: 0, isKnown: true, isRecognized: false };
    const at = Math.max(now, known.nextAt);
    if (at - now > LINE.longestMs) return { refusedFor: at - now };
    known.nextAt = at + LINE.everyMs;
    return { heldFor: at - now, isKnown: true, isRecognized: false };
  }

  private knownPair(pair: string, now: number): KnownPair | undefined {
    const known = this.known.get(pair);
    return known && now - known.since < KNOWN_MS ? known : undefined;
  }

  /** Forgets a secret that is no longer right; it waits like others from now on. */
  private forgetPrint(pair: string, print: string): void {
    const known = this.known.get(pair);
    if (known?.prints.includes(print)) known.prints = known.prints.filter((one) => one !== print);
  }

  private hashSecret({ clientId, address, secret }: Attempt): string {
    return createHmac('sha256', this.printKey)
      .update(JSON.stringify([clientId, address, secret]))
      .digest('base64url');
  }
}

/** Returns the key of a client at an address. */
export function pairKey({ clientId, address }: Attempt): string {
  return claimedKey(clientId ?? '', address);
}

/** Returns the milliseconds that the next attempt has to wait. */
function computePause(failures: Failures | undefined, terms: Terms, now: number): number {
  if (!failures || failures.count < terms.free || now - failures.last >= FORGET_MS) return 0;
  return exponentialPause(failures.count - terms.free + 1, terms);
}

function remaining(failures: Failures | undefined, terms: Terms, now: number): number {
  return failures ? Math.max(0, failures.last + computePause(failures, terms, now) - now) : 0;
}
