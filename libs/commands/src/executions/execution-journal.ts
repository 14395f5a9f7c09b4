import { setImmediate as nextTurn } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Batcher, ERROR_CATALOGUE, type ErrorCode } from '#common';
import { type CommandsSettings, commandsSettings } from '#config';
import { isDatabaseOutage } from '#database';
import { type CallOutcome, NOT_TRIED } from '../calls/skill-caller.js';
import type { ExecutionError } from './execution.entity.js';
import {
  type ClaimedExecution,
  ExecutionsRepository,
  type FinishedExecution,
  commandKey,
  type NewExecution,
} from './executions.repository.js';

/** Calls in one transaction. */
const MAX_BATCH = 200;
/** Transactions at the same time: while one is under way, the next fills. */
const LANES = 1;
/** Many longer ones together would be more than a statement can be. */
const LONGEST_BATCHED = 65_536;
const LONGEST_ERROR = 8192;
const BATCHES = { maxBatch: MAX_BATCH, lanes: LANES, isOfOneItem: (error: unknown) => !isDatabaseOutage(error) };

const INTERNAL_FAILURE: CallOutcome = {
  status: 'failed',
  error: { code: 1007 satisfies ErrorCode, message: ERROR_CATALOGUE[1007].title },
  ...NOT_TRIED,
  // Nobody knows how far it came.
  sent: true,
};

/** Keeps the books of calls: one row when a call begins, and what became of it before it is answered. */
@Injectable()
export class ExecutionJournal {
  private readonly claims = new Batcher((executions: NewExecution[]) => this.claimAll(executions), BATCHES);
  private readonly ends = new Batcher((executions: FinishedExecution[]) => this.finishAll(executions), BATCHES);
  private readonly logger = new Logger('commands');

  constructor(
    private readonly repository: ExecutionsRepository,
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
  ) {}

  /** How a call is to be made; undefined: the client has made one under this name. */
  claim(execution: NewExecution): Promise<ClaimedExecution | undefined> {
    return this.claims.add(execution);
  }

  /** Returns when; undefined when it was cancelled meanwhile. `isWhole`: the result is kept, however long it is. */
  async finish(id: string, outcome: CallOutcome, isWhole = false): Promise<Date | undefined> {
    const { record, size } = this.recordOf(id, outcome, isWhole);
    if (size <= LONGEST_BATCHED || !record.result_kept) return this.ends.add(record);
    // It has been written as text, and is once more for the statement: others have their turn in between.
    await nextTurn();
    return (await this.repository.finish([record])).get(id);
  }

  /**
   * Runs a call that is claimed; whatever goes wrong in that ends the execution as failed. Not so when it is the database
   * that failed: then the claim lapses, and a call in place is ended, an asynchronous one made again. Throws what `call`
   * throws.
   */
  async guard<T>(id: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (!isDatabaseOutage(error)) await this.fail(id);
      throw error;
    }
  }

  /** Never rejects: it is called where something went wrong already. */
  private async fail(id: string): Promise<void> {
    try {
      await this.finish(id, INTERNAL_FAILURE);
    } catch (error) {
      this.logger.error(`execution ${id} could not be ended as failed`, error);
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

  private recordOf(id: string, outcome: CallOutcome, isWhole: boolean): { record: FinishedExecution; size: number } {
    const { status, result, output, error, route, tries, sent, requestBytes, responseBytes } = outcome;
    const text = result === undefined ? null : JSON.stringify(result);
    const size = Buffer.byteLength(text ?? '') + Buffer.byteLength(output ?? '');
    const isKept = isWhole || size <= this.settings.keptResultBytes;
    const record = {
      id,
      status,
      endpoint_id: route?.endpoint.endpointId ?? null,
      endpoint_url: route?.endpoint.url ?? null,
      tries,
      sent,
      request_bytes: requestBytes,
      response_bytes: responseBytes,
      result: isKept ? text : null,
      output: isKept ? storable(output) : null,
      error: error ? keptError(error) : null,
      result_kept: isKept,
    };
    return { record, size };
  }
}

/** Without its details when they are long. */
export function keptError({ code, message, details }: ExecutionError): string {
  const text = JSON.stringify({ code, message, details });
  return text.length <= LONGEST_ERROR ? text : JSON.stringify({ code, message });
}

/** PostgreSQL takes neither NUL nor half of a pair of surrogates. */
function storable(text: string | undefined): string | null {
  return text === undefined ? null : text.replaceAll('\0', '\uFFFD').toWellFormed();
}
