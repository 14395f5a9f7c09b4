import { Injectable, Logger } from '@nestjs/common';
import { AuditLog, type Caller } from '#auth';
import { Transactions } from '#database';
import { CallbackDeliveries } from '../callbacks/callback-deliveries.js';
import { ExecutionsRepository } from './executions.repository.js';
import { RunningCalls } from './running-calls.js';
import { TryRecorder } from './try-recorder.js';

/** Cancels calls, at whatever replica they run. */
@Injectable()
export class CallCancellation {
  private readonly logger = new Logger('commands');

  constructor(
    private readonly repository: ExecutionsRepository,
    private readonly running: RunningCalls,
    private readonly recorder: TryRecorder,
    private readonly deliveries: CallbackDeliveries,
    private readonly transactions: Transactions,
    private readonly audit: AuditLog,
  ) {}

  /** Does nothing if the execution is finished. `stranger`: a caller whose call it is not, which the audit log names. */
  async cancel(executionId: string, stranger?: Caller): Promise<void> {
    await this.recorder.record(executionId);
    const isCancelled = await this.transactions.run(async (tx) => {
      if (!(await this.repository.cancel(executionId, tx))) return false;
      const change = { action: 'execution.cancel', target: `execution:${executionId}` };
      if (stranger) await this.audit.record(tx, stranger, [change]);
      return true;
    });
    if (!isCancelled) return;
    this.running.cancel(executionId);
    this.deliveries.wake();
  }

  /** Runs a call, and cancels it if the signal aborts meanwhile. */
  async during<T>(signal: AbortSignal, executionId: string, call: () => Promise<T>): Promise<T> {
    const cancel = (): void => {
      this.cancel(executionId).catch((error: unknown) => {
        this.logger.warn(`execution ${executionId} could not be cancelled: ${String(error)}`);
      });
    };
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
    try {
      return await call();
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }
}
