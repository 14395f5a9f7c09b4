import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Deadline } from '../deadline.js';
import { MAX_INFORMATIONAL, tooManyInformational, toOutboundError } from '../faults.js';
import type { Dialer } from '../guard/dialer.js';
import type { Target } from '../guard/target.js';
import { OutboundError } from '../outbound-error.js';

export interface Handshake {
  url: string;
  headers: Readonly<Record<string, string>>;
  maxPayload: number;
}

/** Fragments of one message: at least this many are allowed, or as many as the longest message has at these mean sizes. */
const MIN_FRAGMENTS = 1_024;
const FRAGMENT_BYTES = 1_024;
const CHUNK_BYTES = 256;
/** Bytes that are read after either side has closed the connection. */
const MAX_BYTES_AFTER_CLOSE = 256 * 1024;

/**
 * Opens a WebSocket on a socket of the dialer. It does not answer pings, and does not bound what it receives: its owner
 * wraps it in a `FloodGuard`, or closes it. @throws OutboundError
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
      // A small message may inflate into a large one.
      perMessageDeflate: false,
      // One message per turn of the event loop: one packet may hold thousands, and other work must run between them.
      allowSynchronousEvents: false,
      autoPong: false,
      maxFragments: Math.max(MIN_FRAGMENTS, Math.ceil(maxPayload / FRAGMENT_BYTES)),
      maxBufferedChunks: Math.max(MIN_FRAGMENTS, Math.ceil(maxPayload / CHUNK_BYTES)),
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
      const destination = { origin: target.origin, trustAdvice: dialer.trustAdvice };
      reject(toOutboundError(cause, destination, { sent, answered }));
      webSocket.terminate();
    };
    // The listener stays after the handshake: an error without a listener would end the process. 'close' follows it.
    webSocket.on('error', fail);
    webSocket.once('unexpected-response', (_, { statusCode: status }) => {
      fail(new OutboundError('malformed', `${target.origin} answered ${status} to the WebSocket upgrade`, { status }));
    });
    deadline.onEnd(fail);
    webSocket.once('open', () => {
      // ws goes on reading after it sent a close frame, without a bound of its own.
      let bytes = 0;
      socket?.on('data', ({ length }: Buffer) => {
        if (webSocket.readyState === webSocket.OPEN) return;
        bytes += length;
        if (bytes > MAX_BYTES_AFTER_CLOSE) socket?.destroy();
      });
      resolve(webSocket);
    });
  });
}
