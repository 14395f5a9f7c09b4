/** Answers that are counted: how long each took, and what was no success. */
export class Tally {
  #latencies = [];
  #failures = new Map();

  count(status, milliseconds) {
    if (status[0] === '2') this.#latencies.push(milliseconds);
    else this.fail(status);
  }

  fail(reason) {
    this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + 1);
  }

  /** Since the last call: milliseconds of each success, in order; how often what else was answered. */
  take() {
    const taken = {
      latencies: Float64Array.from(this.#latencies).sort(),
      failures: Object.fromEntries(this.#failures),
    };
    this.#latencies = [];
    this.#failures.clear();
    return taken;
  }
}

/** The value at this share of sorted ones; NaN when there are none. */
export function quantile(sorted, share) {
  return sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
}
