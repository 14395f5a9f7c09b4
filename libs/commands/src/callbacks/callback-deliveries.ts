import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Batcher } from '#common';
import { type CommandsSettings, commandsSettings } from '#config';
import { isDatabaseOutage } from '#database';
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

/** Callbacks in one transaction. */
const MAX_BATCH = 200;
const LANES = 2;

/** Delivers callbacks. Every replica takes part. */
@Injectable()
export class CallbackDeliveries implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop: ClaimLoop<DueCallback>;
  private readonly outcomes = new Batcher((callbacks: SettledCallback[]) => this.settleAll(callbacks), {
    maxBatch: MAX_BATCH,
    lanes: LANES,
    isOfOneItem: (error) => !isDatabaseOutage(error),
  });
  private readonly releases = new Batcher((holds: CallbackHold[]) => this.releaseAll(holds), {
    maxBatch: MAX_BATCH,
    lanes: LANES,
    isOfOneItem: (error) => !isDatabaseOutage(error),
  });

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
