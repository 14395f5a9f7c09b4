import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { ApiError } from '#common';
import { type CommandsSettings, commandsSettings } from '#config';
import { DatabaseBatcher } from '../executions/database-batcher.js';
import { commandKey } from '../executions/executions.repository.js';
import { RunningCalls } from '../executions/running-calls.js';
import { CallQueueRepository } from './call-queue.repository.js';
import { CallbackDeliveries } from '../callbacks/callback-deliveries.js';
import { ClaimLoop } from './claim-loop.js';
import { PendingQuota } from './pending-quota.js';
import type { NewQueuedCall, QueuedCall } from './queued-call.js';
import { QueuedCallRunner } from './queued-call-runner.js';

/** Calls in one transaction (each body may have a megabyte), and transactions at a time. */
const BATCHES = { maxBatch: 50, lanes: 4 };

/** Accepts asynchronous calls and makes them. The replica that claims a call makes it. */
@Injectable()
export class CallQueue implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop: ClaimLoop<QueuedCall>;
  private readonly additions = new DatabaseBatcher((calls: NewQueuedCall[]) => this.addAll(calls), BATCHES);

  constructor(
    private readonly repository: CallQueueRepository,
    private readonly quota: PendingQuota,
    private readonly runner: QueuedCallRunner,
    private readonly callbacks: CallbackDeliveries,
    private readonly running: RunningCalls,
    scheduler: SchedulerRegistry,
    @Inject(commandsSettings.KEY) settings: CommandsSettings,
  ) {
    const { queueConcurrency: concurrency, queuePoll: pollMs, queueLease: leaseMs } = settings;
    this.loop = new ClaimLoop(scheduler, {
      name: 'command-queue',
      subject: 'The queue of calls',
      concurrency,
      pollMs,
      leaseMs,
      claim: (limit, working) => repository.claim(limit, leaseMs, working),
      work: (call, signal) => this.make(call, signal),
      renew: (calls) => repository.renew(calls, leaseMs),
    });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  /**
   * Returns the id of the execution when it is committed; undefined if the client has used this `command_id` already.
   * @throws QuotaExceededError (1009)
   */
  async add(call: NewQueuedCall): Promise<string | undefined> {
    const id = await this.additions.add(call);
    if (id instanceof ApiError) throw id;
    if (id !== undefined) this.loop.wake();
    return id;
  }

  private async make(call: QueuedCall, signal: AbortSignal): Promise<void> {
    const cancel = (): void => {
      this.running.cancel(call.id);
    };
    signal.addEventListener('abort', cancel);
    try {
      await this.runner.run(call, signal);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
    // This replica stops: another one makes the call. A finished execution stays as it is.
    if (signal.aborted) await this.repository.release([call]);
    else this.callbacks.wake();
  }

  private async addAll(calls: readonly NewQueuedCall[]): Promise<(string | ApiError | undefined)[]> {
    const first = new Map<string, NewQueuedCall>();
    for (const call of calls) if (!first.has(commandKey(call))) first.set(commandKey(call), call);
    const { ids, refused } = await this.quota.add([...first.values()]);
    return calls.map((call) => {
      const name = commandKey(call);
      return refused.get(name) ?? (first.get(name) === call ? ids.get(name) : undefined);
    });
  }
}
