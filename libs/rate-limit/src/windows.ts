/** Milliseconds in which requests are counted; it begins with the first of them. */
export const WINDOW_MS = 60_000;

/** Of so many, the one with the lowest count makes room: whoever floods is the last to be forgotten. */
const CANDIDATES = 16;

/** What one client has asked for since its window began. */
export interface Window {
  /** By all replicas, as far as is known here. */
  count: number;
  /** Of these, what other replicas have not been told yet. */
  pending: number;
  /** Milliseconds of the clock of `performance`. */
  resetsAt: number;
}

/** Windows by key, of at most `capacity` clients: a flood of names cannot take more memory than that. */
export class Windows {
  private readonly windows = new Map<string, Window>();

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.windows.size;
  }

  /** The window that is open now; undefined when there is none. */
  find(key: string, now = performance.now()): Window | undefined {
    const window = this.windows.get(key);
    return window && window.resetsAt > now ? window : undefined;
  }

  /** The window that is open now, or a new one. */
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
    // In the order in which they began, but for those that began elsewhere.
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
