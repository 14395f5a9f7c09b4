/** Answers that are remembered of an endpoint. */
const KEPT = 100;

/** How long an endpoint took for its last answers. */
export class Latencies {
  private readonly times = new Float32Array(KEPT);
  private count = 0;
  private sorted: Float32Array | undefined;

  /** In milliseconds. */
  add(ms: number): void {
    this.times[this.count % KEPT] = ms;
    this.count += 1;
    this.sorted = undefined;
  }

  /** The time in milliseconds in which this share of the answers came; undefined before the first answer. */
  quantile(share: number): number | undefined {
    const known = Math.min(this.count, KEPT);
    this.sorted ??= this.times.slice(0, known).sort();
    return this.sorted[Math.ceil(share * known) - 1];
  }
}
