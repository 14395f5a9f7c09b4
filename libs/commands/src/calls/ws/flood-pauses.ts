import { LRUCache } from 'lru-cache';
import { jitteredPause } from '#common';

/** Milliseconds for which an endpoint is not called after a flood; twice as long after each further one. */
const PAUSE = { first: 120_000, longest: 1_800_000 };
/** Milliseconds after the end of a pause until earlier floods are forgotten. */
const FORGET_AFTER_MS = 3_600_000;
const MAX_ENDPOINTS = 1_000;

/** Endpoints that have flooded their connection, and are not called for a while. Each replica has its own list. */
export class FloodPauses {
  /** `until` is a time of `performance.now()`. */
  private readonly floods = new LRUCache<string, { count: number; until: number }>({ max: MAX_ENDPOINTS });

  /** An endpoint has flooded its connection. */
  begin(key: string): void {
    const now = performance.now();
    const before = this.floods.peek(key);
    const count = before && now - before.until < FORGET_AFTER_MS ? before.count + 1 : 1;
    this.floods.set(key, { count, until: now + jitteredPause(count, PAUSE) });
  }

  isPaused(key: string): boolean {
    return performance.now() < (this.floods.peek(key)?.until ?? 0);
  }
}
