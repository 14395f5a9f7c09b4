interface Sent {
  began: number;
  ended: number;
  /** Why it failed: a 5xx, or no answer. */
  failure?: string;
}

/** All requests of the clients, as these saw them: failures and outages. */
export class Traffic {
  private readonly all: Sent[] = [];

  add(sent: Sent): void {
    this.all.push(sent);
  }

  get count(): number {
    return this.all.length;
  }

  get failed(): number {
    return this.all.filter(({ failure }) => failure !== undefined).length;
  }

  /** Number of requests that failed in this way. */
  countOf(wanted: string): number {
    return this.all.filter(({ failure }) => failure === wanted).length;
  }

  /** Number of each failure, the most frequent first. */
  get failures(): string {
    const counts = new Map<string, number>();
    for (const { failure } of this.all) if (failure !== undefined) counts.set(failure, (counts.get(failure) ?? 0) + 1);
    return [...counts]
      .sort(([, a], [, b]) => b - a)
      .map(([failure, count]) => `${count} × ${failure}`)
      .join(', ');
  }

  /** The longest wait for an answer, in milliseconds. */
  get slowest(): number {
    return this.all.reduce((slowest, { began, ended }) => Math.max(slowest, ended - began), 0);
  }

  /** The longest time without a success, in milliseconds. */
  get longestOutage(): number {
    const times = this.all
      .flatMap(({ failure, ended }) => (failure === undefined ? [ended] : []))
      .sort((a, b) => a - b);
    return times.slice(1).reduce((longest, time, index) => Math.max(longest, time - (times[index] ?? time)), 0);
  }

  /** Milliseconds from `moment` to the last failure, or to the first success if nothing failed after it. */
  recoveryAfter(moment: number): number {
    const lastFailure = Math.max(
      ...this.all.flatMap(({ failure, ended }) => (failure !== undefined && ended > moment ? [ended] : [])),
    );
    if (lastFailure > 0) return lastFailure - moment;
    const firstSuccess = Math.min(
      ...this.all.flatMap(({ failure, began, ended }) => (failure === undefined && began > moment ? [ended] : [])),
    );
    return firstSuccess - moment;
  }

  /** Whether a request that was sent after `moment` succeeded. */
  hasSuccessSince(moment: number): boolean {
    return this.all.some(({ failure, began }) => failure === undefined && began > moment);
  }
}
