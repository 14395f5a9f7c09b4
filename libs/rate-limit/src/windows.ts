/** Length of a window in milliseconds. It starts with the first request. */
export const WINDOW_MS = 60_000;

/** Of this many windows, a new one replaces the one with the lowest count, so a client that floods is not forgotten. */
const CANDIDATES = 16;

/** The requests of one client since its window began. */
export interface Window {
  /** Requests through all replicas, as far as this one knows. */
  count: number;
  /** Of these, the requests that are not in Redis yet. */
  pending: number;
  /** End by `performance.now()`. */
  resetsAt: number;
}

/** Windows by key, of at most `capacity` clients, so that a flood of names cannot use up the memory. */
export class Windows {
  private readonly windows = new Map<string, Window>();

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.windows.size;
  }

  /** Returns the open window, or undefined if there is none. */
  find(key: string, now = performance.now()): Window | undefined {
    const window = this.windows.get(key);
    return window && window.resetsAt > now ? window : undefined;
  }

  /** Returns the open window, or a new one. */
  open(key: string, now = performance.now()): Window {
    const known = this.windows.get(key);
    if (known && known.resetsAt > now) return known;
    if (known) this.windows.delete(key);
    else if (this.windows.size >= this.capacity) this.makeRoom(now);
    const window = { count: 0, pending: 0, resetsAt: now + WINDOW_MS };
    this.windows.set(key, window);
    return window;
  }

  /** Drops the windows that have ended. */
  sweep(now = performance.now()): void {
    // Windows are in the order in which they began, except those that began at another replica.
    for (const [key, { resetsAt }] of this.windows) if (resetsAt <= now) this.windows.delete(key);
  }

  private makeRoom(now: number): void {
    let lowest: { key: string; count: number } | undefined;
    let seen = 0;
    for (const [key, { count, resetsAt }] of this.windows) {
      if (resetsAt <= now) {
        this.windows.delete(key);
        return;
      }
      if (lowest === undefined || count < lowest.count) lowest = { key, count };
      seen += 1;
      if (seen === CANDIDATES) break;
    }
    if (lowest) this.windows.delete(lowest.key);
  }
}
