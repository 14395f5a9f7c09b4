import { Injectable } from '@nestjs/common';
import { MetricsService } from '#metrics';
import type { Health } from '#skills';

export type Transition = Health | 'unregistered';
const TRANSITIONS: readonly Transition[] = ['healthy', 'warning', 'unhealthy', 'unregistered'];

/** Counts endpoints whose health changed, whoever changed it. */
@Injectable()
export class TransitionMetrics {
  private readonly transitions;

  constructor(metrics: MetricsService) {
    this.transitions = metrics.counter({
      name: 'registry_endpoint_transitions_total',
      help: 'Endpoints that changed to this health, or were unregistered because they stayed away.',
      labelNames: ['to'],
    });
    for (const to of TRANSITIONS) this.transitions.inc({ to }, 0);
  }

  count(to: Transition, endpoints = 1): void {
    this.transitions.inc({ to }, endpoints);
  }
}
