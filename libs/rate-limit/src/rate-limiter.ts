import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Authenticator, RefusedRequests } from '#auth';
import { RedisConnection } from '#cache';
import { type RateLimitSettings, rateLimitSettings } from '#config';
import { MetricsService } from '#metrics';
import { PeriodicJob } from '#scheduling';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { LimitHeaders } from './limit-headers.js';
import { RefusalLog } from './refusal-log.js';
import { classify } from './request-class.js';
import { type CountedClass, RequestCounts } from './request-counts.js';
import { TokenLimiter } from './token-limiter.js';

/** Milliseconds between two exchanges of counts with other replicas. */
const RECONCILE_EVERY_MS = 500;

type Done = (error?: Error) => void;

/**
 * Limits the requests of one client (protocol.md sections 3 and 11): the hooks. A request is counted before its body is
 * read. The process counts reads and writes and exchanges the counts with other replicas in the background (RequestCounts).
 * Token requests, where the limit also slows guessing, are counted exactly (TokenLimiter).
 */
@Injectable()
export class RateLimiter implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly job: PeriodicJob;
  private readonly counts: RequestCounts;
  private readonly tokens: TokenLimiter;

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
    const log = new RefusalLog(audit);
    const refusals = metrics.counter({
      name: 'rate_limit_refusals_total',
      help: 'Requests refused with 429 by class; secrets: because of wrong secrets before.',
      labelNames: ['class'],
    });
    for (const name of ['reads', 'writes', 'token', 'secrets']) refusals.inc({ class: name }, 0);
    this.counts = new RequestCounts(redis, settings, log, refusals);
    const findClient = (request: FastifyRequest): Promise<string | undefined> => this.findClient(request);
    this.tokens = new TokenLimiter(redis, { limit: settings.token, findClient, log, refusals });
    const gauge = metrics.gauge({
      name: 'rate_limit_tracked_clients',
      help: 'Clients, addresses and secrets that are being counted in this process.',
      collect: () => {
        gauge.set(this.counts.tracked + this.tokens.tracked);
      },
    });
  }

  onApplicationBootstrap(): void {
    this.job.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.job.stop();
  }

  /** Counts every request of this server. Call it before the hook that refuses unknown callers. */
  watch(fastify: FastifyInstance): void {
    // Takes callbacks, like all hooks here, so that most requests wait for no Promise.
    fastify.addHook('onRequest', (request, reply, done) => {
      const requestClass = classify(request);
      if (requestClass === undefined || this.settings[requestClass] === 0) {
        done();
      } else if (requestClass === 'token') {
        settle(this.tokens.countAddress(request, reply), done);
      } else {
        this.count(requestClass, request, reply, done);
      }
    });
    fastify.addHook('preHandler', (request, reply, done) => {
      attempt(() => {
        this.counts.countBatch(request, reply);
      }, done);
    });
    if (this.settings.token === 0) return;
    fastify.addHook('preHandler', (request, reply, done) => {
      if (this.tokens.isCounting(request)) settle(this.tokens.countClient(request, reply), done);
      else done();
    });
    fastify.addHook('onSend', (request, reply, _payload, done) => {
      if (this.tokens.isCounting(request)) settle(this.tokens.learn(request, reply), done);
      else done();
    });
  }

  /**
   * Counts a request of a known client that reaches no hook. Returns false, with nothing counted, if the client has reached
   * its limit: the normal way counts and refuses it. Returns undefined if such requests have no limit.
   */
  admit(requestClass: CountedClass, clientId: string): LimitHeaders | false | undefined {
    return this.counts.admit(requestClass, clientId);
  }

  /** Takes back what `admit` has counted, for a request that the hooks count after all. */
  withdraw(requestClass: CountedClass, clientId: string): void {
    this.counts.withdraw(requestClass, clientId);
  }

  /** Exchanges counts with other replicas. Runs one at a time; never rejects. */
  reconcile(): Promise<void> {
    return this.job.run();
  }

  private async exchange(): Promise<void> {
    this.tokens.sweep();
    await this.counts.reconcile();
  }

  private count(requestClass: CountedClass, request: FastifyRequest, reply: FastifyReply, done: Done): void {
    const countFor = (clientId: string | undefined): void => {
      attempt(() => {
        this.counts.count(requestClass, clientId, request, reply);
      }, done);
    };
    const known = this.authenticator.recognize(request)?.clientId;
    if (known === undefined) void this.findClient(request).then(countFor);
    else countFor(known);
  }

  /** Returns undefined if the request shows no valid token or key: it then counts for its address, and the guard refuses it. */
  private async findClient(request: FastifyRequest): Promise<string | undefined> {
    const { authorization, 'x-api-key': apiKey } = request.headers;
    if (authorization === undefined && apiKey === undefined) return undefined;
    try {
      return (await this.authenticator.authenticate(request)).clientId;
    } catch {
      return undefined;
    }
  }
}

/** Calls `done` once, with the error that `work` throws. An error of what `done` itself starts is not passed to it again. */
function attempt(work: () => void, done: Done): void {
  try {
    work();
  } catch (error) {
    done(error as Error);
    return;
  }
  done();
}

function settle(work: Promise<void>, done: Done): void {
  work.then(() => {
    done();
  }, done);
}
