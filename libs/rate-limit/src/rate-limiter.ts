import type { IncomingMessage } from 'node:http';
import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Authenticator, RefusedRequests } from '#auth';
import { RedisConnection } from '#cache';
import { costOf, TooManyRequestsError } from '#common';
import { type RateLimitSettings, rateLimitSettings } from '#config';
import { type Counter, MetricsService } from '#metrics';
import { PeriodicJob } from '#scheduling';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { BackgroundCounts } from './background-counts.js';
import { addressKey, clientKey } from './client-key.js';
import {
  type LimitHeaders,
  limitHeadersOf,
  type LimitState,
  putLimitHeaders,
  setLimitHeaders,
} from './limit-headers.js';
import { RefusalLog, type RefusedSender } from './refusal-log.js';
import { classOf, type RequestClass } from './request-class.js';
import { TokenLimiter } from './token-limiter.js';
import type { Window } from './windows.js';

/** Milliseconds between two looks at what other replicas have counted. */
const RECONCILE_EVERY_MS = 500;
/** Where a batch has counted as one request, until its body tells what it costs. */
interface BatchState {
  requestClass: CountedClass;
  counts: BackgroundCounts;
  sender: RefusedSender;
}

type Done = (error?: Error) => void;
type CountedClass = Exclude<RequestClass, 'token'>;

/** Clients, and addresses of callers without a token, whose requests are counted at a time. */
const CAPACITY = 20_000;

/**
 * Limits how much one client may ask for (protocol.md sections 3 and 11). A request is counted before its body is read.
 * Reads and writes are counted in the process and told to other replicas in the background (BackgroundCounts); tokens,
 * where the limit also stands against guessing, exactly (TokenLimiter).
 */
@Injectable()
export class RateLimiter implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly job: PeriodicJob;
  private readonly log: RefusalLog;
  private readonly clients: BackgroundCounts;
  /** Apart, so that a flood of addresses makes no client forgotten. */
  private readonly addresses: BackgroundCounts;
  private readonly tokens: TokenLimiter;
  private readonly refusals: Counter<'class'>;
  private readonly batches = new WeakMap<FastifyRequest, BatchState>();
  /** Of requests that were counted before any hook has seen them. */
  private readonly admitted = new WeakMap<IncomingMessage, LimitHeaders>();

  constructor(
    @Inject(rateLimitSettings.KEY) private readonly settings: RateLimitSettings,
    private readonly authenticator: Authenticator,
    scheduler: SchedulerRegistry,
    redis: RedisConnection,
    metrics: MetricsService,
    audit: RefusedRequests,
  ) {
    const options = {
      name: 'rate-limit',
      everyMs: RECONCILE_EVERY_MS,
      context: 'rate-limit',
      subject: 'Counting over all replicas',
    };
    this.job = new PeriodicJob(scheduler, options, () => this.exchange());
    this.log = new RefusalLog(audit);
    this.clients = new BackgroundCounts(redis, CAPACITY);
    this.addresses = new BackgroundCounts(redis, CAPACITY);
    this.refusals = metrics.counter({
      name: 'rate_limit_refusals_total',
      help: 'Requests refused with 429 by class; secrets: because of wrong secrets before.',
      labelNames: ['class'],
    });
    for (const name of ['reads', 'writes', 'token', 'secrets']) this.refusals.inc({ class: name }, 0);
    this.tokens = new TokenLimiter(redis, {
      limit: settings.token,
      clientOf: (request) => this.clientOf(request),
      log: this.log,
      refusals: this.refusals,
    });
    const gauge = metrics.gauge({
      name: 'rate_limit_tracked_clients',
      help: 'Clients, addresses and secrets that are being counted in this process.',
      collect: () => {
        gauge.set(this.clients.tracked + this.addresses.tracked + this.tokens.tracked);
      },
    });
  }

  onApplicationBootstrap(): void {
    this.job.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.job.stop();
  }

  /** Counts every request of this server. Call it before the hook that refuses who is not known. */
  watch(fastify: FastifyInstance): void {
    // With callbacks, as all hooks here: most requests then wait for nobody.
    fastify.addHook('onRequest', (request, reply, done) => {
      const requestClass = classOf(request);
      const admitted = this.admitted.get(request.raw);
      if (admitted) {
        putLimitHeaders(reply, admitted);
        done();
      } else if (requestClass === undefined || this.settings[requestClass] === 0) {
        done();
      } else if (requestClass === 'token') {
        this.tokens.countAddress(request, reply).then(() => {
          done();
        }, done);
      } else {
        this.count(requestClass, request, reply, done);
      }
    });
    fastify.addHook('preHandler', (request, reply, done) => {
      try {
        this.countBatch(request, reply);
        done();
      } catch (error) {
        done(error as Error);
      }
    });
    if (this.settings.token === 0) return;
    fastify.addHook('preHandler', (request, reply, done) => {
      if (this.tokens.isCounting(request))
        this.tokens.countClient(request, reply).then(() => {
          done();
        }, done);
      else done();
    });
    fastify.addHook('onSend', (request, reply, _payload, done) => {
      if (this.tokens.isCounting(request))
        this.tokens.learn(request, reply).then(() => {
          done();
        }, done);
      else done();
    });
  }

  /**
   * Counts a request of a known client that no hook will see. False: it has had all that it may, and is to go the normal
   * way, which counts and refuses it. Undefined: such requests are not limited.
   */
  admit(requestClass: CountedClass, clientId: string): LimitHeaders | false | undefined {
    const limit = this.settings[requestClass];
    if (limit === 0) return undefined;
    const key = `${requestClass}:${clientKey(clientId)}`;
    const window = this.clients.window(key);
    if (window.count >= limit) return false;
    this.clients.hit(key, window);
    return limitHeadersOf(stateOf(requestClass, limit, window));
  }

  /** It goes the normal way now, though it is counted already: `admitted` says what its answer says of that. */
  handOver(request: IncomingMessage, admitted: LimitHeaders): void {
    this.admitted.set(request, admitted);
  }

  /** Tells other replicas, and hears from them. One at a time; never rejects. */
  reconcile(): Promise<void> {
    return this.job.run();
  }

  private async exchange(): Promise<void> {
    this.tokens.sweep();
    await this.clients.reconcile();
    await this.addresses.reconcile();
  }

  private count(requestClass: CountedClass, request: FastifyRequest, reply: FastifyReply, done: Done): void {
    const known = this.authenticator.recognize(request)?.clientId;
    const counted = (clientId: string | undefined): void => {
      try {
        this.countFor(clientId, requestClass, request, reply);
      } catch (error) {
        done(error as Error);
        return;
      }
      done();
    };
    if (known === undefined) void this.clientOf(request).then(counted);
    else counted(known);
  }

  /** @throws TooManyRequestsError (1009) */
  private countFor(
    clientId: string | undefined,
    requestClass: CountedClass,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const limit = this.settings[requestClass];
    const counts = clientId === undefined ? this.addresses : this.clients;
    const key = clientId === undefined ? addressKey(request.ip) : clientKey(clientId);
    const sender = { key, clientId, name: clientId === undefined ? request.ip : `client ${clientId}` };
    const window = counts.window(`${requestClass}:${key}`);
    if (window.count >= limit) this.refuse(requestClass, window, sender, request, reply);
    counts.hit(`${requestClass}:${key}`, window);
    setLimitHeaders(reply, stateOf(requestClass, limit, window));
    if (request.routeOptions.config.batch) this.batches.set(request, { requestClass, counts, sender });
  }

  /**
   * A batch costs more than one request. It is let through when there is something left at all, also when that is less
   * than it costs: the largest one would otherwise never be possible where the limit is low. What is beyond the limit then
   * are the requests after it.
   */
  private countBatch(request: FastifyRequest, reply: FastifyReply): void {
    const { batch } = request.routeOptions.config;
    const state = batch && this.batches.get(request);
    if (!state) return;
    const { requestClass, counts, sender } = state;
    const more = costOf(batch, request.body) - 1;
    if (more === 0) return;
    const limit = this.settings[requestClass];
    const key = `${requestClass}:${sender.key}`;
    const window = counts.window(key);
    // Others that came at the same time have used it up.
    if (window.count > limit) this.refuse(requestClass, window, sender, request, reply);
    counts.hit(key, window, more);
    setLimitHeaders(reply, stateOf(requestClass, limit, window));
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
    const seconds = setLimitHeaders(reply, stateOf(requestClass, limit, window));
    this.refusals.inc({ class: requestClass });
    this.log.refused(request, sender, requestClass, limit);
    throw new TooManyRequestsError(seconds);
  }

  /** Who cannot show who it is counts by its address; the guard then tells it why. */
  private async clientOf(request: FastifyRequest): Promise<string | undefined> {
    const { authorization, 'x-api-key': apiKey } = request.headers;
    if (authorization === undefined && apiKey === undefined) return undefined;
    try {
      return (await this.authenticator.authenticate(request)).clientId;
    } catch {
      return undefined;
    }
  }
}

function stateOf(name: CountedClass, limit: number, { count, resetsAt }: Window): LimitState {
  return { name, limit, count, rest: resetsAt - performance.now() };
}
