import type { FastifyReply } from 'fastify';
import { WINDOW_MS } from './windows.js';

export interface LimitState {
  name: string;
  limit: number;
  count: number;
  /** Milliseconds until the window ends. */
  rest: number;
}

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): structured fields (RFC 9651) with the quota
 * q in w seconds, and the r requests that remain for t seconds. Returns t.
 */
export function setLimitHeaders(reply: FastifyReply, { name, limit, count, rest }: LimitState): number {
  const seconds = Math.max(1, Math.ceil(rest / 1000));
  void reply
    .header('ratelimit-policy', `"${name}";q=${limit};w=${WINDOW_MS / 1000}`)
    .header('ratelimit', `"${name}";r=${Math.max(0, limit - count)};t=${seconds}`);
  return seconds;
}
