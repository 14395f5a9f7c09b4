import type { WebSocket } from 'ws';
import { TokenBucket } from './token-bucket.js';

/** Unsolicited messages: at once, and per second. */
const MESSAGES = [100, 1] as const;
/** Bytes of unsolicited messages: at once, and per second. */
const BYTES = [256 * 1024, 16 * 1024] as const;
/** Pings that are answered: at once (after a time in which nothing was read), and per second. */
const PINGS = [50, 5] as const;

/**
 * Cuts a WebSocket whose other end floods it: unsolicited messages, too many pings, pongs without a ping, or a message in
 * thousands of fragments. The owner reports unsolicited messages. Limits and reasons: docs/adr/0030.
 */
export class FloodGuard {
  isFlooded = false;
  private readonly messages = new TokenBucket(...MESSAGES);
  private readonly bytes = new TokenBucket(...BYTES);
  private readonly pings = new TokenBucket(...PINGS);
  private pendingPongs = 0;

  /** `onFlood` is called once, after the connection was cut. The 'close' event may come much later. */
  constructor(
    private readonly socket: WebSocket,
    private readonly onFlood: () => void,
  ) {
    socket.on('ping', (data: Buffer) => {
      if (this.isFlooded) return;
      if (this.pings.take(1)) socket.pong(data);
      else this.unsolicited(data.length);
    });
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      // One message in more fragments than are kept.
      if (code === 'WS_ERR_TOO_MANY_BUFFERED_PARTS' && !this.isFlooded) this.cut();
    });
    socket.on('pong', (data: Buffer) => {
      if (this.isFlooded) return;
      if (this.pendingPongs > 0) this.pendingPongs -= 1;
      else this.unsolicited(data.length);
    });
  }

  /** Sends a ping; the socket emits 'pong' when the answer comes. */
  ping(): void {
    this.pendingPongs += 1;
    this.socket.ping();
  }

  /** Counts a message that no call waits for. */
  unsolicited(bytes: number): void {
    if (!this.isFlooded && !(this.messages.take(1) && this.bytes.take(bytes))) this.cut();
  }

  private cut(): void {
    this.isFlooded = true;
    this.socket.terminate();
    this.onFlood();
  }
}
