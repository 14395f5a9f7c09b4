import { Injectable } from '@nestjs/common';
import { CacheProvider } from '#cache';
import { MetricsService } from '#metrics';
import type { ChangedEndpoint } from './endpoint-health.writer.js';
import type { Health } from '../model/health.js';
import { SKILL_CACHE } from '../reading/skill.cache.js';

export type Transition = Health | 'unregistered';
const TRANSITIONS: readonly Transition[] = ['healthy', 'warning', 'unhealthy', 'unregistered'];

/** Tells of endpoints whose health changed, whoever changed it: counts them, and drops their Skills from the cache. */
@Injectable()
export class EndpointTransitions {
  private readonly transitions;

  constructor(
    private readonly cache: CacheProvider,
    metrics: MetricsService,
  ) {
    this.transitions = metrics.counter({
      name: 'registry_endpoint_transitions_total',
      help: 'Endpoints that changed to this health, or were unregistered because they stayed away.',
      labelNames: ['to'],
    });
    for (const to of TRANSITIONS) this.transitions.inc({ to }, 0);
  }

  /** After the commit. */
  async changed(endpoints: readonly ChangedEndpoint[]): Promise<void> {
    for (const { health } of endpoints) this.transitions.inc({ to: health });
    await this.cache.invalidate(SKILL_CACHE, ...new Set(endpoints.map(({ skillId }) => skillId)));
  }

  /** After the commit: so many endpoints of these Skills. */
  async unregistered(skillIds: readonly string[], endpoints: number): Promise<void> {
    this.transitions.inc({ to: 'unregistered' }, endpoints);
    await this.cache.invalidate(SKILL_CACHE, ...skillIds);
  }
}
