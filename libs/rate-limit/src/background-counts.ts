import { type RedisConnection, RedisUnavailableError } from '#cache';
import { splitIntoSlices } from '#common';
import { countShared } from './count.script.js';
import { type Window, Windows } from './windows.js';

/** Clients in one round trip. */
const BATCH = 1_000;

/**
 * Counts in the process, so that no request waits. `reconcile` runs some times a second, adds the new requests to Redis and
 * reads the counts of other replicas. Between two runs a client may get more than its limit from several replicas. While
 * Redis is unavailable, every replica counts alone, and adds its counts later.
 */
export class BackgroundCounts {
  private readonly windows: Windows;
  private readonly dirty = new Map<string, Window>();

  constructor(
    private readonly redis: RedisConnection,
    private readonly capacity: number,
  ) {
    this.windows = new Windows(capacity);
  }

  get tracked(): number {
    return this.windows.size;
  }

  /** Returns the window of a client without counting the request; `hit` counts it. */
  window(key: string): Window {
    return this.windows.open(key);
  }

  hit(key: string, window: Window, cost = 1): void {
    window.count += cost;
    if (!this.redis.isConfigured) return;
    // While Redis is unavailable, this may have clients that are forgotten here; it has the same limit.
    if (this.dirty.size >= this.capacity && !this.dirty.has(key)) return;
    window.pending += cost;
    this.dirty.set(key, window);
  }

  /** Takes one request back, unless its window has ended. */
  takeBack(key: string): void {
    const window = this.windows.find(key);
    if (window && window.count > 0) this.hit(key, window, -1);
  }

  /** @throws errors of Redis itself */
  async reconcile(): Promise<void> {
    const now = performance.now();
    this.windows.sweep(now);
    for (const [key, { resetsAt }] of this.dirty) if (resetsAt <= now) this.dirty.delete(key);
    const changed = [...this.dirty];
    for (const batch of splitIntoSlices(changed, BATCH)) {
      if (!this.redis.isReady) return;
      await this.exchange(batch);
    }
  }

  private async exchange(changed: readonly (readonly [string, Window])[]): Promise<void> {
    const deltas = changed.map(([key, window]) => [key, window.pending] as const);
    // Marked as sent before the answer comes: without an answer it is unknown whether Redis has counted them, and counting
    // twice could refuse a client within its limit.
    for (const [key, window] of changed) {
      window.pending = 0;
      this.dirty.delete(key);
    }
    try {
      const counts = await countShared(this.redis, deltas);
      const now = performance.now();
      for (const [index, [, window]] of changed.entries()) {
        const { count = 0, rest = 0 } = counts[index] ?? {};
        window.count = count + window.pending;
        window.resetsAt = now + rest;
      }
    } catch (error) {
      if (!(error instanceof RedisUnavailableError)) throw error;
    }
  }
}
