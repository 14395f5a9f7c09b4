import type { RedisConnection } from '#cache';
import { LRUCache } from 'lru-cache';
import { type Attempt, KNOWN_MS, pairKey } from './secret-guard.js';

const PREFIX = 'ooder:v1:known-client:';
const TIMEOUT_MS = 250;
/** Redis hears again of a pair that goes on signing in after so many milliseconds. */
const TELL_EVERY_MS = 3_600_000;
const CAPACITY = 10_000;

/**
 * Which clients have signed in from which addresses within a day, for all replicas and beyond a restart. Holds hashes,
 * and nothing of any secret. While Redis is away a replica knows what it has seen itself.
 */
export class SharedPairs {
  private readonly told = new LRUCache<string, number>({ max: CAPACITY });

  constructor(private readonly redis: RedisConnection) {}

  /** Whether this client is known at this address. Never rejects. */
  knows(attempt: Attempt): Promise<boolean> {
    return this.has(pairKey(attempt));
  }

  /** Whether any client is known at this address. Never rejects. */
  knowsAddress(address: string): Promise<boolean> {
    return this.has(address);
  }

  /** In the background: nobody waits for it. */
  remember(attempt: Attempt, now = Date.now()): void {
    const pair = pairKey(attempt);
    if (!this.redis.isReady || now - (this.told.get(pair) ?? -TELL_EVERY_MS) < TELL_EVERY_MS) return;
    this.told.set(pair, now);
    const write = this.redis.run(
      (client) => Promise.all([pair, attempt.address].map((key) => client.set(PREFIX + key, '1', { PX: KNOWN_MS }))),
      TIMEOUT_MS,
    );
    write.catch(() => {
      this.told.delete(pair);
    });
  }

  private async has(key: string): Promise<boolean> {
    if (!this.redis.isReady) return false;
    try {
      return (await this.redis.run((client) => client.exists(PREFIX + key), TIMEOUT_MS)) > 0;
    } catch {
      return false;
    }
  }
}
