import type { RedisConnection } from '#cache';
import { countCost, TooManyRequestsError } from '#common';
import type { RateLimitSettings } from '#config';
import type { Counter } from '#metrics';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BackgroundCounts } from './background-counts.js';
import { addressKey, clientKey } from './client-key.js';
import { type LimitHeaders, formatLimitHeaders, type LimitState, setLimitHeaders } from './limit-headers.js';
import type { RefusalLog, RefusedSender } from './refusal-log.js';
import type { RequestClass } from './request-class.js';
import type { Window } from './windows.js';

/** Clients, and addresses of callers without a token, whose requests are counted at the same time. */
const CAPACITY = 20_000;

export type CountedClass = Exclude<RequestClass, 'token'>;

/** How a batch was counted as one request, before its body shows its real cost. */
interface CountedBatch {
  requestClass: CountedClass;
  counts: BackgroundCounts;
  sender: RefusedSender;
}

/** Counts reads and writes by client, or by address if the client is not known, and refuses those over the limit. */
export class RequestCounts {
  private readonly clients: BackgroundCounts;
  /** Separate, so that a flood of addresses does not push out the counts of clients. */
  private readonly addresses: BackgroundCounts;
  private readonly batches = new WeakMap<FastifyRequest, CountedBatch>();

  constructor(
    redis: RedisConnection,
    private readonly settings: RateLimitSettings,
    private readonly log: RefusalLog,
    private readonly refusals: Counter<'class'>,
  ) {
    this.clients = new BackgroundCounts(redis, CAPACITY);
    this.addresses = new BackgroundCounts(redis, CAPACITY);
  }

  /** Clients and addresses that are counted now. */
  get tracked(): number {
    return this.clients.tracked + this.addresses.tracked;
  }

  /**
   * Counts a request that reaches no hook. Returns false, with nothing counted, if the client has reached its limit; undefined
   * if such requests have no limit.
   */
  admit(requestClass: CountedClass, clientId: string): LimitHeaders | false | undefined {
    const limit = this.settings[requestClass];
    if (limit === 0) return undefined;
    const key = `${requestClass}:${clientKey(clientId)}`;
    const window = this.clients.window(key);
    if (window.count >= limit) return false;
    this.clients.hit(key, window);
    return formatLimitHeaders(toLimitState(requestClass, limit, window));
  }

  /** Takes back what `admit` has counted, for a request that a hook counts after all. */
  withdraw(requestClass: CountedClass, clientId: string): void {
    this.clients.takeBack(`${requestClass}:${clientKey(clientId)}`);
  }

  /** Counts one request. @throws TooManyRequestsError (1009) */
  count(requestClass: CountedClass, clientId: string | undefined, request: FastifyRequest, reply: FastifyReply): void {
    const limit = this.settings[requestClass];
    const counts = clientId === undefined ? this.addresses : this.clients;
    const key = clientId === undefined ? addressKey(request.ip) : clientKey(clientId);
    const sender = { key, clientId, name: clientId === undefined ? request.ip : `client ${clientId}` };
    const window = counts.window(`${requestClass}:${key}`);
    if (window.count >= limit) this.refuse(requestClass, window, sender, request, reply);
    counts.hit(`${requestClass}:${key}`, window);
    setLimitHeaders(reply, toLimitState(requestClass, limit, window));
    if (request.routeOptions.config.batch) this.batches.set(request, { requestClass, counts, sender });
  }

  /**
   * Counts the items of a batch, after its body was read. A batch may use more than what is left: the largest batch would
   * otherwise never fit under a low limit. The requests after it are refused instead.
   *
   * @throws TooManyRequestsError (1009)
   */
  countBatch(request: FastifyRequest, reply: FastifyReply): void {
    const { batch } = request.routeOptions.config;
    const counted = batch && this.batches.get(request);
    if (!counted) return;
    const { requestClass, counts, sender } = counted;
    const more = countCost(batch, request.body) - 1;
    if (more === 0) return;
    const limit = this.settings[requestClass];
    const key = `${requestClass}:${sender.key}`;
    const window = counts.window(key);
    // Requests at the same time have used up the rest.
    if (window.count > limit) this.refuse(requestClass, window, sender, request, reply);
    counts.hit(key, window, more);
    setLimitHeaders(reply, toLimitState(requestClass, limit, window));
  }

  /** Exchanges counts with the other replicas. @throws errors of Redis itself */
  async reconcile(): Promise<void> {
    await this.clients.reconcile();
    await this.addresses.reconcile();
  }

  /** @throws TooManyRequestsError (1009) */
  private refuse(
    requestClass: CountedClass,
    window: Window,
    sender: RefusedSender,
    request: FastifyRequest,
    reply: FastifyReply,
  ): never {
    const limit = this.settings[requestClass];
    const seconds = setLimitHeaders(reply, toLimitState(requestClass, limit, window));
    this.refusals.inc({ class: requestClass });
    this.log.refused(request, sender, requestClass, limit);
    throw new TooManyRequestsError(seconds);
  }
}

function toLimitState(name: CountedClass, limit: number, { count, resetsAt }: Window): LimitState {
  return { name, limit, count, rest: resetsAt - performance.now() };
}
