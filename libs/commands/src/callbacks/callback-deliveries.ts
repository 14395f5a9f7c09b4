import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { type CommandsSettings, commandsSettings } from '#config';
import { DatabaseBatcher } from '../executions/database-batcher.js';
import { CallbackSender } from './callback-sender.js';
import {
  type CallbackHold,
  CallbacksRepository,
  type DueCallback,
  type SettledCallback,
  type SettledStatus,
} from './callbacks.repository.js';
import { ClaimLoop } from '../queue/claim-loop.js';
import { QueueMetrics } from '../queue/queue.metrics.js';

/** Callbacks in one transaction, and transactions at a time. */
const BATCHES = { maxBatch: 200, lanes: 2 };

/** Delivers callbacks. Every replica takes part. */
@Injectable()
export class CallbackDeliveries implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop: ClaimLoop<DueCallback>;
  private readonly outcomes = new DatabaseBatcher((callbacks: SettledCallback[]) => this.settleAll(callbacks), BATCHES);
  private readonly releases = new DatabaseBatcher((holds: CallbackHold[]) => this.releaseAll(holds), BATCHES);

  constructor(
    private readonly repository: CallbacksRepository,
    private readonly sender: CallbackSender,
    private readonly metrics: QueueMetrics,
    scheduler: SchedulerRegistry,
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
  ) {
    const { callbackConcurrency: concurrency, queuePoll: pollMs, queueLease: leaseMs } = settings;
    this.loop = new ClaimLoop(scheduler, {
      name: 'callbacks',
      subject: 'The queue of callbacks',
      concurrency,
      pollMs,
      leaseMs,
      claim: (limit, working) => repository.claim(limit, leaseMs, working),
      work: (callback, signal) => this.deliver(callback, signal),
      renew: (callbacks) => repository.renew(callbacks, leaseMs),
    });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  /** A callback is due now. */
  wake(): void {
    this.loop.wake();
  }

  private async deliver(callback: DueCallback, signal: AbortSignal): Promise<void> {
    const outcome = await this.sender.send(callback, signal);
    if (!outcome) return this.releases.add(callback);
    const status = await this.outcomes.add(outcome);
    if (status) this.metrics.countCallback(status === 'pending' ? 'failed' : status);
  }

  private async settleAll(callbacks: SettledCallback[]): Promise<(SettledStatus['status'] | undefined)[]> {
    const { callbackRetryFor: retryFor, keptResultBytes: keptBytes } = this.settings;
    const settled = await this.repository.settle(callbacks, { retryFor, keptBytes });
    const statuses = new Map(settled.map(({ id, status }) => [id, status]));
    return callbacks.map(({ id }) => statuses.get(id));
  }

  private async releaseAll(holds: CallbackHold[]): Promise<undefined[]> {
    await this.repository.renew(holds, 0);
    return holds.map(() => undefined);
  }
}
