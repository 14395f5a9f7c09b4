import { type RedisConnection, RedisScript, RedisUnavailableError } from '#cache';
import type { Transaction } from '#database';
import { type PreviousToken, type Rotation, type Session, SessionStore } from './session-store.js';

const SESSION_KEY = 'ooder:v1:session:';

/**
 * Each client has a sorted set with the ids of its sessions, sorted by the time when they expire; each use extends that. The
 * set lives as long as the last session. `keep` is for a session that is stored.
 */
const INDEX = `
local function index_of(session)
  return 'ooder:v1:client-sessions:' .. redis.call('HGET', session, 'client_uuid')
end
local function keep(session, id, life)
  local index = index_of(session)
  redis.call('ZADD', index, redis.call('HGET', session, 'expires_at'), id)
  redis.call('PEXPIRE', session, life)
  if redis.call('PTTL', index) < tonumber(life) then redis.call('PEXPIRE', index, life) end
  return index
end`;

/**
 * KEYS: the session. ARGV: milliseconds to live, its id, the time, how many sessions its client may have, then fields and
 * values in turn.
 */
const CREATE = new RedisScript(`${INDEX}
redis.call('HSET', KEYS[1], unpack(ARGV, 5))
local index = keep(KEYS[1], ARGV[2], ARGV[1])
local limit = tonumber(ARGV[4])
if limit == 0 then return end
redis.call('ZREMRANGEBYSCORE', index, '-inf', ARGV[3])
local many = redis.call('ZCARD', index) - limit
for _, id in ipairs(many > 0 and redis.call('ZRANGE', index, 0, many) or {}) do
  if many > 0 and id ~= ARGV[2] then
    redis.call('DEL', '${SESSION_KEY}' .. id)
    redis.call('ZREM', index, id)
    many = many - 1
  end
end`);

/** KEYS: the session. ARGV: milliseconds to live, its id, the hash that it must hold, then fields and values in turn. */
const ROTATE = new RedisScript(`${INDEX}
if redis.call('HGET', KEYS[1], 'token_hash') ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
keep(KEYS[1], ARGV[2], ARGV[1])
return 1`);

/** KEYS: the session. ARGV: its id. */
const REMOVE = new RedisScript(`${INDEX}
if redis.call('EXISTS', KEYS[1]) == 0 then return end
redis.call('ZREM', index_of(KEYS[1]), ARGV[1])
redis.call('DEL', KEYS[1])`);

/**
 * One hash for each session, shared by all replicas and deleted by Redis. Compare-and-set is one script. Not for a Redis
 * Cluster: a script uses several keys.
 */
export class RedisSessionStore extends SessionStore {
  constructor(private readonly redis: RedisConnection) {
    super();
  }

  async create(_tx: Transaction, session: Session, limit: number): Promise<void> {
    const { id, clientUuid, clientVersion, scope, expiresAt } = session;
    const fields = { client_uuid: clientUuid, client_version: String(clientVersion), scope, ...toFields(session) };
    const args = [lifetimeMs(expiresAt), id, String(Date.now()), String(limit), ...Object.entries(fields).flat()];
    await this.run(() => CREATE.run(this.redis, [toKey(id)], args));
  }

  async find(id: string): Promise<Session | undefined> {
    const found: Partial<Record<string, string>> = await this.run(() =>
      this.redis.run((client) => client.hGetAll(toKey(id))),
    );
    const { client_uuid: clientUuid, client_version, token_hash: tokenHash, scope, expires_at } = found;
    if (clientUuid === undefined || tokenHash === undefined || scope === undefined) return undefined;
    const expiresAt = new Date(Number(expires_at));
    if (!(expiresAt.getTime() > Date.now())) return undefined;
    return {
      id,
      clientUuid,
      clientVersion: Number(client_version),
      tokenHash,
      scope,
      expiresAt,
      previous: readPrevious(found),
    };
  }

  async rotate(_tx: Transaction, id: string, tokenHash: string, next: Rotation): Promise<boolean> {
    const args = [lifetimeMs(next.expiresAt), id, tokenHash, ...Object.entries(toFields(next)).flat()];
    return (await this.run(() => ROTATE.run(this.redis, [toKey(id)], args))) === 1;
  }

  async remove(_tx: Transaction, id: string): Promise<void> {
    await this.run(() => REMOVE.run(this.redis, [toKey(id)], [id]));
  }

  async purge(): Promise<void> {
    // Redis does.
  }

  /** A Redis that refuses commands (it is full, or a replica) counts as unavailable. */
  private async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof RedisUnavailableError ? error : new RedisUnavailableError('it refuses', error);
    }
  }
}

function toKey(id: string): string {
  return SESSION_KEY + id;
}

/** The fields that each rotation replaces. */
function toFields({ tokenHash, expiresAt, previous }: Pick<Session, 'tokenHash' | 'expiresAt' | 'previous'>) {
  return {
    token_hash: tokenHash,
    expires_at: String(expiresAt.getTime()),
    ...(previous && {
      previous_hash: previous.tokenHash,
      sealed_pair: previous.sealedPair,
      grace_until: String(previous.graceUntil.getTime()),
    }),
  };
}

function readPrevious(found: Partial<Record<string, string>>): PreviousToken | null {
  const { previous_hash: tokenHash, sealed_pair: sealedPair, grace_until } = found;
  if (tokenHash === undefined || sealedPair === undefined) return null;
  return { tokenHash, sealedPair, graceUntil: new Date(Number(grace_until)) };
}

/** Redis deletes a key whose lifetime is 0 or less, as it should. */
function lifetimeMs(expiresAt: Date): string {
  return String(expiresAt.getTime() - Date.now());
}
