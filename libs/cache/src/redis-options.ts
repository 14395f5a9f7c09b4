import type { RedisClientOptions, RedisDefaultModules } from 'redis';
import { jitteredPause } from '#common';
import type { RedisSettings } from '#config';

/** Milliseconds until an attempt to connect counts as failed. */
export const CONNECT_TIMEOUT_MS = 2_000;
const BACK_OFF = { first: 50, longest: 2_000 };
/** Below the idle limits of the usual load balancers and NAT tables. */
const PING_INTERVAL_MS = 15_000;
/** Commands that may wait for an answer; more are refused at once instead of filling the memory. */
const MAX_QUEUED_COMMANDS = 10_000;
/** The shared connection, and the duplicate that pub/sub needs. */
const FIXED_CONNECTIONS = 2;

/** Written as a type, so that `createClient` returns a `RedisClientType` and not a client of unknown scripts. */
type Options = RedisClientOptions<RedisDefaultModules, Record<string, never>, Record<string, never>>;

/** The options for node-redis; undefined without REDIS_URL. @throws Error, without the password, if it is not a URL */
export function redisClientOptions({ url, maxConnections }: RedisSettings): Options | undefined {
  if (url === undefined) return undefined;
  const { host, port, tls, ...login } = parseUrl(url);
  const common = { host, port, connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: retryDelay };
  return {
    ...login,
    socket: tls ? { ...common, tls } : common,
    // While Redis is away, a command fails at once: callers have a fallback and must not wait.
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_QUEUED_COMMANDS,
    pingInterval: PING_INTERVAL_MS,
    isolationPoolOptions: { max: Math.max(1, maxConnections - FIXED_CONNECTIONS) },
  };
}

/**
 * Milliseconds before the next attempt: doubled up to a limit. Attempts never end, because an outage may last for hours. The
 * upper half is random, so that replicas do not connect all at once.
 */
export function retryDelay(retries: number): number {
  return jitteredPause(retries + 1, BACK_OFF);
}

interface RedisAddress {
  host: string;
  port: number;
  tls: boolean;
  username?: string;
  password?: string;
  database?: number;
}

/** Read here because node-redis keeps the brackets of an IPv6 address, and its error carries the whole URL. */
function parseUrl(url: string): RedisAddress {
  try {
    const { protocol, hostname, port, username, password, pathname } = new URL(url);
    return {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? 6379 : Number(port),
      tls: protocol === 'rediss:',
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== '' && { password: decodeURIComponent(password) }),
      ...(pathname.length > 1 && { database: Number(pathname.slice(1)) }),
    };
  } catch {
    // The cause is left out on purpose: it contains the password.
    throw new Error('REDIS_URL is not a URL: percent-encode special characters of the user name and the password');
  }
}

/** What to log about an error: never the password, which some servers repeat in their answer to a refused AUTH. */
export function describeFault(error: unknown, { url }: RedisSettings): string {
  // The errors of a name with several addresses come in an AggregateError, whose message is empty.
  const { message, code } = error as NodeJS.ErrnoException;
  const fault = message === '' ? (code ?? 'unknown fault') : message;
  const password = url === undefined ? undefined : parseUrl(url).password;
  return password === undefined ? fault : fault.replaceAll(password, '***');
}
