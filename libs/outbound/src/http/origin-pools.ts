import type { Dialer } from '../guard/dialer.js';
import { OriginPool } from './origin-pool.js';
import { OutboundError } from '../outbound-error.js';
import type { Target } from '../guard/target.js';

/**
 * A pool of connections for each share and origin, so that what hangs in one share keeps no connection from another: as
 * many as are allowed, and none for long that is not used.
 */
export class OriginPools {
  private readonly pools = new Map<string, OriginPool>();

  constructor(
    private readonly dialer: Dialer,
    private readonly limits: { maxOrigins: number; maxConnections: number },
  ) {}

  get open(): number {
    return [...this.pools.values()].reduce((sum, pool) => sum + pool.open, 0);
  }

  /** @throws OutboundError `refused` when the most pools that there may be are in use. */
  of(share: string, target: Target): OriginPool {
    const key = [target.origin, share, ...(target.addresses ?? [])].join(' ');
    const present = this.pools.get(key);
    if (present) return present;
    if (this.pools.size >= this.limits.maxOrigins) this.makeRoom();
    const pool = new OriginPool(target, this.dialer, this.limits.maxConnections, () => {
      if (this.pools.get(key) === pool) this.pools.delete(key);
    });
    this.pools.set(key, pool);
    return pool;
  }

  destroy(): void {
    for (const pool of this.pools.values()) pool.destroy();
    this.pools.clear();
  }

  private makeRoom(): void {
    for (const [key, pool] of this.pools) {
      if (!pool.isIdle) continue;
      this.pools.delete(key);
      pool.destroy();
      return;
    }
    throw new OutboundError(
      'refused',
      `calls over ${this.limits.maxOrigins} pools of connections are in flight already`,
    );
  }
}
