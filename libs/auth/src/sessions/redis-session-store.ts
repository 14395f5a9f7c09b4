import { type RedisConnection, RedisScript, RedisUnavailableError } from '#cache';
import type { Transaction } from '#database';
import { type Session, SessionStore } from './session-store.js';

/** KEYS: the session. ARGV: milliseconds to live, then fields and values in turn. */
const CREATE = new RedisScript(`
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])`);

/** KEYS: the session. ARGV: milliseconds to live, the hash that it must hold, then fields and values in turn. */
const ROTATE = new RedisScript(`
if redis.call('HGET', KEYS[1], 'token_hash') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1`);

/** A hash for each session, which all replicas share and Redis itself deletes. Comparing and setting is one script. */
export class RedisSessionStore extends SessionStore {
  constructor(private readonly redis: RedisConnection) {
    super();
  }

  async create(_tx: Transaction, session: Session): Promise<void> {
    const { id, clientUuid, clientVersion, tokenHash, scope, expiresAt } = session;
    const fields = {
      client_uuid: clientUuid,
      client_version: String(clientVersion),
      token_hash: tokenHash,
      scope,
      expires_at: String(expiresAt.getTime()),
    };
    await this.run(() => CREATE.run(this.redis, [keyOf(id)], [lifeOf(expiresAt), ...Object.entries(fields).flat()]));
  }

  async find(id: string): Promise<Session | undefined> {
    const found: Partial<Record<string, string>> = await this.run(() =>
      this.redis.run((client) => client.hGetAll(keyOf(id))),
    );
    const { client_uuid: clientUuid, client_version, token_hash: tokenHash, scope, expires_at } = found;
    if (clientUuid === undefined || tokenHash === undefined || scope === undefined) return undefined;
    const expiresAt = new Date(Number(expires_at));
    if (!(expiresAt.getTime() > Date.now())) return undefined;
    return { id, clientUuid, clientVersion: Number(client_version), tokenHash, scope, expiresAt };
  }

  async rotate(
    _tx: Transaction,
    id: string,
    tokenHash: string,
    next: Pick<Session, 'tokenHash' | 'expiresAt'>,
  ): Promise<boolean> {
    const fields = ['token_hash', next.tokenHash, 'expires_at', String(next.expiresAt.getTime())];
    const args = [lifeOf(next.expiresAt), tokenHash, ...fields];
    return (await this.run(() => ROTATE.run(this.redis, [keyOf(id)], args))) === 1;
  }

  async remove(_tx: Transaction, id: string): Promise<void> {
    await this.run(() => this.redis.run((client) => client.del(keyOf(id))));
  }

  async purge(): Promise<void> {
    // Redis does.
  }

  /** A Redis that refuses (it is full, say, or a replica) is of no more use than one that is away. */
  private async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof RedisUnavailableError ? error : new RedisUnavailableError('it refuses', error);
    }
  }
}

function keyOf(id: string): string {
  return `ooder:v1:session:${id}`;
}

/** Redis takes a life of nothing or less for a deletion, which is what it means. */
function lifeOf(expiresAt: Date): string {
  return String(expiresAt.getTime() - Date.now());
}
