import { Injectable, type OnModuleInit } from '@nestjs/common';
import { MetricsService } from '#metrics';
import { CatalogueChanges } from './catalogue-changes.js';
import { HotAnswers } from './hot-answers.js';

/** The metrics of reads from memory. */
@Injectable()
export class CatalogueMonitor implements OnModuleInit {
  constructor(
    private readonly hot: HotAnswers,
    private readonly changes: CatalogueChanges,
    private readonly metrics: MetricsService,
  ) {}

  onModuleInit(): void {
    const { hot, changes, metrics } = this;
    metrics.gauge({
      name: 'catalogue_requests',
      help: 'Reads of Skills, lists, discovery and capabilities since the start: hits were answered from memory.',
      labelNames: ['outcome'],
      collect: (gauge) => {
        gauge.set({ outcome: 'hit' }, hot.counts.hits);
        gauge.set({ outcome: 'miss' }, hot.counts.misses);
      },
    });
    metrics.gauge({
      name: 'catalogue_changes',
      help: 'Changes since the start: own, heard from other replicas, and times that messages were missed.',
      labelNames: ['source'],
      collect: (gauge) => {
        for (const source of ['own', 'heard', 'missed'] as const) gauge.set({ source }, changes.counts[source]);
      },
    });
    metrics.gauge({
      name: 'catalogue_bytes',
      help: 'Bytes of the answers that are kept in memory.',
      collect: (gauge) => {
        gauge.set(hot.answers?.bytes ?? 0);
      },
    });
    metrics.gauge({
      name: 'catalogue_answers',
      help: 'Answers that are kept in memory; some of them may be out of date and are not used.',
      collect: (gauge) => {
        gauge.set(hot.answers?.size ?? 0);
      },
    });
    metrics.gauge({
      name: 'catalogue_current',
      help: '1 while changes of other replicas are heard; 0: every read asks PostgreSQL.',
      collect: (gauge) => {
        gauge.set(changes.isCurrent ? 1 : 0);
      },
    });
  }
}
