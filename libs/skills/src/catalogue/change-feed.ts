import { randomUUID } from 'node:crypto';
import { type RedisConnection, RedisScript, RedisSubscriber, RedisUnavailableError } from '#cache';

/** The most milliseconds that a write waits for Redis. */
const PUBLISH_TIMEOUT_MS = 250;
/**
 * Milliseconds for which a successful check of the last number proves that all changes were received. With the delay of the
 * listener this stays within the second that a change may take to show.
 */
const CURRENT_MS = 800;
/** The most ids in one message, and waiting for Redis. With more ids, everything counts as changed. */
const MAX_NAMED = 1_000;

/** Numbers a change and publishes it in one step. ARGV: the channel, the sender, and the ids as JSON. */
const PUBLISH = new RedisScript(`
local number = redis.call('INCR', KEYS[1])
redis.call('PUBLISH', ARGV[1], '[' .. number .. ',"' .. ARGV[2] .. '",' .. ARGV[3] .. ']')
return number
`);

export interface ChangeListener {
  /** Another replica has changed these. */
  changed(ids: readonly string[]): void;
  /** Changes were missed. */
  missed(): void;
}

/**
 * Exchanges changes with other replicas. Redis numbers every change. `poll` reads the last number several times a second: if
 * it is ahead of the received messages in two polls, a message was lost.
 */
export class ChangeFeed {
  private readonly origin = randomUUID();
  private readonly key: string;
  private readonly channel: string;
  private readonly subscriber: RedisSubscriber;
  /** All changes up to this number were received; undefined: none yet. */
  private heard: number | undefined;
  /** A number that a poll found ahead of the received messages, and when (`performance.now()`). */
  private ahead: { number: number; at: number } | undefined;
  private currentUntil = Number.NEGATIVE_INFINITY;
  /** Ids that are not published yet; undefined: too many. */
  private unsent: Set<string> | undefined = new Set();

  constructor(
    private readonly redis: RedisConnection,
    name: string,
    private readonly listener: ChangeListener,
  ) {
    this.key = `ooder:v1:${name}:changes`;
    // Channels, unlike keys, are the same in every database of a Redis.
    this.channel = `${this.key}:${redis.client?.options?.database ?? 0}`;
    this.subscriber = new RedisSubscriber(redis, this.channel, (message) => {
      this.receive(message);
    });
  }

  /** Whether all changes that are older than a second were received. */
  get isCurrent(): boolean {
    return performance.now() < this.currentUntil;
  }

  start(): void {
    this.subscriber.start();
  }

  stop(): Promise<void> {
    return this.subscriber.stop();
  }

  /** Call it after the commit. Never rejects, and takes 250 ms at most: `poll` publishes later what Redis did not get. */
  async publish(ids: readonly string[]): Promise<void> {
    try {
      await this.send(ids.length > MAX_NAMED ? null : ids);
    } catch {
      // `poll` meets the same fault and logs it.
      for (const id of ids) this.unsent?.add(id);
      if (this.unsent !== undefined && this.unsent.size > MAX_NAMED) this.unsent = undefined;
    }
  }

  /** One at a time. @throws errors of Redis itself */
  async poll(): Promise<void> {
    try {
      await this.sendUnsent();
      const at = performance.now();
      const before = this.heard;
      this.compare(before, Number((await this.redis.run((client) => client.get(this.key))) ?? 0), at);
    } catch (error) {
      // Without a confirmation `isCurrent` becomes false by itself.
      if (!(error instanceof RedisUnavailableError)) throw error;
    }
  }

  /** `before`: the value of `heard` when the poll began, at `at`. */
  private compare(before: number | undefined, last: number, at: number): void {
    const isLost = this.ahead !== undefined && (this.heard ?? 0) < this.ahead.number;
    // Redis counts from 1 again after it has lost its data.
    if (before === undefined || last < before) this.miss(last);
    else if (isLost) this.miss(Math.max(last, this.heard ?? 0));
    if (last <= (this.heard ?? 0)) this.confirm(at);
    else this.ahead = { number: last, at };
  }

  private receive(message: string): void {
    const { number = 0, origin, ids = null } = parse(message) ?? {};
    // Before the first poll nothing is known; older numbers were received or counted as lost.
    if (this.heard === undefined || number <= this.heard) return;
    if (number > this.heard + 1 || ids === null) this.miss(number);
    else if (origin !== this.origin) this.listener.changed(ids);
    this.heard = number;
    if (this.ahead !== undefined && number >= this.ahead.number) this.confirm(this.ahead.at);
  }

  private miss(heard: number): void {
    this.listener.missed();
    this.heard = heard;
    this.ahead = undefined;
  }

  private confirm(at: number): void {
    this.ahead = undefined;
    this.currentUntil = at + CURRENT_MS;
  }

  private async sendUnsent(): Promise<void> {
    const { unsent } = this;
    if (unsent?.size === 0) return;
    this.unsent = new Set();
    try {
      await this.send(unsent === undefined ? null : [...unsent]);
    } catch (error) {
      // If more came meanwhile, everything counts as changed.
      this.unsent = unsent === undefined || this.unsent.size > 0 ? undefined : unsent;
      throw error;
    }
  }

  private async send(ids: readonly string[] | null): Promise<void> {
    await PUBLISH.run(this.redis, [this.key], [this.channel, this.origin, JSON.stringify(ids)], PUBLISH_TIMEOUT_MS);
  }
}

interface Message {
  number: number;
  origin: string;
  /** Null: everything. */
  ids: string[] | null;
}

/** Reads a message of PUBLISH; undefined if another program has sent it. */
function parse(message: string): Message | undefined {
  try {
    const [number, origin, ids] = JSON.parse(message) as [unknown, unknown, unknown];
    const isList = Array.isArray(ids) && ids.every((id) => typeof id === 'string');
    if (typeof number !== 'number' || typeof origin !== 'string' || !(ids === null || isList)) return undefined;
    return { number, origin, ids };
  } catch {
    // If it was a change, its number is missing, and `poll` notices that.
    return undefined;
  }
}
