import { Inject, Injectable, Optional } from '@nestjs/common';
import { ApiError, BadParameterError, type ErrorCode, jitteredPause, PermissionError } from '#common';
import { type CommandsSettings, commandsSettings } from '#config';
import { translateDatabaseError } from '#database';
import { formatTraceparent, parseTraceparent, startSpan } from '#logging';
import { runJob, TRACER, type Tracer } from '#tracing';
import { CallPreparation, NO_MEMBERS, type PreparedCall } from '../calls/call-preparation.js';
import { CallRunner } from '../calls/call-runner.js';
import { type CallOutcome, NOT_TRIED } from '../calls/skill-caller.js';
import { DatabaseBatcher } from '../executions/database-batcher.js';
import { ExecutionJournal, keptError } from '../executions/execution-journal.js';
import { NO_TRIES } from '../executions/try-log.js';
import { CallQueueRepository, type PostponedCall } from './call-queue.repository.js';
import { restoreCaller, type QueuedCall } from './queued-call.js';
import { QueueMetrics } from './queue.metrics.js';

/** At most a minute, so that a Skill that comes back gets its calls soon. */
const BACK_OFF = { first: 1_000, longest: 60_000 };
/** Postponed calls in one transaction, and transactions at a time. */
const BATCHES = { maxBatch: 200, lanes: 2 };
/** Errors that may pass: the call is retried. */
const TRANSIENT = new Set<ErrorCode>([1008, 2003, 2004, 2006]);
/** Errors that pass if a matching Skill registers, unless the call is for a Skill by id. */
const MISSING = new Set<ErrorCode>([1004, 1005]);
const EXHAUSTED: CallOutcome = {
  status: 'failed',
  error: { code: 1008 satisfies ErrorCode, message: 'Interrupted: the replica stopped at each attempt' },
  ...NOT_TRIED,
  sent: true,
};

/** Makes a claimed call: finishes it, or postpones it to the next attempt. */
@Injectable()
export class QueuedCallRunner {
  private readonly postponements = new DatabaseBatcher((calls: PostponedCall[]) => this.postponeAll(calls), BATCHES);

  constructor(
    private readonly preparation: CallPreparation,
    private readonly runner: CallRunner,
    private readonly journal: ExecutionJournal,
    private readonly repository: CallQueueRepository,
    private readonly metrics: QueueMetrics,
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
    @Optional() @Inject(TRACER) private readonly tracer?: Tracer,
  ) {}

  /**
   * Returns without making the call if the signal aborts before. Fails a call whose replica stopped at every one of the
   * allowed attempts.
   */
  run(call: QueuedCall, signal: AbortSignal): Promise<void> {
    return this.journal.guard(call.id, async () => {
      if (call.counted_attempts > this.settings.queueMaxAttempts) await this.journal.finish(call.id, EXHAUSTED);
      else await this.make(call, signal);
    });
  }

  private async make(call: QueuedCall, signal: AbortSignal): Promise<void> {
    const trace = startSpan(parseTraceparent(call.request.traceparent));
    await runJob(this.tracer, 'queued call', trace, async (span) => {
      const begun = performance.now();
      const prepared = await this.prepare(call, span.traceId);
      const postpone = (outcome: CallOutcome): Promise<boolean> => this.postpone(call, outcome, begun);
      if (prepared instanceof ApiError) {
        const outcome = toOutcome(prepared);
        if (!mayPass(prepared, call) || !(await postpone(outcome))) await this.journal.finish(call.id, outcome);
        return;
      }
      if (signal.aborted) return;
      const { request, ...rest } = prepared;
      await this.runner.run(
        {
          ...rest,
          executionId: call.id,
          commandId: call.command_id,
          caller: { clientId: call.client_id },
          metadata: call.request.body.metadata ?? NO_MEMBERS,
          timeoutMs: request.timeoutMs,
          traceparent: formatTraceparent(span),
          passedHeaders: call.request.headers ?? {},
          startedAt: new Date(),
          earlier: call,
        },
        postpone,
      );
    });
  }

  /** Returns the prepared call, or why no Skill can serve it. */
  private async prepare(call: QueuedCall, traceId: string): Promise<PreparedCall | ApiError> {
    if (call.client_disabled) return new PermissionError('The client is disabled');
    try {
      return await this.preparation.prepare(restoreCaller(call, traceId), call.request.body);
    } catch (error) {
      const known = error instanceof ApiError ? error : translateDatabaseError(error);
      if (known) return known;
      throw error;
    }
  }

  /** Returns false if there is no time, or no attempt, left. */
  private async postpone(call: QueuedCall, outcome: CallOutcome, begun: number): Promise<boolean> {
    const { id, attempts, counted_attempts: counted, age } = call;
    const left = this.settings.queueRetryFor * 1000 - age - (performance.now() - begun);
    if (left <= 0 || counted >= this.settings.queueMaxAttempts) return false;
    const { error, tries, sent, retryAfterMs = 0 } = outcome;
    // The last attempt is made at the end of the time.
    const delay = Math.ceil(Math.min(left, Math.max(jitteredPause(counted, BACK_OFF), retryAfterMs)));
    await this.postponements.add({
      id,
      attempts,
      delay,
      ...(tries?.record() ?? NO_TRIES),
      sent,
      error: error ? keptError(error) : null,
    });
    this.metrics.countPostponed();
    return true;
  }

  private async postponeAll(calls: PostponedCall[]): Promise<undefined[]> {
    await this.repository.postpone(calls);
    return calls.map(() => undefined);
  }
}

function mayPass({ code }: ApiError, { request: { body } }: QueuedCall): boolean {
  return TRANSIENT.has(code) || (MISSING.has(code) && body.skill_id === undefined && body.channel_id === undefined);
}

/** The outcome of a call that was not made. */
function toOutcome(error: ApiError): CallOutcome {
  const { code, summary, details } = error;
  return {
    status: 'failed',
    error: { code, message: summary, ...(error instanceof BadParameterError && { details }) },
    ...NOT_TRIED,
  };
}
