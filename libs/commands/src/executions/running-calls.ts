import { Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { InFlight } from '#common';
import { PeriodicService } from '#scheduling';
import { ExecutionsRepository } from './executions.repository.js';
import type { TryLog } from './try-log.js';

/** Milliseconds between two looks for calls that were cancelled through another replica. */
const LOOK_EVERY_MS = 500;

/** A call that this replica makes now. */
export interface Running {
  executionId: string;
  tries: TryLog;
  since: number;
  abort: AbortController;
}

/** The calls that this replica makes now, so that they can be cancelled here or through another replica. */
@Injectable()
export class RunningCalls extends PeriodicService implements Iterable<Running> {
  private readonly running = new InFlight<Running>();

  constructor(
    private readonly repository: ExecutionsRepository,
    scheduler: SchedulerRegistry,
  ) {
    super(scheduler, {
      name: 'cancelled-calls',
      everyMs: LOOK_EVERY_MS,
      context: 'commands',
      subject: 'Looking for cancelled calls',
    });
  }

  /** Runs a call that can be cancelled. */
  async run<T>(executionId: string, tries: TryLog, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    // If its claim ran out and it was claimed again here, the older run is cancelled.
    this.cancel(executionId);
    const abort = new AbortController();
    const slot = this.running.add({ executionId, tries, since: performance.now(), abort });
    try {
      return await call(abort.signal);
    } finally {
      this.running.remove(slot);
    }
  }

  [Symbol.iterator](): Iterator<Running> {
    return this.running[Symbol.iterator]();
  }

  cancel(executionId: string): void {
    for (const call of this.running) if (call.executionId === executionId) call.abort.abort();
  }

  protected async work(): Promise<void> {
    const before = performance.now() - LOOK_EVERY_MS;
    const ids = [...this.running].filter(({ since }) => since < before).map(({ executionId }) => executionId);
    if (ids.length === 0) return;
    for (const id of await this.repository.findEnded(ids, ['running'])) this.cancel(id);
  }
}
