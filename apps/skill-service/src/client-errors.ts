import { randomBytes } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { BadParameterError, type ErrorResponse } from '#common';
import type { SecurityHeaders } from './security-headers.js';

/**
 * Fastify's `clientErrorHandler`: answers bytes that are not HTTP, and headers that are too large. They never become a request,
 * so no hook and no filter runs. The answer has the shape and the headers of every other error.
 */
export function answerClientErrors(securityHeaders: SecurityHeaders) {
  return (cause: NodeJS.ErrnoException, socket: Socket): void => {
    if (cause.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const { code, message, details, status } = new BadParameterError([
      { field: 'request', reason: describe(cause.code) },
    ]);
    const traceId = randomBytes(16).toString('hex');
    const timestamp = new Date().toISOString();
    const body = JSON.stringify({ code, message, details, timestamp, trace_id: traceId } satisfies ErrorResponse);
    const headers = {
      ...securityHeaders,
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
