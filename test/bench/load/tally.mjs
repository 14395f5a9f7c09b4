/** Counts answers: their times, and those that were no success. */
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

  /** Returns since the last call: sorted milliseconds of the successes, and the number of each other answer. */
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

/** The quantile of sorted values; NaN if there are none. */
export function quantile(sorted, share) {
  return sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
}
