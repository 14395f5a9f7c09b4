import { randomBytes } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { BadParameterError, type ErrorResponse, HttpRefusal } from '#common';
import type { KnownRoutes } from './known-routes.js';
import type { SecurityHeaders } from './security-headers.js';

/** Of Node; the bytes may hold earlier requests, too. */
type ClientError = NodeJS.ErrnoException & { rawPacket?: unknown };

/** A method that Node does not know, such as `get` or `FOO`, with a path. */
const UNKNOWN_METHOD = /^[!#$%&'*+.^_`|~\w-]{1,64} (\/[^\s#]*) HTTP\/1\.[01]\r?\n/;
const MAX_LINE = 8 * 1024;

/**
 * Fastify's `clientErrorHandler`: answers bytes that are not HTTP, and headers that are too large. They never become a request,
 * so no hook and no filter runs. The answer has the shape and the headers of every other error.
 */
export function answerClientErrors(securityHeaders: SecurityHeaders, routes: KnownRoutes) {
  return (cause: ClientError, socket: Socket): void => {
    if (cause.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const error =
      findMethodFault(cause, routes) ?? new BadParameterError([{ field: 'request', reason: describe(cause.code) }]);
    const { code, message, details, status } = error;
    const traceId = randomBytes(16).toString('hex');
    const timestamp = new Date().toISOString();
    const body = JSON.stringify({ code, message, details, timestamp, trace_id: traceId } satisfies ErrorResponse);
    const headers = {
      ...securityHeaders,
      ...(error instanceof HttpRefusal && error.headers),
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      'x-trace-id': traceId,
      connection: 'close',
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`);
    socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', body].join('\r\n'));
  };
}

/** 405, if the path has other methods. */
function findMethodFault({ code, rawPacket }: ClientError, routes: KnownRoutes): HttpRefusal | undefined {
  if (code !== 'HPE_INVALID_METHOD' || !Buffer.isBuffer(rawPacket)) return undefined;
  const firstLine = rawPacket.toString('latin1', 0, MAX_LINE);
  const [, path] = UNKNOWN_METHOD.exec(firstLine) ?? [];
  const methods = path === undefined ? [] : routes.listMethods(path);
  return methods.length > 0 ? HttpRefusal.wrongMethod(methods) : undefined;
}

function describe(code: string | undefined): string {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'has headers that are too large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'did not arrive in time';
    default:
      return 'is not well-formed HTTP';
  }
}
