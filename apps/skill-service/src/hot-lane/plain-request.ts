import type { IncomingMessage, ServerResponse } from 'node:http';
import { isHost, repeatedHeader } from '../request-conformance.js';

/** A request with one of these headers needs what only the hooks and routes of Fastify do. */
const UNUSUAL = [
  'transfer-encoding',
  'content-encoding',
  'expect',
  'origin',
  'if-none-match',
  'idempotency-key',
] as const;
/** A request with more headers goes to Fastify, where a hook may refuse it. */
const MAX_HEADERS = 50;

/**
 * Whether the hot lane may answer a request: HTTP/1.1 on a connection that stays open, with a valid host and no unusual
 * header, and not pipelined behind another request whose answer has to go first.
 */
export function isPlain({ headers, rawHeaders, httpVersion }: IncomingMessage, response: ServerResponse): boolean {
  if (httpVersion !== '1.1' || rawHeaders.length > 2 * MAX_HEADERS) return false;
  if (headers.host === undefined || !isHost(headers.host) || repeatedHeader(rawHeaders) !== undefined) return false;
  // A pipelined response gets its socket when it is its turn.
  if (!response.shouldKeepAlive || response.socket === null || response.socket.destroyed) return false;
  return UNUSUAL.every((name) => headers[name] === undefined);
}
