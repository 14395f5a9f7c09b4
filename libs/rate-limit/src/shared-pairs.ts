import type { RedisConnection } from '#cache';
import { LRUCache } from 'lru-cache';
import { type Attempt, KNOWN_MS, pairKey } from './secret-guard.js';

const PREFIX = 'ooder:v1:known-client:';
const TIMEOUT_MS = 250;
/** Milliseconds until a pair that still signs in is written to Redis again. */
const WRITE_EVERY_MS = 3_600_000;
const CAPACITY = 10_000;

/**
 * Stores which clients have signed in from which addresses within a day, for all replicas and across restarts. It has only
 * hashes, and nothing of a secret. While Redis is unavailable, a replica knows only what it has seen itself.
 */
export class SharedPairs {
  private readonly written = new LRUCache<string, number>({ max: CAPACITY });

  constructor(private readonly redis: RedisConnection) {}

  /** Whether this client is known at this address. Never rejects. */
  knows(attempt: Attempt): Promise<boolean> {
    return this.has(pairKey(attempt));
  }

  /** Whether any client is known at this address. Never rejects. */
  knowsAddress(address: string): Promise<boolean> {
    return this.has(address);
  }

  /** Writes the pair in the background. */
  remember(attempt: Attempt, now = Date.now()): void {
    const pair = pairKey(attempt);
    if (!this.redis.isReady || now - (this.written.get(pair) ?? -WRITE_EVERY_MS) < WRITE_EVERY_MS) return;
    this.written.set(pair, now);
    const write = this.redis.run(
      (client) => Promise.all([pair, attempt.address].map((key) => client.set(PREFIX + key, '1', { PX: KNOWN_MS }))),
      TIMEOUT_MS,
    );
    write.catch(() => {
      this.written.delete(pair);
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
