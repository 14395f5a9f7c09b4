import { jitteredPause } from '#common';

/** Milliseconds for which an endpoint is left alone after a flood, longer after each. */
const PAUSE = { first: 120_000, longest: 1_800_000 };
/** Milliseconds after a pause without another flood, when all is forgotten. */
const FORGET_AFTER_MS = 3_600_000;
/** Endpoints that are remembered; beyond, the one that flooded longest ago is forgotten. */
const MAX_ENDPOINTS = 1_000;

/** Endpoints that have flooded their connection. Each replica finds out for itself. */
export class FloodPauses {
  /** Those that flooded longest ago come first; `until` by `performance.now()`. */
  private readonly floods = new Map<string, { count: number; until: number }>();

  note(key: string): void {
    const now = performance.now();
    const before = this.floods.get(key);
    const count = before && now - before.until < FORGET_AFTER_MS ? before.count + 1 : 1;
    this.floods.delete(key);
    this.floods.set(key, { count, until: now + jitteredPause(count, PAUSE) });
    const [first] = this.floods.keys();
    if (this.floods.size > MAX_ENDPOINTS && first !== undefined) this.floods.delete(first);
  }

  isPaused(key: string): boolean {
    const flood = this.floods.get(key);
    return flood !== undefined && performance.now() < flood.until;
  }
}
