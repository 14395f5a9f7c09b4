import { HealthRegistry, type IndicatorResult } from '#health';
import { MetricsService } from '#metrics';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CacheProvider, type CacheStats } from './cache.provider.js';
import { RedisConnection } from './redis.connection.js';
import { RedisUnavailableError } from './redis-unavailable.error.js';

const PING_TIMEOUT_MS = 500;

/** Shows the state of Redis in /health and /readyz, and what the cache does in /metrics. */
@Injectable()
export class CacheMonitor implements OnModuleInit {
  constructor(
    private readonly redis: RedisConnection,
    private readonly cache: CacheProvider,
    private readonly health: HealthRegistry,
    private readonly metrics: MetricsService,
  ) {}

  onModuleInit(): void {
    if (this.redis.isConfigured) {
      this.health.register({ name: 'redis', readiness: true, check: () => this.ping() });
      this.metrics.gauge({
        name: 'redis_up',
        help: 'Whether Redis answers this replica; not there without REDIS_URL.',
        collect: async (gauge) => {
          gauge.set((await this.ping()).status === 'up' ? 1 : 0);
        },
      });
    }
    const outcomes: (keyof CacheStats)[] = ['hits', 'misses', 'errors'];
    this.metrics.gauge({
      name: 'cache_requests',
      help: 'Reads of the cache since the start by namespace and outcome: hits, misses, errors.',
      labelNames: ['namespace', 'outcome'],
      collect: (gauge) => {
        for (const [namespace, stats] of Object.entries(this.cache.stats())) {
          for (const outcome of outcomes) gauge.set({ namespace, outcome }, stats[outcome]);
        }
      },
    });
  }

  /** Without Redis the service is slower, and nothing worse (docs/adr/0005): it stays ready. */
  private async ping(): Promise<IndicatorResult> {
    try {
      await this.redis.ping(PING_TIMEOUT_MS);
      return { status: 'up' };
    } catch (error) {
      if (error instanceof RedisUnavailableError) return { status: 'degraded', reason: 'Redis does not answer' };
      throw error;
    }
  }
}
