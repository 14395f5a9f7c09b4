import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HealthRegistry, type IndicatorResult } from '#health';
import { MetricsService } from '#metrics';
import { MembershipService } from './membership.service.js';

/** Shows the membership in /health and /metrics. It never changes the health of this service. */
@Injectable()
export class MembershipMonitor implements OnModuleInit {
  constructor(
    private readonly membership: MembershipService,
    private readonly health: HealthRegistry,
    private readonly metrics: MetricsService,
  ) {}

  onModuleInit(): void {
    if (this.membership.state === 'off') return;
    this.health.register({
      name: 'upstream',
      readiness: false,
      informative: true,
      check: () => Promise.resolve(this.indicator()),
    });
    this.metrics.gauge({
      name: 'registry_upstream_up',
      help: '1 while this replica is registered with the upstream registry and its heartbeats are accepted, else 0.',
      collect: (gauge) => {
        gauge.set(this.membership.state === 'registered' ? 1 : 0);
      },
    });
    this.metrics.gauge({
      name: 'registry_upstream_skills',
      help: 'Skills of this registry that this replica has registered with the upstream registry.',
      collect: (gauge) => {
        gauge.set(this.membership.mirroredSkills);
      },
    });
  }

  private indicator(): IndicatorResult {
    const { state } = this.membership;
    switch (state) {
      case 'off':
      case 'standby':
      case 'registered':
        return { status: 'up' };
      case 'connecting':
        return { status: 'degraded', reason: 'not registered with the upstream registry yet' };
      case 'unreachable':
        return { status: 'degraded', reason: this.membership.publicReason };
      case 'rejected':
        return { status: 'degraded', reason: 'the upstream registry knows another service by this name' };
      case 'circular':
        return { status: 'degraded', reason: 'the upstream registry is this service itself' };
    }
  }
}
