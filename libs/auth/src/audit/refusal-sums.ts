/** A refusal that was repeated, and how often. */
export interface RefusalSum<T> {
  last: T;
  count: number;
}

interface Window<T> {
  endsAt: number;
  /** Repetitions: the first refusal has an entry of its own. */
  repeated: RefusalSum<T> | undefined;
}

/**
 * Counts repeated refusals: the first of a kind has its own entry, those that follow within the window share one sum.
 * Keeps at most `capacity` kinds; if there are more, the oldest one ends early, and its sum is kept.
 */
export class RefusalSums<T> {
  /** In the order in which they end, because all windows have the same length. */
  private readonly windows = new Map<string, Window<T>>();
  private over: RefusalSum<T>[] = [];

  constructor(
    private readonly windowMs: number,
    private readonly capacity: number,
  ) {}

  get isFull(): boolean {
    return this.windows.size >= this.capacity;
  }

  has(kind: string): boolean {
    return this.windows.has(kind);
  }

  /** Returns true for the first of its kind, which needs its own entry. `now` is by `performance.now()`. */
  add(kind: string, refusal: T, now: number): boolean {
    const known = this.windows.get(kind);
    if (known !== undefined && known.endsAt > now) {
      known.repeated = { last: refusal, count: (known.repeated?.count ?? 0) + 1 };
      return false;
    }
    if (known !== undefined) this.end(kind, known);
    else if (this.isFull) this.endOldest();
    this.windows.set(kind, { endsAt: now + this.windowMs, repeated: undefined });
    return true;
  }

  /** The sums of windows that are over, once each. */
  take(now: number): RefusalSum<T>[] {
    for (const [kind, window] of this.windows) {
      if (window.endsAt > now) break;
      this.end(kind, window);
    }
    const { over } = this;
    this.over = [];
    return over;
  }

  private endOldest(): void {
    const oldest = this.windows.entries().next();
    if (oldest.done !== true) this.end(...oldest.value);
  }

  private end(kind: string, { repeated }: Window<T>): void {
    this.windows.delete(kind);
    if (repeated) this.over.push(repeated);
  }
}
