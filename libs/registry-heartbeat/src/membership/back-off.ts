import { jitteredPause } from '#common';

/** How long to wait after failures: doubled from `first` up to `cap`, in milliseconds. */
export class BackOff {
  private failures = 0;

  constructor(
    private readonly first: number,
    private readonly cap: number,
    private readonly random: () => number = Math.random,
  ) {}

  /**
   * After one more failure. Random in its upper half, so that members do not come back all at once; not shorter than
   * the other side asked for (`Retry-After`), as far as that is within the cap.
   */
  next(askedFor = 0): number {
    this.failures += 1;
    const pause = jitteredPause(this.failures, { first: this.first, longest: this.cap }, this.random);
    return Math.max(pause, Math.min(askedFor, this.cap));
  }

  reset(): void {
    this.failures = 0;
  }
}
