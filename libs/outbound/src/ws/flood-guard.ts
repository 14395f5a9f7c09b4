import type { WebSocket } from 'ws';
import { Allowance } from './allowance.js';

/** Messages that nobody asked for: at once, and a second. */
const MESSAGES = [100, 1] as const;
/** Bytes of them. */
const BYTES = [256 * 1024, 16 * 1024] as const;
/** Pings that are answered; the first number is what may come together, after a time in which nothing was read. */
const PINGS = [50, 5] as const;

/**
 * Ends a WebSocket whose far end sends more than it was asked for: messages, pings beyond a few a second, pongs without a
 * ping, or a message in thousands of pieces. Its owner says which messages those are.
 */
export class FloodGuard {
  isFlooded = false;
  private readonly messages = new Allowance(...MESSAGES);
  private readonly bytes = new Allowance(...BYTES);
  private readonly pings = new Allowance(...PINGS);
  private pongsDue = 0;

  /** `onFlood` is called once, after the connection was cut; its 'close' may come much later. */
  constructor(
    private readonly socket: WebSocket,
    private readonly onFlood: () => void,
  ) {
    socket.on('ping', (data: Buffer) => {
      if (this.isFlooded) return;
      if (this.pings.take(1)) socket.pong(data);
      else this.unasked(data.length);
    });
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      // Of one message, in more pieces than are kept.
      if (code === 'WS_ERR_TOO_MANY_BUFFERED_PARTS' && !this.isFlooded) this.end();
    });
    socket.on('pong', (data: Buffer) => {
      if (this.isFlooded) return;
      if (this.pongsDue > 0) this.pongsDue -= 1;
      else this.unasked(data.length);
    });
  }

  /** Asks for a sign of life: a 'pong' of the socket. */
  ping(): void {
    this.pongsDue += 1;
    this.socket.ping();
  }

  /** A message of so many bytes came that nobody waits for. */
  unasked(bytes: number): void {
    if (!this.isFlooded && !(this.messages.take(1) && this.bytes.take(bytes))) this.end();
  }

  private end(): void {
    this.isFlooded = true;
    this.socket.terminate();
    this.onFlood();
  }
}
