import { jitteredPause } from '#common';

/** Pauses after failures, in milliseconds: each is twice as long as the last, from `first` up to `cap`. */
export class BackOff {
  private failures = 0;

  constructor(
    private readonly first: number,
    private readonly cap: number,
    private readonly random: () => number = Math.random,
  ) {}

  /**
   * Returns the pause after one more failure. Its upper half is random, so that members do not all come back at once. It is
   * not shorter than `askedFor` (`Retry-After`), but never longer than the cap.
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
