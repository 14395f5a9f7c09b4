import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Deadline } from '../deadline.js';
import type { Dialer } from '../guard/dialer.js';
import { MAX_INFORMATIONAL, outboundErrorOf, tooManyInformational } from '../faults.js';
import { OutboundError } from '../outbound-error.js';
import type { Target } from '../guard/target.js';

export interface Handshake {
  url: string;
  headers: Readonly<Record<string, string>>;
  maxPayload: number;
}

/** Pieces of one message: so many, or those that have so many bytes on average in the longest one. */
const LEAST_PIECES = 1_024;
const FRAGMENT_BYTES = 1_024;
const CHUNK_BYTES = 256;
/** Bytes that are read of what comes after the end of the connection was said, by either side. */
const MAX_AFTER_END = 256 * 1024;

/**
 * A WebSocket on a socket of the dialer's, open. Pings are not answered, and nothing bounds how much comes: its owner has
 * a `FloodGuard` for it, or ends it. @throws OutboundError
 */
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
      // One message each turn of the event loop: thousands may come in one piece, and others must be served between them.
      allowSynchronousEvents: false,
      autoPong: false,
      maxFragments: Math.max(LEAST_PIECES, Math.ceil(maxPayload / FRAGMENT_BYTES)),
      maxBufferedChunks: Math.max(LEAST_PIECES, Math.ceil(maxPayload / CHUNK_BYTES)),
      finishRequest: (request) => {
        let informational = 0;
        request.on('information', () => {
          informational += 1;
          if (informational > MAX_INFORMATIONAL) fail(tooManyInformational(target.origin));
        });
        request.end();
      },
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
      // ws reads, and throws away, whatever comes until the far end closes.
      let afterEnd = 0;
      socket?.on('data', ({ length }: Buffer) => {
        if (webSocket.readyState === webSocket.OPEN) return;
        afterEnd += length;
        if (afterEnd > MAX_AFTER_END) socket?.destroy();
      });
      resolve(webSocket);
    });
  });
}
