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
    const delay = Math.min(this.cap, this.first * 2 ** Math.min(this.failures, 30));
    this.failures += 1;
    return Math.max(delay * (0.5 + this.random() / 2), Math.min(askedFor, this.cap));
  }

  reset(): void {
    this.failures = 0;
  }
}
