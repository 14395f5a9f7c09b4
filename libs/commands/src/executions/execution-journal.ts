import { setImmediate as nextTurn } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { ERROR_CATALOGUE, type ErrorCode, type Fault, toStorable, writeJson } from '#common';
import { type CommandsSettings, commandsSettings } from '#config';
import { isDatabaseOutage } from '#database';
import { type CallOutcome, NOT_TRIED } from '../calls/skill-caller.js';
import { Untaken } from '../calls/untaken.js';
import { DatabaseBatcher } from './database-batcher.js';
import type { ExecutionError } from './execution.entity.js';
import { NO_TRIES } from './try-log.js';
import {
  type ClaimedExecution,
  ExecutionsRepository,
  type FinishedExecution,
  commandKey,
  type NewExecution,
} from './executions.repository.js';

/** Calls in one transaction, and transactions at a time: the next batch fills during one. */
const BATCHES = { maxBatch: 200, lanes: 1 };
/** The longest result in bytes that goes into a batch: a statement has a maximum size. */
const LONGEST_BATCHED = 65_536;
/** Characters of the details of an error. */
const LONGEST_DETAILS = 8192;

const INTERNAL_FAILURE: CallOutcome = {
  status: 'failed',
  error: { code: 1007 satisfies ErrorCode, message: ERROR_CATALOGUE[1007].title },
  ...NOT_TRIED,
  // It is not known how far the call came.
  sent: true,
};

/** The journal of calls: writes a row before a call starts, and its outcome before the caller gets the answer. */
@Injectable()
export class ExecutionJournal {
  private readonly claims = new DatabaseBatcher((executions: NewExecution[]) => this.claimAll(executions), BATCHES);
  private readonly outcomes = new DatabaseBatcher(
    (executions: FinishedExecution[]) => this.finishAll(executions),
    BATCHES,
  );
  private readonly logger = new Logger('commands');

  constructor(
    private readonly repository: ExecutionsRepository,
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
  ) {}

  /** Records a new call. Returns undefined if the client has used this `command_id` already. */
  claim(execution: NewExecution): Promise<ClaimedExecution | undefined> {
    return this.claims.add(execution);
  }

  /** Records the outcome. Returns the time, or undefined if the call was cancelled meanwhile. `isWhole`: keeps a result of any size. */
  async finish(id: string, outcome: CallOutcome, isWhole = false): Promise<Date | undefined> {
    const { record, size } = this.toRecord(id, outcome, isWhole);
    if (size <= LONGEST_BATCHED || !record.result_kept) return this.outcomes.add(record);
    // It was serialised once, and the statement does so again: let other work run between.
    await nextTurn();
    return (await this.repository.finish([record])).get(id);
  }

  /**
   * Runs a claimed call. If it throws, the execution is recorded as failed, and the error thrown again. Not so in a database
   * outage: then the claim runs out, a synchronous call is ended by `ExecutionUpkeep`, an asynchronous one is made again.
   */
  async guard<T>(id: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (!isDatabaseOutage(error)) await this.fail(id);
      throw error;
    }
  }

  /** Never rejects: it handles an error already. */
  private async fail(id: string): Promise<void> {
    try {
      await this.finish(id, INTERNAL_FAILURE);
    } catch (error) {
      this.logger.error(`execution ${id} could not be recorded as failed`, error);
    }
  }

  private async claimAll(executions: readonly NewExecution[]): Promise<(ClaimedExecution | undefined)[]> {
    const first = new Map<string, NewExecution>();
    for (const execution of executions)
      if (!first.has(commandKey(execution))) first.set(commandKey(execution), execution);
    const claimed = await this.repository.claim([...first.values()]);
    return executions.map((execution) => {
      const name = commandKey(execution);
      return first.get(name) === execution ? claimed.get(name) : undefined;
    });
  }

  private async finishAll(executions: readonly FinishedExecution[]): Promise<(Date | undefined)[]> {
    const finished = await this.repository.finish(executions);
    return executions.map(({ id }) => finished.get(id));
  }

  private toRecord(id: string, outcome: CallOutcome, isWhole: boolean): { record: FinishedExecution; size: number } {
    const { status, result, output, error, tries, sent, requestBytes, responseBytes } = outcome;
    const text = result?.text ?? null;
    const size = Buffer.byteLength(text ?? '') + Buffer.byteLength(output ?? '');
    const isKept = isWhole || size <= this.settings.keptResultBytes;
    const record = {
      id,
      status,
      ...(tries?.record() ?? NO_TRIES),
      sent,
      request_bytes: requestBytes,
      response_bytes: responseBytes,
      result: isKept ? text : null,
      output: isKept && output !== undefined ? toStorable(output) : null,
      error: error ? keptError(error) : null,
      warnings: toKeptWarnings(outcome),
      result_kept: isKept,
    };
    return { record, size };
  }
}

/** JSON text, without the details if they are long. */
export function keptError(error: ExecutionError): string {
  const { code, message } = error;
  return writeJson(hasLongDetails(error) ? { code, message } : error);
}

function hasLongDetails({ details }: ExecutionError): boolean {
  return details !== undefined && writeJson(details).length > LONGEST_DETAILS;
}

function toKeptWarnings({ error, warnings = [] }: CallOutcome): Fault[] | null {
  const untaken = new Untaken();
  untaken.addAll(warnings);
  if (error && hasLongDetails(error)) untaken.add('error_detail.details', 'is too long to be kept');
  return untaken.toMember().warnings ?? null;
}
