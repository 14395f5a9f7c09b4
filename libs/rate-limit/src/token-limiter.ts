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
import { claimOf, showsBearer } from './request-class.js';
import { type Admission, type Attempt, SecretGuard, type Verdict } from './secret-guard.js';
import { SharedPairs } from './shared-pairs.js';

const NAME = 'token';
const CAPACITY = 20_000;

interface State {
  /** Of the address. */
  count: SharedCount;
  attempt?: Attempt;
  /** The keys under which the request counts for its client. */
  clientKeys?: readonly string[];
}

export interface TokenLimiterOptions {
  /** Requests in a minute: for each client, and for each address. */
  limit: number;
  /** The client that a bearer token names; undefined: it names none. Never rejects. */
  clientOf: (request: FastifyRequest) => Promise<string | undefined>;
  log: RefusalLog;
  refusals: Counter<'class'>;
}

/**
 * The endpoints that take a client's secret. A request counts for its address before its body is read, and for the client
 * that it claims to be afterwards; a wrong secret is taken back from the client, whose quota nobody else can use up, and
 * counts with SecretGuard instead. A client that is known at its address is not concerned by what else comes from there.
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
    const bearer = showsBearer(request) ? await this.options.clientOf(request) : undefined;
    if (bearer !== undefined) {
      const count = await this.counts.hit(rightKey(bearer));
      this.assertWithin(count, request, reply, senderOf(bearer));
      return;
    }
    const address = addressKey(request.ip);
    const count = await this.counts.hit(`token:${address}`);
    this.states.set(request, { count });
    // Who it is stands in the body: one that is known there is let through, as many others as may share the address.
    if (this.isOver(count) && (await this.knowsAddress(address))) return;
    this.assertWithin(count, request, reply, senderAt(request));
  }

  /** @throws TooManyRequestsError (1009) */
  async countClient(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const state = this.states.get(request);
    if (!state) return;
    const attempt: Attempt = { ...claimOf(request), address: addressKey(request.ip) };
    const admission = await this.admit(attempt, state, request, reply);
    state.attempt = attempt;
    await this.guard.hold(admission);
    if (attempt.clientId === undefined) return;
    const { clientId } = attempt;
    if (admission.isKnown) markKnownClient(request);
    state.clientKeys = admission.isKnown ? [anyKey(clientId), rightKey(clientId)] : [anyKey(clientId)];
    const counts = await Promise.all(state.clientKeys.map((key) => this.counts.hit(key)));
    const own = counts.at(-1) ?? state.count;
    // The headers tell of whichever is nearer to its end and concerns it.
    const nearer = admission.isKnown || own.count > state.count.count ? own : state.count;
    this.assertWithin(nearer, request, reply, senderOf(clientId));
  }

  /** Learns from the answer whether the secret was right. */
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
    if (this.guard.failed(attempt)) this.options.log.guessing(request, guesserOf(attempt, request));
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
      this.options.log.guessing(request, guesserOf(attempt, request));
      throw new TooManyRequestsError(Math.ceil(verdict.refusedFor / 1000), 'Too many wrong secrets: wait');
    }
    if (!verdict.isKnown) this.assertWithin(count, request, reply, senderAt(request));
    return verdict;
  }

  /** Who would be refused or held back here may be known to another replica. */
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

/** All requests that claim to be this client's, and are under way or were right. */
function anyKey(clientId: string): string {
  return `token:${claimedKey(clientId)}`;
}

/** Those that showed its right secret. These alone concern it where it is known: guesses under way do not. */
function rightKey(clientId: string): string {
  return `token:right:${claimedKey(clientId)}`;
}

function senderAt(request: FastifyRequest): RefusedSender {
  return { key: addressKey(request.ip), clientId: undefined, name: request.ip };
}

function senderOf(clientId: string): RefusedSender {
  return { key: claimedKey(clientId), clientId, name: `client ${quoted(clientId)}` };
}

function guesserOf({ clientId, address }: Attempt, request: FastifyRequest): RefusedSender {
  const name = clientId === undefined ? 'no client' : `client ${quoted(clientId)}`;
  return { key: claimedKey(name, address), clientId, name: `${name} from ${request.ip}` };
}
