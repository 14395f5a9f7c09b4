import type { Dialer } from './dialer.js';
import { OriginPool } from './origin-pool.js';
import { OutboundError } from './outbound-error.js';
import type { Target } from './target.js';

/** The pools of all origins: as many as are allowed, and none for long that is not used. */
export class OriginPools {
  private readonly pools = new Map<string, OriginPool>();

  constructor(
    private readonly dialer: Dialer,
    private readonly limits: { maxOrigins: number; maxConnections: number },
  ) {}

  get open(): number {
    return [...this.pools.values()].reduce((sum, pool) => sum + pool.open, 0);
  }

  get origins(): number {
    return this.pools.size;
  }

  /** @throws OutboundError `refused` when connections to the most origins that there may be are in use. */
  of(target: Target): OriginPool {
    const { origin } = target;
    const present = this.pools.get(origin);
    if (present) return present;
    if (this.pools.size >= this.limits.maxOrigins) this.makeRoom();
    const pool = new OriginPool(target, this.dialer, this.limits.maxConnections, () => {
      if (this.pools.get(origin) === pool) this.pools.delete(origin);
    });
    this.pools.set(origin, pool);
    return pool;
  }

  destroy(): void {
    for (const pool of this.pools.values()) pool.destroy();
    this.pools.clear();
  }

  private makeRoom(): void {
    for (const [origin, pool] of this.pools) {
      if (!pool.isIdle) continue;
      this.pools.delete(origin);
      pool.destroy();
      return;
    }
    throw new OutboundError('refused', `calls of ${this.limits.maxOrigins} origins are in flight already`);
  }
}
