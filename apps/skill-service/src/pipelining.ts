import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests of one connection that wait behind another request, or arrive in one turn of the event loop. */
export const MAX_PIPELINED = 64;
/** After so many requests in a row from one connection, check whether they arrive in one turn of the event loop. */
const SUSPICIOUS = 8;

/**
 * Cuts a connection that sends more than MAX_PIPELINED requests without waiting for their answers, and drops the others. Node
 * reads two megabytes of a socket in one turn of the event loop, which may hold fifty thousand requests. Call it when the
 * server has all its listeners.
 */
export function limitPipelining(server: Server): void {
  const listeners = server.listeners('request') as RequestListener[];
  const waiting = new WaitingRequests();
  const rows = new RequestsInARow();
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const { socket } = request;
    if (rows.isTooLong(socket) || waiting.areTooMany(request, response)) socket.destroy();
    if (socket.destroyed) return;
    for (const listener of listeners) listener.call(server, request, response);
  });
}

class WaitingRequests {
  private readonly counts = new WeakMap<Socket, number>();

  areTooMany({ socket }: IncomingMessage, response: ServerResponse): boolean {
    // A response gets its socket when it is its turn: a request that does not wait costs nothing here.
    if (response.socket !== null) return false;
    const before = this.counts.get(socket) ?? 0;
    if (before >= MAX_PIPELINED) return true;
    this.counts.set(socket, before + 1);
    response.once('close', () => {
      this.counts.set(socket, (this.counts.get(socket) ?? 1) - 1);
    });
    return false;
  }
}

/** Counts requests with a body: they are answered while more of the same read are parsed, and so never wait. */
class RequestsInARow {
  private socket: Socket | undefined;
  private count = 0;
  private readonly forget = (): void => {
    this.count = 0;
  };

  isTooLong(socket: Socket): boolean {
    if (socket !== this.socket) {
      this.socket = socket;
      this.count = 0;
    }
    this.count += 1;
    if (this.count === SUSPICIOUS) setImmediate(this.forget);
    return this.count > MAX_PIPELINED + SUSPICIOUS;
  }
}
