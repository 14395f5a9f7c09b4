import { createHash } from 'node:crypto';
import type { Deadline } from '../deadline.js';
import type { Dialer } from '../guard/dialer.js';
import type { Target } from '../guard/target.js';
import { OutboundError } from '../outbound-error.js';
import type { Message } from './connection.js';
import type { OutboundAnswer } from './exchange.js';
import { OriginPool } from './origin-pool.js';

/**
 * A pool of connections for each share, origin and CA. Calls of one share that hang take no connection from another share, and no
 * call uses a connection, or a TLS session, that another CA has made trusted.
 */
export class OriginPools {
  private readonly pools = new Map<string, OriginPool>();

  constructor(
    private readonly dialer: Dialer,
    private readonly limits: { maxOrigins: number; maxConnections: number },
  ) {}

  /** The number of open connections. */
  get open(): number {
    return [...this.pools.values()].reduce((sum, pool) => sum + pool.open, 0);
  }

  /** @throws OutboundError; `refused` when `maxOrigins` pools are in use */
  exchange(share: string, target: Target, message: Message, deadline: Deadline): Promise<OutboundAnswer> {
    this.dialer.check(target);
    return this.getPool(share, target).exchange(message, target.path, deadline);
  }

  /** Closes all connections: calls in flight fail. */
  destroy(): void {
    for (const pool of this.pools.values()) pool.destroy();
    this.pools.clear();
  }

  private getPool(share: string, target: Target): OriginPool {
    const { origin, addresses = [], ca } = target;
    const key = [origin, share, ...addresses, ...(ca === undefined ? [] : [digest(ca)])].join(' ');
    const present = this.pools.get(key);
    if (present) return present;
    if (this.pools.size >= this.limits.maxOrigins) this.removeIdlePool();
    const pool = new OriginPool(target, this.dialer, this.limits.maxConnections, () => {
      if (this.pools.get(key) === pool) this.pools.delete(key);
    });
    this.pools.set(key, pool);
    return pool;
  }

  private removeIdlePool(): void {
    for (const [key, pool] of this.pools) {
      if (!pool.isIdle) continue;
      this.pools.delete(key);
      pool.destroy();
      return;
    }
    throw new OutboundError('refused', `all ${this.limits.maxOrigins} connection pools are in use`);
  }
}

function digest(ca: string): string {
  return createHash('sha256').update(ca).digest('base64');
}
