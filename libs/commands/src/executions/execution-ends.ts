import { Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { InFlight } from '#common';
import { LifecycleState } from '#health';
import { PeriodicService } from '#scheduling';
import { UNDER_WAY } from './execution-record.js';
import { ExecutionsRepository } from './executions.repository.js';

const LOOK_EVERY_MS = 100;

interface Waiting {
  executionId: string;
  /** Ends the wait. */
  end: () => void;
}

/** Waits for the ends of executions, at whatever replica they run. All that wait share one query. */
@Injectable()
export class ExecutionEnds extends PeriodicService {
  private readonly waiting = new InFlight<Waiting>();

  constructor(
    private readonly repository: ExecutionsRepository,
    private readonly lifecycle: LifecycleState,
    scheduler: SchedulerRegistry,
  ) {
    super(scheduler, {
      name: 'execution-ends',
      everyMs: LOOK_EVERY_MS,
      context: 'commands',
      subject: 'Waiting for the ends of executions',
    });
  }

  /** Returns when the execution is finished, after so many milliseconds, when the signal aborts, or when the service stops. */
  async wait(executionId: string, forMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.waiting.remove(slot);
        resolve();
      };
      const timer = setTimeout(end, forMs);
      signal.addEventListener('abort', end);
      const slot = this.waiting.add({ executionId, end });
    });
  }

  protected async work(): Promise<void> {
    const ids = [...new Set(Array.from(this.waiting, ({ executionId }) => executionId))];
    if (ids.length === 0) return;
    const ended = new Set(this.lifecycle.isDraining ? ids : await this.repository.findEnded(ids, UNDER_WAY));
    for (const { executionId, end } of this.waiting) if (ended.has(executionId)) end();
  }
}
