import { randomBytes } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { BadParameterError, type ErrorResponse } from '#common';

/**
 * Fastify's `clientErrorHandler`: answers what is no HTTP, or has headers that are too large. It never becomes a
 * request, so that no hook and no filter runs; the answer has the shape of every other error all the same.
 */
export function answerClientError(cause: NodeJS.ErrnoException, socket: Socket): void {
  if (cause.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const error = new BadParameterError([{ field: 'request', reason: reasonOf(cause.code) }]);
  const { code, message, details, status } = error;
  const body = JSON.stringify({
    code,
    message,
    details,
    timestamp: new Date().toISOString(),
    trace_id: randomBytes(16).toString('hex'),
  } satisfies ErrorResponse);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n${body}`,
  );
}

function reasonOf(code: string | undefined): string {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'has headers that are too large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'did not arrive in time';
    default:
      return 'is not well-formed HTTP';
  }
}
