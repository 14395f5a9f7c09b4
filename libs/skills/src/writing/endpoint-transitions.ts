import { Injectable } from '@nestjs/common';
import { MetricsService } from '#metrics';
import type { ChangedEndpoint } from './endpoint-health.writer.js';
import type { Health } from '../model/endpoint.entity.js';
import { CatalogueChanges } from '../catalogue/catalogue-changes.js';

export type Transition = Health | 'unregistered';
const TRANSITIONS: readonly Transition[] = ['healthy', 'warning', 'unhealthy', 'unregistered'];

/** Counts changes of health, and announces the changed Skills. */
@Injectable()
export class EndpointTransitions {
  private readonly transitions;

  constructor(
    private readonly changes: CatalogueChanges,
    metrics: MetricsService,
  ) {
    this.transitions = metrics.counter({
      name: 'registry_endpoint_transitions_total',
      help: 'Endpoints that changed to this health, or were unregistered because they stayed away.',
      labelNames: ['to'],
    });
    for (const to of TRANSITIONS) this.transitions.inc({ to }, 0);
  }

  /** Call it after the commit. */
  async changed(endpoints: readonly ChangedEndpoint[]): Promise<void> {
    for (const { health } of endpoints) this.transitions.inc({ to: health });
    await this.changes.announce([...new Set(endpoints.map(({ skillId }) => skillId))]);
  }

  /** Call it after the commit. `endpoints`: the number of unregistered endpoints. */
  async unregistered(skillIds: readonly string[], endpoints: number): Promise<void> {
    this.transitions.inc({ to: 'unregistered' }, endpoints);
    await this.changes.announce(skillIds);
  }
}
