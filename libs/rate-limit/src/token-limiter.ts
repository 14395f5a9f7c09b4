import { markKnownClient } from '#auth';
import { TooManyRequestsError } from '#common';
import type { RedisConnection } from '#cache';
import type { Counter } from '#metrics';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { addressKey, claimedKey } from './client-key.js';
import type { SharedCount } from './count.script.js';
import { ExactCounts } from './exact-counts.js';
import { setLimitHeaders } from './limit-headers.js';
import { quoted, type RefusalLog, type RefusedSender } from './refusal-log.js';
import { readClaim, showsBearer } from './request-class.js';
import { type Admission, type Attempt, SecretGuard, type Verdict } from './secret-guard.js';
import { SharedPairs } from './shared-pairs.js';

const NAME = 'token';
const CAPACITY = 20_000;

interface State {
  /** The key of the address. */
  count: SharedCount;
  attempt?: Attempt;
  /** The keys under which the request counts for its client. */
  clientKeys?: readonly string[];
}

export interface TokenLimiterOptions {
  /** Requests in a minute: for each client, and for each address. */
  limit: number;
  /** Returns the client of a valid bearer token, or undefined. Never rejects. */
  findClient: (request: FastifyRequest) => Promise<string | undefined>;
  log: RefusalLog;
  refusals: Counter<'class'>;
}

/**
 * Limits requests to the endpoints that take a client's secret. A request counts for its address before its body is read, and
 * afterwards for the client that it claims to be. If the secret is wrong, the request no longer counts for the client (so
 * others cannot use up its limit) but as a failure in SecretGuard. Other requests from the address do not affect a client
 * that is known there.
 */
export class TokenLimiter {
  private readonly counts: ExactCounts;
  private readonly guard = new SecretGuard();
  private readonly shared: SharedPairs;
  private readonly states = new WeakMap<FastifyRequest, State>();

  constructor(
    redis: RedisConnection,
    private readonly options: TokenLimiterOptions,
  ) {
    this.counts = new ExactCounts(redis, CAPACITY);
    this.shared = new SharedPairs(redis);
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
    const bearer = showsBearer(request) ? await this.options.findClient(request) : undefined;
    if (bearer !== undefined) {
      const count = await this.counts.hit(rightKey(bearer));
      this.assertWithin(count, request, reply, toSender(bearer));
      return;
    }
    const address = addressKey(request.ip);
    const count = await this.counts.hit(`token:${address}`);
    this.states.set(request, { count });
    // The body names the client. A client known at this address passes, however many others share the address.
    if (this.isOver(count) && (await this.knowsAddress(address))) return;
    this.assertWithin(count, request, reply, senderAt(request));
  }

  /** @throws TooManyRequestsError (1009) */
  async countClient(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const state = this.states.get(request);
    if (!state) return;
    const attempt: Attempt = { ...readClaim(request), address: addressKey(request.ip) };
    const admission = await this.admit(attempt, state, request, reply);
    state.attempt = attempt;
    await this.guard.hold(admission);
    if (attempt.clientId === undefined) return;
    const { clientId } = attempt;
    if (admission.isKnown) markKnownClient(request);
    state.clientKeys = admission.isKnown ? [anyKey(clientId), rightKey(clientId)] : [anyKey(clientId)];
    const counts = await Promise.all(state.clientKeys.map((key) => this.counts.hit(key)));
    const own = counts.at(-1) ?? state.count;
    // The headers show the limit that applies and has fewer requests left.
    const nearer = admission.isKnown || own.count > state.count.count ? own : state.count;
    this.assertWithin(nearer, request, reply, toSender(clientId));
  }

  /** Notes whether the secret was right, according to the status of the answer. */
  async learn(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { attempt, clientKeys = [] } = this.states.get(request) ?? {};
    if (!attempt) return;
    if (reply.statusCode === 200 && attempt.clientId !== undefined && attempt.secret !== undefined) {
      this.guard.succeeded(attempt);
      this.shared.remember(attempt);
      const right = rightKey(attempt.clientId);
      if (!clientKeys.includes(right)) await this.counts.hit(right);
    }
    if (reply.statusCode !== 401) return;
    if (this.guard.failed(attempt)) this.options.log.guessing(request, toGuesser(attempt, request));
    await Promise.all(clientKeys.map((key) => this.counts.takeBack(key)));
  }

  /** @throws TooManyRequestsError (1009) */
  private async admit(
    attempt: Attempt,
    { count }: State,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Admission> {
    const verdict = await this.judge(attempt, this.isOver(count));
    if ('refusedFor' in verdict) {
      this.options.refusals.inc({ class: 'secrets' });
      this.options.log.guessing(request, toGuesser(attempt, request));
      throw new TooManyRequestsError(Math.ceil(verdict.refusedFor / 1000), 'Too many wrong secrets: wait');
    }
    if (!verdict.isKnown) this.assertWithin(count, request, reply, senderAt(request));
    return verdict;
  }

  /** Asks whether another replica knows the client, before this one refuses or delays it. */
  private async judge(attempt: Attempt, isOver: boolean): Promise<Verdict> {
    const verdict = this.guard.judge(attempt);
    const isFree = !('refusedFor' in verdict) && (verdict.isKnown || (verdict.heldFor === 0 && !isOver));
    if (isFree || attempt.clientId === undefined || !(await this.shared.knows(attempt))) return verdict;
    this.guard.recall(attempt);
    return this.guard.judge(attempt);
  }

  private async knowsAddress(address: string): Promise<boolean> {
    return this.guard.knowsAddress(address) || (await this.shared.knowsAddress(address));
  }

  private isOver({ count }: SharedCount): boolean {
    return count > this.options.limit;
  }

  private assertWithin(shared: SharedCount, request: FastifyRequest, reply: FastifyReply, sender: RefusedSender): void {
    const { limit, log, refusals } = this.options;
    const seconds = setLimitHeaders(reply, { name: NAME, limit, ...shared });
    if (!this.isOver(shared)) return;
    refusals.inc({ class: NAME });
    log.refused(request, sender, NAME, limit);
    throw new TooManyRequestsError(seconds);
  }
}

/** Key for all requests that claim to be from this client, except those with a wrong secret. */
function anyKey(clientId: string): string {
  return `token:${claimedKey(clientId)}`;
}

/** Key for requests with its right secret. Only these limit a client where it is known; guesses in progress do not. */
function rightKey(clientId: string): string {
  return `token:right:${claimedKey(clientId)}`;
}

function senderAt(request: FastifyRequest): RefusedSender {
  return { key: addressKey(request.ip), clientId: undefined, name: request.ip };
}

function toSender(clientId: string): RefusedSender {
  return { key: claimedKey(clientId), clientId, name: `client ${quoted(clientId)}` };
}

function toGuesser({ clientId, address }: Attempt, request: FastifyRequest): RefusedSender {
  const name = clientId === undefined ? 'no client' : `client ${quoted(clientId)}`;
  return { key: claimedKey(name, address), clientId, name: `${name} from ${request.ip}` };
}
