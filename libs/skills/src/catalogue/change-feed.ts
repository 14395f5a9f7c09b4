import { randomUUID } from 'node:crypto';
import { type RedisConnection, RedisScript, RedisSubscriber, RedisUnavailableError } from '#cache';

/** Milliseconds that a write waits for Redis at most. */
const PUBLISH_TIMEOUT_MS = 250;
/**
 * Milliseconds from a look at the number of the last change, until which everything up to it was heard, to the moment
 * after which nobody may rely on that: with what the listener takes, within the second that a change may take.
 */
const CURRENT_MS = 800;
/** Ids in one message, and ids that wait for Redis to come back; of more it is told that everything has changed. */
const MAX_NAMED = 1_000;

/** Numbers a change and tells it, in one step: ARGV are the channel, who says it, and the ids as JSON. */
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
 * Tells other replicas what was changed, and hears what they have. Every change has a number, counted by Redis. `poll`,
 * some times a second, looks at the last one: what it is ahead of the messages, and still is a look later, was lost.
 */
export class ChangeFeed {
  private readonly origin = randomUUID();
  private readonly key: string;
  private readonly channel: string;
  private readonly subscriber: RedisSubscriber;
  /** Everything up to this number was heard; undefined: nothing yet. */
  private heard: number | undefined;
  /** The number that a look has found beyond what was heard, and when (`performance.now()`). */
  private ahead: { number: number; at: number } | undefined;
  private currentUntil = Number.NEGATIVE_INFINITY;
  /** Not told yet; undefined: too many to name. */
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

  /** Whether every change that is older than a second was heard. */
  get isCurrent(): boolean {
    return performance.now() < this.currentUntil;
  }

  start(): void {
    this.subscriber.start();
  }

  stop(): Promise<void> {
    return this.subscriber.stop();
  }

  /** After the commit. Never rejects, and waits a quarter of a second at most: what Redis was not told, `poll` tells it. */
  async publish(ids: readonly string[]): Promise<void> {
    try {
      await this.send(ids.length > MAX_NAMED ? null : ids);
    } catch {
      // `poll` runs into the same, and says so.
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
      // Then nothing is confirmed, and `isCurrent` ends by itself.
      if (!(error instanceof RedisUnavailableError)) throw error;
    }
  }

  /** `before`: what was heard when the look at the last number, at `at`, began. */
  private compare(before: number | undefined, last: number, at: number): void {
    const isLost = this.ahead !== undefined && (this.heard ?? 0) < this.ahead.number;
    // A Redis that has lost its data counts from 1 again.
    if (before === undefined || last < before) this.miss(last);
    else if (isLost) this.miss(Math.max(last, this.heard ?? 0));
    if (last <= (this.heard ?? 0)) this.confirm(at);
    else this.ahead = { number: last, at };
  }

  private receive(message: string): void {
    const { number = 0, origin, ids = null } = parse(message) ?? {};
    // The first look begins; what it has seen, or a look has called lost, is known.
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
      // Those that came meanwhile are not worth telling them apart.
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

/** What PUBLISH has written; undefined: somebody else has. */
function parse(message: string): Message | undefined {
  try {
    const [number, origin, ids] = JSON.parse(message) as [unknown, unknown, unknown];
    const isList = Array.isArray(ids) && ids.every((id) => typeof id === 'string');
    if (typeof number !== 'number' || typeof origin !== 'string' || !(ids === null || isList)) return undefined;
    return { number, origin, ids };
  } catch {
    // What it stood for, if anything, is missing in the numbers.
    return undefined;
  }
}
