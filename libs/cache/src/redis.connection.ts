import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit, Optional } from '@nestjs/common';
import type { RedisClientType } from 'redis';
import { RedisSettings, redisSettings } from '#config';
import { OutageLog } from '#logging';
import { TRACER, type Tracer } from '#tracing';
import { redisLibrary } from './redis-library.js';
import { describeFault, redisClientOptions } from './redis-options.js';
import { RedisUnavailableError } from './redis-unavailable.error.js';
import { tracedRedis } from './traced-redis.js';

/** How long a start waits for Redis before it goes on without. */
const START_WAIT_MS = 1_000;
/** How long a command may take unless its caller says otherwise. */
const COMMAND_TIMEOUT_MS = 250;
/** How long a connection may be silent before it is replaced: TCP alone notices a lost host after 15 minutes. */
const MUTE_LIMIT_MS = 2_000;
/** If a timer is later than this, the process was paused; that time does not count against Redis. */
const STALL_MS = 20;
const DISCONNECT_WAIT_MS = 1_000;

/**
 * The one connection to Redis of this process, shared by all that need one; pub/sub takes `client.duplicate()`.
 *
 * It connects in the background, never gives up, and never makes a start fail. If Redis hangs, one command waits for its
 * time-out. After that, commands are refused at once until the late answer arrives (answers come in order, so it proves
 * that Redis is back), or until there is a new connection.
 */
@Injectable()
export class RedisConnection implements OnModuleInit, OnApplicationShutdown {
  /** Undefined without REDIS_URL. For `duplicate()`; commands go through `run`, which bounds them. */
  readonly client: RedisClientType | undefined;
  private readonly logger = new Logger(RedisConnection.name);
  private readonly outage = new OutageLog(this.logger, 'Redis');
  private suspect = false;
  private closed = false;
  private muteTimer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(redisSettings.KEY) private readonly settings: RedisSettings,
    @Optional() @Inject(TRACER) tracer?: Tracer,
  ) {
    const options = redisClientOptions(settings);
    if (options === undefined) return;
    const client = this.watch(redisLibrary().createClient(options));
    this.client = tracer ? tracedRedis(client, tracer) : client;
  }

  get isConfigured(): boolean {
    return this.client !== undefined;
  }

  /** Whether a command would be sent now. */
  get isReady(): boolean {
    return this.client?.isReady === true && !this.suspect;
  }

  /** Before any `onApplicationBootstrap`, so that what starts there finds Redis connected. */
  async onModuleInit(): Promise<void> {
    const { client } = this;
    if (client === undefined) return;
    const ready = new Promise<void>((resolve) => client.once('ready', resolve));
    this.dial(client);
    await Promise.race([ready, delay(START_WAIT_MS, undefined, { ref: false })]);
    if (!client.isReady) this.outage.begin(`no connection within ${START_WAIT_MS} ms`);
  }

  /** The last of the hooks: code in `beforeApplicationShutdown` can still use Redis. */
  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    this.trust();
    if (this.client !== undefined) await this.hangUp(this.client);
  }

  /**
   * Runs a command and waits `timeoutMs` at most; without an answer it throws `RedisUnavailableError`, and the command
   * may still take effect later. Errors that Redis itself answers are passed on.
   */
  async run<T>(command: (client: RedisClientType) => Promise<T>, timeoutMs: number = COMMAND_TIMEOUT_MS): Promise<T> {
    const { client } = this;
    if (client === undefined) throw new RedisUnavailableError('REDIS_URL is not set');
    if (!this.isReady) throw new RedisUnavailableError(this.suspect ? 'does not answer' : 'not connected');
    try {
      return await this.inTime(client, command(client), timeoutMs);
    } catch (error) {
      if (client.isReady || error instanceof RedisUnavailableError) throw error;
      throw new RedisUnavailableError('the connection was lost', error);
    }
  }

  /** For health checks: throws `RedisUnavailableError` (see its `reason`) unless Redis answers within `timeoutMs`. */
  async ping(timeoutMs: number): Promise<void> {
    await this.run((client) => client.ping(), timeoutMs);
  }

  private inTime<T>(client: RedisClientType, answer: Promise<T>, timeoutMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      let expired = false;
      let due = performance.now() + timeoutMs;
      const expire = (): void => {
        const late = performance.now() - due;
        if (late > STALL_MS) {
          due += late + Math.min(late, timeoutMs);
          timer = setTimeout(expire, Math.min(late, timeoutMs));
          return;
        }
        expired = true;
        this.distrust(client);
        reject(new RedisUnavailableError(`no answer within ${timeoutMs} ms`));
      };
      let timer = setTimeout(expire, timeoutMs);
      const settled = (): void => {
        clearTimeout(timer);
        if (expired && client.isReady) this.trust();
      };
      answer.finally(settled).then(resolve, reject);
    });
  }

  private watch(client: RedisClientType): RedisClientType {
    client.on('connect', () => {
      this.limitSilence(client);
    });
    client.on('ready', () => {
      this.trust();
    });
    client.on('error', (error: Error) => {
      const fault = describeFault(error, this.settings);
      // An error of a working connection, such as a refused PING: Redis can still be reached.
      if (this.closed || client.isReady) {
        this.logger.debug(fault);
        return;
      }
      this.stopLimit();
      this.suspect = false;
      this.outage.begin(fault);
    });
    return client;
  }

  private dial(client: RedisClientType): void {
    // It never gives up, so this rejects only if our own code has a bug.
    client.connect().catch((error: unknown) => {
      this.logger.error(describeFault(error, this.settings));
    });
  }

  private distrust(client: RedisClientType): void {
    if (this.suspect || this.closed || !client.isReady) return;
    this.suspect = true;
    this.outage.begin('it does not answer');
    this.limitSilence(client);
  }

  private trust(): void {
    this.stopLimit();
    this.suspect = false;
    if (!this.closed) this.outage.end();
  }

  private limitSilence(client: RedisClientType): void {
    this.stopLimit();
    if (this.closed) return;
    this.muteTimer = setTimeout(() => void this.redial(client), MUTE_LIMIT_MS).unref();
  }

  private stopLimit(): void {
    clearTimeout(this.muteTimer);
  }

  private async redial(client: RedisClientType): Promise<void> {
    // An attempt that hangs in its handshake ends after one more back-off; a second one beside it would leak a socket.
    const dialEnded = client.isReady ? undefined : new Promise<void>((resolve) => client.once('reconnecting', resolve));
    await this.hangUp(client);
    await dialEnded;
    if (!this.closed) this.dial(client);
  }

  /** Commands in flight fail. QUIT would wait for an answer that may never come. */
  private async hangUp(client: RedisClientType): Promise<void> {
    if (!client.isOpen) return;
    // `disconnect` does not close a socket that is just being opened: it must not keep the process alive.
    if (this.closed) client.unref();
    await Promise.race([client.disconnect(), delay(DISCONNECT_WAIT_MS, undefined, { ref: false })]);
  }
}
