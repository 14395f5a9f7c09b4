import { createHmac, randomBytes } from 'node:crypto';
import { exponentialPause } from '#common';
import { LRUCache } from 'lru-cache';
import { claimedKey } from './client-key.js';

/** Entries of each table; a botnet with more addresses than that is slowed by the table of clients. */
const CAPACITY = 10_000;
/** Failures are forgotten after so many milliseconds without another. */
const FORGET_MS = 600_000;
/** A client stays known at an address for a day after its last right secret. */
export const KNOWN_MS = 86_400_000;
/** Requests from addresses where a client is not known that are held back at a time; the next ones are refused. */
const MAX_HELD = 256;
/** Right secrets that are remembered of a pair: the present one, and the one before it while both hold. */
const MAX_PRINTS = 2;

/** From `free` failures on, each doubles the pause, from `first` to `longest` milliseconds. */
interface Terms {
  free: number;
  first: number;
  longest: number;
}

/** One client at one address where it is not known. */
const PAIR: Terms = { free: 5, first: 1_000, longest: 60_000 };
/** All that comes from one address, whichever clients it claims to be. */
const ADDRESS: Terms = { free: 20, first: 1_000, longest: 300_000 };
/** One client, from wherever. */
const CLIENT: Terms = { free: 50, first: 100, longest: 2_000 };
/** Milliseconds between two secrets that a known pair has not shown before, once so many of them were wrong. */
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
  /** When the next secret that is not among them may be looked at. */
  nextAt: number;
}

/** Who shows a secret. */
export interface Attempt {
  /** The client that it claims to be; undefined: it named none. */
  clientId: string | undefined;
  /** The key of its address. */
  address: string;
  secret?: string | undefined;
}

/** The secret is looked at in so many milliseconds (0: now). */
export interface Admission {
  heldFor: number;
  /** The client has signed in from this address within a day. */
  isKnown: boolean;
  /** With this very secret. */
  isRecognized: boolean;
}

/** What becomes of it: refused for so many milliseconds, or looked at. */
export type Verdict = { refusedFor: number } | Admission;

/**
 * Slows the guessing of secrets down, and locks no client out that has the right one:
 *
 * - A client at an address where it has shown its right secret within a day is known there. The same secret is looked
 *   at without a wait, however many wrong ones come from that address for this client or for others. Another secret, as
 *   after a rotation, waits in a line: one in 250 ms, 2 s at most.
 * - A client at an address where it is not known gets pauses that double, 1 s to 1 min, and so does an address that
 *   fails for many clients, up to 5 min.
 * - A client for which guesses come from everywhere is never refused at a new address: attempts are held back, 2 s at
 *   most, and then looked at.
 *
 * Failures are counted in the process: n replicas give n times the free failures. Tables are bounded, keys are hashes of
 * one length. A secret is kept as a hash under a key that dies with the process.
 */
export class SecretGuard {
  private readonly pairs = new LRUCache<string, Failures>({ max: CAPACITY });
  private readonly addresses = new LRUCache<string, Failures>({ max: CAPACITY });
  private readonly clients = new LRUCache<string, Failures>({ max: CAPACITY });
  private readonly known = new LRUCache<string, KnownPair>({ max: CAPACITY });
  private readonly knownAddresses = new LRUCache<string, number>({ max: CAPACITY });
  private readonly printKey = randomBytes(32);
  private held = 0;

  /** Entries of all tables. */
  get tracked(): number {
    const failures = this.pairs.size + this.addresses.size + this.clients.size;
    return failures + this.known.size + this.knownAddresses.size;
  }

  /** An admission takes its place in the line: call it once for each request. */
  judge(attempt: Attempt, now = Date.now()): Verdict {
    const { clientId, address } = attempt;
    const pair = pairKey(attempt);
    const known = this.knownPair(pair, now);
    if (known) return this.judgeKnown(known, this.pairs.get(pair), this.printOf(attempt), now);
    const pause = remaining(this.pairs.get(pair), PAIR, now);
    if (pause > 0) return { refusedFor: pause };
    const addressPause = remaining(this.addresses.get(address), ADDRESS, now);
    if (addressPause > 0) return { refusedFor: addressPause };
    const heldFor = clientId === undefined ? 0 : pauseOf(this.clients.get(claimedKey(clientId)), CLIENT, now);
    if (heldFor > 0 && this.held >= MAX_HELD) return { refusedFor: CLIENT.longest };
    return { heldFor, isKnown: false, isRecognized: false };
  }

  /** Waits for as long as a verdict says. */
  async hold({ heldFor, isKnown }: Admission): Promise<void> {
    if (heldFor === 0) return;
    // Those of known pairs are bounded by their lines, and no stranger shall take their places.
    const place = isKnown ? 0 : 1;
    this.held += place;
    try {
      await new Promise((resolve) => setTimeout(resolve, heldFor));
    } finally {
      this.held -= place;
    }
  }

  /** The secret was wrong. Returns whether that makes a pause out of what was free: the moment to tell somebody. */
  failed(attempt: Attempt, now = Date.now()): boolean {
    const { clientId, address } = attempt;
    const pair = pairKey(attempt);
    this.forgetPrint(pair, this.printOf(attempt));
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

  /** The secret was right: this client is known at this address. */
  succeeded(attempt: Attempt, now = Date.now()): void {
    if (attempt.clientId === undefined) return;
    const pair = pairKey(attempt);
    const print = this.printOf(attempt);
    const before = this.knownPair(pair, now);
    const isRecognized = before?.prints.includes(print) === true;
    // The wrong secrets beside one that was known before were not this client's.
    if (!isRecognized) this.pairs.delete(pair);
    const prints = isRecognized ? before.prints : [...(before?.prints ?? []), print].slice(-MAX_PRINTS);
    this.known.set(pair, { since: now, prints, nextAt: before?.nextAt ?? 0 });
    this.knownAddresses.set(attempt.address, now);
  }

  /** Another replica knows this client at this address. */
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

  /** A secret that was right, and is not any more, waits like any other. */
  private forgetPrint(pair: string, print: string): void {
    const known = this.known.get(pair);
    if (known?.prints.includes(print)) known.prints = known.prints.filter((one) => one !== print);
  }

  private printOf({ clientId, address, secret }: Attempt): string {
    return createHmac('sha256', this.printKey)
      .update(JSON.stringify([clientId, address, secret]))
      .digest('base64url');
  }
}

/** The key of a client at an address. */
export function pairKey({ clientId, address }: Attempt): string {
  return claimedKey(clientId ?? '', address);
}

/** Milliseconds that failures cost the next attempt. */
function pauseOf(failures: Failures | undefined, terms: Terms, now: number): number {
  if (!failures || failures.count < terms.free || now - failures.last >= FORGET_MS) return 0;
  return exponentialPause(failures.count - terms.free + 1, terms);
}

function remaining(failures: Failures | undefined, terms: Terms, now: number): number {
  return failures ? Math.max(0, failures.last + pauseOf(failures, terms, now) - now) : 0;
}
