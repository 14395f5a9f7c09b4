/** A token bucket: holds `capacity` tokens, and gets `perSecond` new ones a second. */
export class TokenBucket {
  private tokens: number;
  private countedAt = performance.now();

  constructor(
    private readonly capacity: number,
    private readonly perSecond: number,
  ) {
    this.tokens = capacity;
  }

  /** Returns false, and takes nothing, if fewer than `amount` tokens are left. */
  take(amount: number): boolean {
    const now = performance.now();
    this.tokens = Math.min(this.capacity, this.tokens + ((now - this.countedAt) / 1000) * this.perSecond);
    this.countedAt = now;
    if (amount > this.tokens) return false;
    this.tokens -= amount;
    return true;
  }
}
