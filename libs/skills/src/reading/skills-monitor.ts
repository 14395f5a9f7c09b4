import { Injectable, type OnModuleInit } from '@nestjs/common';
import { MetricsService } from '#metrics';
import { ENDPOINT_STATUSES } from '../model/endpoint.entity.js';
import { FLAPPING_MINUTES, FLAPS } from '../model/flapping.js';
import { SKILL_STATUSES } from '../model/skill.entity.js';
import { SkillsRepository } from './skills.repository.js';

/** Milliseconds that a count is used again, so that many scrapers cost the database no more than one. */
const FRESH_MS = 5_000;

/** Shows the numbers of registered Skills and endpoints in /metrics. */
@Injectable()
export class SkillsMonitor implements OnModuleInit {
  constructor(
    private readonly repository: SkillsRepository,
    private readonly metrics: MetricsService,
  ) {}

  onModuleInit(): void {
    this.count('registry_skills', 'Registered Skills by status.', SKILL_STATUSES, () =>
      this.repository.countByStatus(),
    );
    this.count('registry_endpoints', 'Registered endpoints by status.', ENDPOINT_STATUSES, () =>
      this.repository.countEndpoints(),
    );
    let countedAt = Number.NEGATIVE_INFINITY;
    this.metrics.gauge({
      name: 'registry_endpoints_flapping',
      help: `Endpoints that became healthy again ${FLAPS} times or more in the last ${FLAPPING_MINUTES} minutes.`,
      collect: async (gauge) => {
        if (performance.now() - countedAt < FRESH_MS) return;
        gauge.set(await this.repository.countFlapping());
        countedAt = performance.now();
      },
    });
  }

  private count<S extends string>(
    name: string,
    help: string,
    statuses: readonly S[],
    read: () => Promise<{ status: S; count: number }[]>,
  ): void {
    let countedAt = Number.NEGATIVE_INFINITY;
    this.metrics.gauge({
      name,
      help,
      labelNames: ['status'],
      collect: async (gauge) => {
        if (performance.now() - countedAt < FRESH_MS) return;
        const counts = await read();
        countedAt = performance.now();
        for (const status of statuses) {
          gauge.set({ status }, counts.find((row) => row.status === status)?.count ?? 0);
        }
      },
    });
  }
}
