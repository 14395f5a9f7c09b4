import type { FastifyReply } from 'fastify';
import { WINDOW_MS } from './windows.js';

export interface LimitState {
  name: string;
  limit: number;
  count: number;
  /** Milliseconds until the window ends. */
  rest: number;
}

export interface LimitHeaders {
  policy: string;
  rest: string;
  seconds: number;
}

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): structured fields (RFC 9651) with the quota
 * q in w seconds, and the r requests that remain for t seconds. Returns t.
 */
export function setLimitHeaders(reply: FastifyReply, state: LimitState): number {
  const { policy, rest, seconds } = formatLimitHeaders(state);
  void reply.header('ratelimit-policy', policy).header('ratelimit', rest);
  return seconds;
}

/** Returns the values of these headers, and t. */
export function formatLimitHeaders({ name, limit, count, rest }: LimitState): LimitHeaders {
  const seconds = Math.max(1, Math.ceil(rest / 1000));
  return {
    policy: `"${name}";q=${limit};w=${WINDOW_MS / 1000}`,
    rest: `"${name}";r=${Math.max(0, limit - count)};t=${seconds}`,
    seconds,
  };
}
