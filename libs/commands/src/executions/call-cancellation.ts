import { Injectable, Logger } from '@nestjs/common';
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
  ) {}

  /** Does nothing if the execution is finished. */
  async cancel(executionId: string): Promise<void> {
    await this.recorder.record(executionId);
    if (!(await this.repository.cancel(executionId))) return;
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
