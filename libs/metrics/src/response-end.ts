import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

const listeners = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls the listener once, when the exchange is over in any way: answered, failed, or given up by the caller. No hook
 * of Fastify does: onResponse needs an answer, and onRequestAbort a body that has not been read yet. The response's
 * own `close` is not enough either: one that waits behind others on a pipelined connection never gets it. A connection
 * has one listener, however many requests it carries.
 */
export function onResponseEnd(request: FastifyRequest, reply: FastifyReply, listener: () => void): void {
  const { socket } = request.raw;
  let waiting = listeners.get(socket);
  if (!waiting) {
    const added = new Set<() => void>();
    waiting = added;
    listeners.set(socket, added);
    socket.once('close', () => {
      for (const end of added) end();
    });
  }
  const all = waiting;
  const end = (): void => {
    if (all.delete(end)) listener();
  };
  all.add(end);
  reply.raw.once('close', end);
  // Closed before anybody listened: neither event comes again.
  if (socket.destroyed || reply.raw.closed) end();
}
