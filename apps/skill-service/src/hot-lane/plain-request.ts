import type { IncomingMessage, ServerResponse } from 'node:http';
import { isHost, repeatedHeader } from '../request-conformance.js';

/** Headers with which no request is plain. */
const UNUSUAL = ['transfer-encoding', 'expect', 'origin'] as const;
/** Lines of headers; who sends more goes the normal way, where that may be refused. */
const MAX_HEADERS = 50;

/**
 * Whether a request has nothing about it that hooks of the normal way are for: HTTP/1.1 on a connection that stays, with
 * a host, without an origin to answer to, and not behind others whose answers have to go first.
 */
export function isPlain(request: IncomingMessage, response: ServerResponse, unusual: readonly string[]): boolean {
  const { headers, rawHeaders, httpVersion } = request;
  if (httpVersion !== '1.1' || rawHeaders.length > 2 * MAX_HEADERS) return false;
  if (headers.host === undefined || !isHost(headers.host) || repeatedHeader(rawHeaders) !== undefined) return false;
  // What waits behind others on a pipelined connection has no socket yet.
  if (!response.shouldKeepAlive || response.socket === null || response.socket.destroyed) return false;
  for (const name of UNUSUAL) if (headers[name] !== undefined) return false;
  for (const name of unusual) if (headers[name] !== undefined) return false;
  return true;
}
