import { Logger } from '@nestjs/common';
import { type RedisConnection, RedisUnavailableError } from '#cache';
import { OutageLog } from '#logging';
import { countShared, type SharedCount } from './count.script.js';
import { Windows } from './windows.js';

/** Milliseconds that a request for a token waits for Redis. */
const TIMEOUT_MS = 250;

/**
 * Counts over all replicas, with one round trip to Redis for each request. While Redis is unavailable, every replica continues
 * alone from the last counts that it has seen.
 */
export class ExactCounts {
  private readonly windows: Windows;
  private readonly outage = new OutageLog(new Logger('rate-limit'), 'Counting over all replicas');

  constructor(
    private readonly redis: RedisConnection,
    capacity: number,
  ) {
    this.windows = new Windows(capacity);
  }

  get tracked(): number {
    return this.windows.size;
  }

  /** Counts one request and returns the new count. Never rejects. */
  hit(key: string): Promise<SharedCount> {
    return this.add(key, 1);
  }

  /** Takes one request back. */
  async takeBack(key: string): Promise<void> {
    await this.add(key, -1);
  }

  sweep(): void {
    this.windows.sweep();
  }

  private async add(key: string, delta: 1 | -1): Promise<SharedCount> {
    if (this.redis.isReady) {
      try {
        const [shared] = await countShared(this.redis, [[key, delta]], TIMEOUT_MS);
        this.outage.end();
        if (shared) return this.remember(key, shared);
      } catch (error) {
        // The connection logs its own outages; this logs errors of Redis itself (out of memory).
        if (!(error instanceof RedisUnavailableError)) this.outage.begin(String(error));
      }
    }
    const now = performance.now();
    if (delta < 0 && this.windows.find(key, now) === undefined) return { count: 0, rest: 0 };
    const window = this.windows.open(key, now);
    window.count = Math.max(0, window.count + delta);
    return { count: window.count, rest: window.resetsAt - now };
  }

  private remember(key: string, shared: SharedCount): SharedCount {
    if (shared.rest > 0) {
      const now = performance.now();
      Object.assign(this.windows.open(key, now), { count: shared.count, resetsAt: now + shared.rest });
    }
    return shared;
  }
}
