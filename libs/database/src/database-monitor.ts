import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { HealthRegistry, type IndicatorResult } from '#health';
import { MetricsService } from '#metrics';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { MIGRATIONS } from './migrations/index.js';

/** Shows the state of the database in /health, /readyz and /metrics. */
@Injectable()
export class DatabaseMonitor implements OnModuleInit {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly health: HealthRegistry,
    private readonly metrics: MetricsService,
  ) {}

  onModuleInit(): void {
    this.health.register({ name: 'database', readiness: true, check: () => this.ping() });
    this.health.register({ name: 'migrations', readiness: true, check: () => this.migrated() });
    const pool = (this.dataSource.driver as PostgresDriver).master as pg.Pool;
    this.metrics.gauge({
      name: 'db_client_connections',
      help: 'Connections of the PostgreSQL pool by state; pending: callers that wait for one.',
      labelNames: ['state'],
      collect: (gauge) => {
        gauge.set({ state: 'idle' }, pool.idleCount);
        gauge.set({ state: 'used' }, pool.totalCount - pool.idleCount);
        gauge.set({ state: 'pending' }, pool.waitingCount);
      },
    });
    this.metrics
      .gauge({ name: 'db_client_connections_max', help: 'Connections that the PostgreSQL pool may open.' })
      .set(pool.options.max);
  }

  private async ping(): Promise<IndicatorResult> {
    await this.dataSource.query('SELECT 1');
    return { status: 'up' };
  }

  /** The schema may be ahead of this version during a rolling upgrade, but never behind it. */
  private async migrated(): Promise<IndicatorResult> {
    const [row] = await this.dataSource.query<{ done: number }[]>(
      'SELECT count(*)::int AS done FROM migrations WHERE name = ANY($1)',
      [MIGRATIONS.map(({ name }) => name)],
    );
    return row?.done === MIGRATIONS.length ? { status: 'up' } : { status: 'down', reason: 'migrations are pending' };
  }
}
