import { BoundedMap } from './bounded-map.js';
import { claimedKey } from './client-key.js';

/** Entries of each table; a botnet with more addresses than that is slowed by the table of clients. */
const CAPACITY = 10_000;
/** Failures are forgotten after so many milliseconds without another. */
const FORGET_MS = 600_000;
/** A client stays known at an address for a day after its last right secret. */
const KNOWN_MS = 86_400_000;
/** Requests that are held back at a time; the next ones are refused instead. */
const MAX_HELD = 256;

/** From `free` failures on, each doubles the pause, from `first` to `longest` milliseconds. */
interface Terms {
  free: number;
  first: number;
  longest: number;
}

/** One client at one address. */
const PAIR: Terms = { free: 5, first: 1_000, longest: 60_000 };
/** All that comes from one address, whichever clients it claims to be. */
const ADDRESS: Terms = { free: 20, first: 1_000, longest: 300_000 };
/** One client, from wherever. */
const CLIENT: Terms = { free: 50, first: 100, longest: 2_000 };

interface Failures {
  count: number;
  last: number;
}

/** Who shows a secret. */
export interface Attempt {
  /** The client that it claims to be; undefined: it named none. */
  clientId: string | undefined;
  /** The key of its address. */
  address: string;
}

/** What becomes of it: refused for so many milliseconds, or held back for as many (0: not at all) and then checked. */
export type Verdict = { refusedFor: number } | { heldFor: number };

/**
 * Slows the guessing of secrets down, and locks nobody out who has the right one:
 *
 * - One client at one address gets pauses that double, 1 s to 1 min, and so does an address that fails for many clients,
 *   up to 5 min: whoever guesses from there waits, and nobody elsewhere.
 * - A client for which guesses come from everywhere is never refused: attempts are held back, 2 s at most, and then
 *   checked, so that the right secret always gets through, from a new address too.
 * - Where a client has shown its right secret within a day, neither the guesses of its neighbours (one NAT) nor those
 *   of the world concern it.
 *
 * In the process: n replicas give n times the free failures, and what a replica knows is not worth a round trip. Tables
 * are bounded, keys are hashes of one length.
 */
export class SecretGuard {
  private readonly pairs = new BoundedMap<Failures>(CAPACITY);
  private readonly addresses = new BoundedMap<Failures>(CAPACITY);
  private readonly clients = new BoundedMap<Failures>(CAPACITY);
  private readonly known = new BoundedMap<number>(CAPACITY);
  private held = 0;

  /** Entries of all tables. */
  get tracked(): number {
    return this.pairs.size + this.addresses.size + this.clients.size + this.known.size;
  }

  judge({ clientId, address }: Attempt, now = Date.now()): Verdict {
    const pair = pairKey(clientId, address);
    const pause = remaining(this.pairs.get(pair), PAIR, now);
    if (pause > 0) return { refusedFor: pause };
    if (this.isKnown(pair, now)) return { heldFor: 0 };
    const addressPause = remaining(this.addresses.get(address), ADDRESS, now);
    if (addressPause > 0) return { refusedFor: addressPause };
    const heldFor = clientId === undefined ? 0 : pauseOf(this.clients.get(claimedKey(clientId)), CLIENT, now);
    if (heldFor > 0 && this.held >= MAX_HELD) return { refusedFor: CLIENT.longest };
    return { heldFor };
  }

  /** Waits for as long as a verdict says. */
  async hold(milliseconds: number): Promise<void> {
    if (milliseconds === 0) return;
    this.held += 1;
    try {
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
    } finally {
      this.held -= 1;
    }
  }

  /** The secret was wrong. Returns whether that makes a pause out of what was free: the moment to tell somebody. */
  failed({ clientId, address }: Attempt, now = Date.now()): boolean {
    const tables: [BoundedMap<Failures>, string, Terms][] = [
      [this.pairs, pairKey(clientId, address), PAIR],
      [this.addresses, address, ADDRESS],
      ...(clientId === undefined
        ? []
        : [[this.clients, claimedKey(clientId), CLIENT] satisfies [BoundedMap<Failures>, string, Terms]]),
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
  succeeded({ clientId, address }: Attempt, now = Date.now()): void {
    if (clientId === undefined) return;
    const pair = pairKey(clientId, address);
    this.pairs.delete(pair);
    this.known.set(pair, now);
  }

  private isKnown(pair: string, now: number): boolean {
    const since = this.known.get(pair);
    return since !== undefined && now - since < KNOWN_MS;
  }
}

function pairKey(clientId: string | undefined, address: string): string {
  return claimedKey(clientId ?? '', address);
}

/** Milliseconds that failures cost the next attempt. */
function pauseOf(failures: Failures | undefined, { free, first, longest }: Terms, now: number): number {
  if (!failures || failures.count < free || now - failures.last >= FORGET_MS) return 0;
  return Math.min(first * 2 ** Math.min(failures.count - free, 30), longest);
}

function remaining(failures: Failures | undefined, terms: Terms, now: number): number {
  return failures ? Math.max(0, failures.last + pauseOf(failures, terms, now) - now) : 0;
}
