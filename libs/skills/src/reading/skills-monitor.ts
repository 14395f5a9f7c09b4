import { Injectable, type OnModuleInit } from '@nestjs/common';
import { MetricsService } from '#metrics';
import { SKILL_STATUSES } from '../model/skill.entity.js';
import { SkillsRepository } from './skills.repository.js';

/** Milliseconds that a count is used again, so that many scrapers cost the database no more than one. */
const FRESH_MS = 5_000;

/** Shows the number of registered Skills in /metrics. */
@Injectable()
export class SkillsMonitor implements OnModuleInit {
  private countedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly repository: SkillsRepository,
    private readonly metrics: MetricsService,
  ) {}

  onModuleInit(): void {
    this.metrics.gauge({
      name: 'registry_skills',
      help: 'Registered Skills by status.',
      labelNames: ['status'],
      collect: async (gauge) => {
        if (performance.now() - this.countedAt < FRESH_MS) return;
        const counts = await this.repository.countByStatus();
        this.countedAt = performance.now();
        for (const status of SKILL_STATUSES) {
          gauge.set({ status }, counts.find((row) => row.status === status)?.count ?? 0);
        }
      },
    });
  }
}
