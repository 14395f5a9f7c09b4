import { TooManyRequestsError } from '#common';
import type { RedisConnection } from '#cache';
import type { Counter } from '#metrics';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { addressKey, claimedKey } from './client-key.js';
import type { SharedCount } from './count.script.js';
import { ExactCounts } from './exact-counts.js';
import { setLimitHeaders } from './limit-headers.js';
import { quoted, type RefusalLog, type RefusedSender } from './refusal-log.js';
import { claimedClient, showsSecret } from './request-class.js';
import { type Attempt, SecretGuard } from './secret-guard.js';

const NAME = 'token';
const CAPACITY = 20_000;

interface State {
  /** Of the address. */
  count: SharedCount;
  attempt?: Attempt;
  /** The key under which the request counts for its client. */
  clientKey?: string;
}

/**
 * The endpoints that take a client's secret. A request counts for its address before its body is read, and for the client
 * that it claims to be afterwards; a wrong secret is taken back from the client, whose quota nobody else can use up, and
 * counts with SecretGuard instead.
 */
export class TokenLimiter {
  private readonly counts: ExactCounts;
  private readonly guard = new SecretGuard();
  private readonly states = new WeakMap<FastifyRequest, State>();

  constructor(
    private readonly limit: number,
    redis: RedisConnection,
    private readonly log: RefusalLog,
    private readonly refusals: Counter<'class'>,
  ) {
    this.counts = new ExactCounts(redis, CAPACITY);
  }

  get tracked(): number {
    return this.counts.tracked + this.guard.tracked;
  }

  isCounting(request: FastifyRequest): boolean {
    return this.states.has(request);
  }

  sweep(): void {
    this.counts.sweep();
  }

  /** @throws TooManyRequestsError (1009) */
  async countAddress(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const address = addressKey(request.ip);
    const count = await this.counts.hit(`token:${address}`);
    this.states.set(request, { count });
    this.assertWithin(count, request, reply, { key: address, clientId: undefined, name: request.ip });
  }

  /** @throws TooManyRequestsError (1009) */
  async countClient(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const state = this.states.get(request);
    if (!state) return;
    const clientId = claimedClient(request);
    const attempt: Attempt = { clientId, address: addressKey(request.ip) };
    const verdict = this.guard.judge(attempt);
    if ('refusedFor' in verdict) {
      this.refusals.inc({ class: 'secrets' });
      this.log.guessing(request, guesserOf(attempt, request));
      throw new TooManyRequestsError(Math.ceil(verdict.refusedFor / 1000), 'Too many wrong secrets: wait');
    }
    state.attempt = attempt;
    await this.guard.hold(verdict.heldFor);
    if (clientId === undefined) return;
    const key = claimedKey(clientId);
    state.clientKey = `token:${key}`;
    const count = await this.counts.hit(state.clientKey);
    // The headers tell of whichever is nearer to its end.
    const nearer = count.count > state.count.count ? count : state.count;
    this.assertWithin(nearer, request, reply, { key, clientId, name: `client ${quoted(clientId)}` });
  }

  /** Learns from the answer whether the secret was right. */
  async learn(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const state = this.states.get(request);
    const attempt = state?.attempt;
    if (!state || !attempt) return;
    if (reply.statusCode === 200 && showsSecret(request)) this.guard.succeeded(attempt);
    if (reply.statusCode !== 401) return;
    if (this.guard.failed(attempt)) this.log.guessing(request, guesserOf(attempt, request));
    if (state.clientKey !== undefined) await this.counts.takeBack(state.clientKey);
  }

  private assertWithin(
    { count, rest }: SharedCount,
    request: FastifyRequest,
    reply: FastifyReply,
    sender: RefusedSender,
  ): void {
    const seconds = setLimitHeaders(reply, { name: NAME, limit: this.limit, count, rest });
    if (count <= this.limit) return;
    this.refusals.inc({ class: NAME });
    this.log.refused(request, sender, NAME, this.limit);
    throw new TooManyRequestsError(seconds);
  }
}

function guesserOf({ clientId, address }: Attempt, request: FastifyRequest): RefusedSender {
  const name = clientId === undefined ? 'no client' : `client ${quoted(clientId)}`;
  return { key: claimedKey(name, address), clientId, name: `${name} from ${request.ip}` };
}
