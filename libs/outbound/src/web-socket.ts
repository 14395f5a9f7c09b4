import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Deadline } from './deadline.js';
import type { Dialer } from './dialer.js';
import { outboundErrorOf } from './faults.js';
import { OutboundError } from './outbound-error.js';
import type { Target } from './target.js';

export interface Handshake {
  url: string;
  headers: Readonly<Record<string, string>>;
  maxPayload: number;
}

/** A WebSocket on a socket of the dialer's, open. @throws OutboundError */
export function openWebSocket(
  { url, headers, maxPayload }: Handshake,
  target: Target,
  dialer: Dialer,
  deadline: Deadline,
): Promise<WebSocket> {
  dialer.check(target);
  return new Promise((resolve, reject) => {
    let socket: Socket | undefined;
    let sent = false;
    const webSocket = new WebSocket(url, {
      headers,
      maxPayload,
      followRedirects: false,
      // A small message may become a large one.
      perMessageDeflate: false,
      createConnection: () => {
        socket = dialer.dial(target);
        socket.once(target.isSecure ? 'secureConnect' : 'connect', () => (sent = true));
        return socket;
      },
    });
    const fail = (cause: unknown): void => {
      const answered = (socket?.bytesRead ?? 0) > 0;
      reject(outboundErrorOf(cause, target.origin, { sent, reused: false, answered }));
      webSocket.terminate();
    };
    // It stays: an error that comes after the handshake is followed by the end, which its owner listens to.
    webSocket.on('error', fail);
    webSocket.once('unexpected-response', (_, { statusCode: status }) => {
      fail(new OutboundError('malformed', `${target.origin} answers ${status} to an upgrade`, { status }));
    });
    deadline.watch(fail);
    webSocket.once('open', () => {
      resolve(webSocket);
    });
  });
}
