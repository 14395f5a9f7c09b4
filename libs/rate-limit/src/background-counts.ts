import { type RedisConnection, RedisUnavailableError } from '#cache';
import { splitIntoSlices } from '#common';
import { countShared } from './count.script.js';
import { type Window, Windows } from './windows.js';

/** Clients in one round trip. */
const BATCH = 1_000;

/**
 * Counts in the process, so that a request waits for nobody; `reconcile`, some times a second, adds what is new to Redis
 * and learns what other replicas have counted. In between a client may get as much as its replicas let through in that
 * time. While Redis is away every replica counts for itself, and what it counted then is told later.
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

  /** The window of a client, before this request; `hit` counts it. */
  window(key: string): Window {
    return this.windows.open(key);
  }

  hit(key: string, window: Window, cost = 1): void {
    window.count += cost;
    if (!this.redis.isConfigured) return;
    // While Redis is away it may hold clients that are forgotten here; it has the same bound.
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
    // Taken for told before it is known: without an answer nobody knows whether Redis has counted it, and counting twice
    // would refuse a client that did nothing wrong.
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
