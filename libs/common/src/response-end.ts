import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { InFlight } from './in-flight.js';

/** nginx's status for a request whose caller closed the connection before the response. It is only logged, never sent. */
export const CLIENT_CLOSED_REQUEST = 499;

const LISTENERS = Symbol('listeners');
type Watched = ServerResponse & { [LISTENERS]?: (() => void)[] };

/** The exchanges of each connection: they end if it closes. */
const exchanges = new WeakMap<Socket, InFlight<() => void>>();

/**
 * Calls the listener once, when the exchange is over in any way: answered, failed, or given up by the caller. No hook
 * of Fastify does: onResponse needs an answer, and onRequestAbort a body that has not been read yet. The response's
 * own `close` is not enough either: one that waits behind others on a pipelined connection never gets it. A connection
 * has one listener, however many requests it carries, and so has a response, however many wait for it.
 */
export function onResponseEnd({ raw: { socket } }: FastifyRequest, reply: FastifyReply, listener: () => void): void {
  const response = reply.raw as Watched;
  // Closed before anybody listened: neither event comes again.
  if (socket.destroyed || response.closed) {
    listener();
    return;
  }
  const known = response[LISTENERS];
  if (known) {
    known.push(listener);
    return;
  }
  const listeners = [listener];
  response[LISTENERS] = listeners;
  const waiting = getExchanges(socket);
  let hasEnded = false;
  const end = (): void => {
    if (hasEnded) return;
    hasEnded = true;
    waiting.remove(slot);
    for (const each of listeners) each();
  };
  const slot = waiting.add(end);
  response.on('close', end);
}

/** A parameter of a route: a signal that aborts when the exchange is over, so that work can end if the caller hangs up. */
export const ConnectionClosed = createParamDecorator((_: unknown, context: ExecutionContext): AbortSignal => {
  const http = context.switchToHttp();
  const closed = new AbortController();
  onResponseEnd(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>(), () => {
    closed.abort();
  });
  return closed.signal;
});

/**
 * Whether the operating system has taken all of an answer. When the caller hangs up while it does, Node calls the
 * response finished all the same: only the connection knows better.
 */
export function isSentWhole({ socket }: IncomingMessage, response: ServerResponse): boolean {
  return response.writableFinished && !socket.errored;
}

function getExchanges(socket: Socket): InFlight<() => void> {
  const known = exchanges.get(socket);
  if (known) return known;
  const added = new InFlight<() => void>();
  exchanges.set(socket, added);
  socket.once('close', () => {
    for (const end of added) end();
  });
  return added;
}
