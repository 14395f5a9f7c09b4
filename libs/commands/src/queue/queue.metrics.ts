import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { HealthRegistry, type IndicatorResult } from '#health';
import { MetricsService } from '#metrics';
import { DataSource } from 'typeorm';

const RESULTS = ['delivered', 'failed', 'dead'] as const;

/** Milliseconds for which a count is reused: several scrapers cost as much as one. */
const FRESH_MS = 5_000;
/** Seconds that an item may be overdue until health says `degraded`. */
const LATE_S = 60;

interface QueueState {
  calls_pending: number;
  calls_running: number;
  callbacks_pending: number;
  callbacks_dead: number;
  calls_late: number;
  callbacks_late: number;
}

/** The length and the delay of the two queues, over all replicas: every replica reports the same. */
@Injectable()
export class QueueMetrics implements OnModuleInit {
  private readonly callbacks;
  private readonly postponed;
  private counted: { at: number; state: Promise<QueueState> } | undefined;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly metrics: MetricsService,
    private readonly health: HealthRegistry,
  ) {
    this.callbacks = metrics.counter({
      name: 'command_callback_attempts_total',
      help: 'Attempts to deliver a callback, by result; failed: it is retried.',
      labelNames: ['result'],
    });
    for (const result of RESULTS) this.callbacks.inc({ result }, 0);
    this.postponed = metrics.counter({
      name: 'command_postponed_total',
      help: 'Asynchronous calls that no Skill served and that are retried later.',
    });
  }

  onModuleInit(): void {
    this.metrics.gauge({
      name: 'command_queue_length',
      help: 'Asynchronous calls and their callbacks by state, over all replicas.',
      labelNames: ['queue', 'state'],
      collect: async (gauge) => {
        const state = await this.state();
        gauge.set({ queue: 'calls', state: 'pending' }, state.calls_pending);
        gauge.set({ queue: 'calls', state: 'running' }, state.calls_running);
        gauge.set({ queue: 'callbacks', state: 'pending' }, state.callbacks_pending);
        gauge.set({ queue: 'callbacks', state: 'dead' }, state.callbacks_dead);
      },
    });
    this.metrics.gauge({
      name: 'command_queue_late_seconds',
      help: 'Seconds since the oldest due item was due.',
      labelNames: ['queue'],
      collect: async (gauge) => {
        const state = await this.state();
        gauge.set({ queue: 'calls' }, state.calls_late);
        gauge.set({ queue: 'callbacks' }, state.callbacks_late);
      },
    });
    this.health.register({ name: 'command_queue', readiness: false, check: () => this.check() });
  }

  countCallback(result: (typeof RESULTS)[number]): void {
    this.callbacks.inc({ result });
  }

  countPostponed(): void {
    this.postponed.inc();
  }

  private async check(): Promise<IndicatorResult> {
    const { calls_late, callbacks_late } = await this.state();
    const late = Math.round(Math.max(calls_late, callbacks_late));
    return late < LATE_S
      ? { status: 'up' }
      : { status: 'degraded', reason: `asynchronous calls or callbacks are ${late} s late` };
  }

  private state(): Promise<QueueState> {
    if (this.counted && performance.now() - this.counted.at < FRESH_MS) return this.counted.state;
    const state = this.count();
    this.counted = { at: performance.now(), state };
    state.catch(() => (this.counted = undefined));
    return state;
  }

  /** Each count uses a partial index. */
  private async count(): Promise<QueueState> {
    const [row] = await this.dataSource.query<[QueueState]>(
      `SELECT (SELECT count(*)::int FROM executions WHERE status = 'pending') AS calls_pending,
         (SELECT count(*)::int FROM executions WHERE status = 'running' AND mode = 'async') AS calls_running,
         (SELECT count(*)::int FROM callbacks WHERE status = 'pending' AND next_attempt_at IS NOT NULL) AS callbacks_pending,
         (SELECT count(*)::int FROM callbacks WHERE status = 'dead') AS callbacks_dead,
         (SELECT GREATEST(0, EXTRACT(epoch FROM now() - min(next_attempt_at)))::float8 FROM executions
            WHERE status = 'pending') AS calls_late,
         (SELECT GREATEST(0, EXTRACT(epoch FROM now() - min(next_attempt_at)))::float8 FROM callbacks
            WHERE status = 'pending') AS callbacks_late`,
    );
    return row;
  }
}
