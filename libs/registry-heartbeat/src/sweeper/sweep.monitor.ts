import { Injectable, type OnModuleInit } from '@nestjs/common';
import { LeaderElection } from '#database';
import { HealthRegistry, type IndicatorResult } from '#health';
import { MetricsService } from '#metrics';
import { LeaseRepository } from '../leases/lease.repository.js';
import { LeaseStore } from '../leases/lease-store.js';

/** Shows leases and self-preservation in /health and /metrics, on every replica. */
@Injectable()
export class SweepMonitor implements OnModuleInit {
  constructor(
    private readonly store: LeaseStore,
    private readonly repository: LeaseRepository,
    private readonly leader: LeaderElection,
    private readonly health: HealthRegistry,
    private readonly metrics: MetricsService,
  ) {}

  onModuleInit(): void {
    this.health.register({ name: 'leases', readiness: false, check: () => this.preservation() });
    this.metrics.gauge({
      name: 'registry_leases',
      help: 'Endpoints with a lease by its state: healthy: on time, warning: overdue, unhealthy: ended.',
      labelNames: ['health'],
      collect: async (gauge) => {
        const [{ onTime, overdue }, ended] = await Promise.all([this.store.census(0), this.repository.countEnded()]);
        gauge.set({ health: 'healthy' }, onTime);
        gauge.set({ health: 'warning' }, overdue);
        gauge.set({ health: 'unhealthy' }, ended);
      },
    });
    this.metrics.gauge({
      name: 'registry_frozen',
      help: '1 while self-preservation lets no lease end, else 0.',
      collect: async (gauge) => {
        gauge.set((await this.store.state()).frozen ? 1 : 0);
      },
    });
    this.metrics.gauge({
      name: 'registry_leader',
      help: '1 while this replica leads (it sweeps, and is the member of the upstream registry), else 0.',
      collect: (gauge) => {
        gauge.set(this.leader.isLeader ? 1 : 0);
      },
    });
  }

  private async preservation(): Promise<IndicatorResult> {
    try {
      const { frozen } = await this.store.state();
      return frozen
        ? { status: 'degraded', reason: 'self-preservation: too many leases would end at once' }
        : { status: 'up' };
    } catch {
      // The indicator `redis` shows the reason.
      return { status: 'degraded', reason: 'the lease store does not answer: no lease ends' };
    }
  }
}
