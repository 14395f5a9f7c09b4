import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { OpenChannel } from '#channels';
import { TRACER, type Tracer } from '#tracing';
import type { CapableTarget } from '../targets/target.js';
import { CallMetrics } from './call.metrics.js';
import { findUnfit } from './result-check.js';
import { type CallOutcome, SkillCaller } from './skill-caller.js';
import type { SkillCall } from './skill-request.js';
import { CallCancelledError } from './try-error.js';
import { Untaken } from './untaken.js';
import { ChannelCalls } from './channel-calls.js';
import { CallStatistics } from '../executions/call-statistics.js';
import { ExecutionJournal } from '../executions/execution-journal.js';
import { RunningCalls } from '../executions/running-calls.js';
import { type EarlierTries, TryLog } from '../executions/try-log.js';
import { TryRecorder } from '../executions/try-recorder.js';

/** Milliseconds between two log entries of unfit results of one capability. */
const LOG_EVERY_MS = 60_000;

/** Milliseconds that a caller waits for an endpoint which asks to be left alone. An asynchronous call waits in the queue. */
const LONGEST_REST = 30_000;
const LONGEST_REST_ASYNC = 1_000;

/** A call that is recorded as running. */
export interface ClaimedCall extends Omit<SkillCall, 'signal' | 'channel' | 'tries'> {
  channel: OpenChannel | undefined;
  startedAt: Date;
  earlier: EarlierTries;
}

/** The outcome of a call, and the time when it was recorded. */
export interface FinishedCall {
  outcome: CallOutcome;
  completedAt: Date;
}

/** Makes calls that are claimed, and records their outcome. Call it within `ExecutionJournal.guard`. */
@Injectable()
export class CallRunner {
  private readonly logger = new Logger('commands');
  /** Capabilities whose results were logged a short time ago. */
  private readonly reported = new LRUCache<string, true>({ max: 1_000, ttl: LOG_EVERY_MS });

  constructor(
    private readonly skills: SkillCaller,
    private readonly journal: ExecutionJournal,
    private readonly running: RunningCalls,
    private readonly recorder: TryRecorder,
    private readonly channels: ChannelCalls,
    private readonly statistics: CallStatistics,
    private readonly metrics: CallMetrics,
    @Optional() @Inject(TRACER) private readonly tracer?: Tracer,
  ) {}

  /**
   * Returns undefined if the call was cancelled or postponed. `postpone` makes the call asynchronous: it returns whether the
   * call will be tried again later, and a result is kept whatever its size.
   */
  async run(
    call: ClaimedCall,
    postpone?: (outcome: CallOutcome) => Promise<boolean>,
  ): Promise<FinishedCall | undefined> {
    this.tracer?.annotate({
      'ooder.execution.id': call.executionId,
      'ooder.skill.id': call.targets[0].skillId,
      'ooder.capability.id': call.targets[0].capability.capabilityId,
    });
    const tries = new TryLog(call.earlier);
    const outcome = await this.running.run(call.executionId, tries, (signal) =>
      this.attempt({ ...call, tries, signal }, postpone ? LONGEST_REST_ASYNC : LONGEST_REST),
    );
    if (outcome && !outcome.answered && (await postpone?.(outcome))) return undefined;
    if (outcome) await this.recordContext(call, outcome);
    const isAsync = postpone !== undefined;
    const completedAt = outcome && (await this.journal.finish(call.executionId, outcome, isAsync));
    const served = outcome?.route?.target ?? call.targets[0];
    if (outcome?.sent) this.statistics.add(served.skillId, outcome.status === 'failed');
    if (outcome?.route) this.reportUnfit(served, outcome);
    const took = Date.now() - call.startedAt.getTime();
    this.metrics.finished(served, completedAt ? outcome.status : 'cancelled', took);
    return completedAt && { outcome, completedAt };
  }

  private async recordContext({ channel }: ClaimedCall, outcome: CallOutcome): Promise<void> {
    const faults = await this.channels.record(channel, outcome);
    if (faults.length === 0) return;
    const untaken = new Untaken();
    untaken.addAll([...(outcome.warnings ?? []), ...faults]);
    Object.assign(outcome, untaken.toMember());
  }

  /** A result that does not fit is a fault of the Skill, which its owner must learn of: the caller gets it all the same. */
  private reportUnfit(target: CapableTarget, outcome: CallOutcome): void {
    const unfit = findUnfit(target, outcome);
    if (unfit === undefined) return;
    this.metrics.unfitResult();
    const { capabilityId, name } = target.capability;
    if (this.reported.has(capabilityId)) return;
    this.reported.set(capabilityId, true);
    this.logger.warn(
      `Skill ${target.skillId} returned a result of ${name} that does not fit its output_schema: ${unfit}`,
    );
  }

  /** Returns undefined if the call was cancelled. */
  private async attempt(call: SkillCall, longestRestMs: number): Promise<CallOutcome | undefined> {
    try {
      return await this.skills.call(call, longestRestMs);
    } catch (error) {
      if (!(error instanceof CallCancelledError)) throw error;
      await this.recorder.record(call.executionId);
      return undefined;
    }
  }
}
