import { createHash } from 'node:crypto';
import type { RedisConnection } from './redis.connection.js';

/** Milliseconds. Our scripts take a few, but may have to wait for others. */
const SCRIPT_TIMEOUT_MS = 1_000;

/** A Lua script that Redis keeps by its hash: it is sent once, and again when Redis has forgotten it. */
export class RedisScript {
  private readonly sha: string;

  constructor(private readonly source: string) {
    this.sha = createHash('sha1').update(source).digest('hex');
  }

  /** @throws RedisUnavailableError; errors of Redis itself */
  async run(redis: RedisConnection, keys: string[], args: string[], timeoutMs = SCRIPT_TIMEOUT_MS): Promise<unknown> {
    const options = { keys, arguments: args };
    try {
      return await redis.run((client) => client.evalSha(this.sha, options), timeoutMs);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return redis.run((client) => client.eval(this.source, options), timeoutMs);
    }
  }
}
