/** Answers that are remembered of an endpoint. */
const KEPT = 100;

/** How long an endpoint took for its last answers to calls of one capability. */
export class Latencies {
  private readonly times = new Float32Array(KEPT);
  private count = 0;
  private newestStart = -Infinity;
  private sorted: Float32Array | undefined;

  /** Adds the answer to a call. Both times are of `performance.now`. */
  add(startedAt: number, answeredAt = performance.now()): void {
    this.newestStart = Math.max(this.newestStart, startedAt);
    this.times[this.count % KEPT] = answeredAt - startedAt;
    this.count += 1;
    this.sorted = undefined;
  }

  /** Whether a call that started then or later has its answer. */
  hasAnsweredSince(startedAt: number): boolean {
    return this.newestStart >= startedAt;
  }

  /** The time in milliseconds in which this share of the answers came; undefined before the first answer. */
  quantile(share: number): number | undefined {
    const known = Math.min(this.count, KEPT);
    this.sorted ??= this.times.slice(0, known).sort();
    return this.sorted[Math.ceil(share * known) - 1];
  }
}
