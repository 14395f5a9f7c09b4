import { Inject, Injectable } from '@nestjs/common';
import { JsonText } from '#common';
import { CacheProvider, defineCacheKey } from '#cache';
import { type CommandsSettings, commandsSettings } from '#config';
import type { ExecutionRecord } from './execution-record.js';
import { toDetails, type ExecutionDetailsResponse } from './execution.response.js';

/** An execution with what decides who may see it. */
export interface CachedExecution {
  clientId: string;
  spaceId: string | null;
  details: ExecutionDetailsResponse;
}

/** As the cache has it: the result as text. */
type Stored = Omit<CachedExecution, 'details'> & {
  details: Omit<ExecutionDetailsResponse, 'result'> & { result: string | null };
};

const CACHE_SECONDS = 60;
// Earlier releases keep executions in another form, under another name.
const KEY = defineCacheKey<Stored>('execution-with-tries', CACHE_SECONDS);
/** Bytes of the Skill's answer. Larger results stay in PostgreSQL alone. */
const MAX_RESPONSE_BYTES = 65_536;

/** Caches executions that nothing changes any more (docs/adr/0040): a read of one then needs no query. */
@Injectable()
export class FinishedExecutions {
  constructor(
    private readonly cache: CacheProvider,
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
  ) {}

  /** Returns undefined if the execution is not cached. The caller checks who may see it. Never rejects. */
  async find(id: string): Promise<CachedExecution | undefined> {
    const stored = await this.cache.get(KEY, id);
    if (!stored) return undefined;
    const { result } = stored.details;
    return { ...stored, details: { ...stored.details, result: result === null ? null : new JsonText(result) } };
  }

  /** Caches the execution if nothing can change it, and if it is not deleted before its time in the cache is over. */
  keep(record: ExecutionRecord): void {
    const { id, client_id, space_id, created_at, response_bytes } = record;
    const expiresIn = this.settings.retention - (Date.now() - created_at.getTime()) / 1000;
    if (!isUnchangeable(record) || (response_bytes ?? 0) > MAX_RESPONSE_BYTES || expiresIn <= CACHE_SECONDS) return;
    const details = { ...toDetails(record), result: record.result };
    void this.cache.set(KEY, id, { clientId: client_id, spaceId: space_id, details });
  }
}

/**
 * A failed execution can be run again under its name, a callback can be delivered again, and the tries of a cancelled execution
 * may come later from the replica that made it.
 */
function isUnchangeable({ status, callback }: ExecutionRecord): boolean {
  return status === 'completed' && callback === null;
}
