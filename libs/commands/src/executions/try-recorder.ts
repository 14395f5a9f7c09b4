import { Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { PeriodicService } from '#scheduling';
import { ExecutionsRepository } from './executions.repository.js';
import { type Running, RunningCalls } from './running-calls.js';

/** Milliseconds after which a try is written while it runs. A faster one is written with the outcome of its call. */
const SOON_MS = 100;

/**
 * Writes tries while they run, so that a call that runs, was cancelled, or lost its replica shows where it is or was. All calls
 * of this replica share one statement, and a call that is answered within 100 ms costs none.
 */
@Injectable()
export class TryRecorder extends PeriodicService {
  constructor(
    private readonly calls: RunningCalls,
    private readonly repository: ExecutionsRepository,
    scheduler: SchedulerRegistry,
  ) {
    super(scheduler, { name: 'running-tries', everyMs: SOON_MS, context: 'commands', subject: 'Recording tries' });
  }

  /** Writes the tries of an execution, if it runs here. */
  record(executionId: string): Promise<void> {
    return this.write([...this.calls].filter((call) => call.executionId === executionId));
  }

  protected work(): Promise<void> {
    return this.write([...this.calls].filter(({ tries }) => tries.isUnrecorded(SOON_MS)));
  }

  private async write(calls: readonly Running[]): Promise<void> {
    const records = calls
      .filter(({ tries }) => tries.isUnrecorded())
      .map(({ executionId, tries }) => ({ id: executionId, ...tries.record() }));
    if (records.length > 0) await this.repository.recordTries(records);
  }
}
