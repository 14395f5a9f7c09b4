import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type buildConnector, Client } from 'undici';
import type { Deadline } from '../deadline.js';
import type { Dialer } from '../guard/dialer.js';
import { type Carrier, Exchange, type OutboundAnswer } from './exchange.js';
import { OutboundError } from '../outbound-error.js';
import type { Target } from '../guard/target.js';

/** What is sent. */
export interface Message {
  method: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  body: string | Buffer | undefined;
  maxResponseBytes: number;
  connectTimeoutMs: number;
}

/** Milliseconds that an idle connection is kept, less than most servers do; and what a server may talk us into. */
const KEEP_ALIVE_MS = 4_000;
const KEEP_ALIVE_MAX_MS = 60_000;
const MAX_HEADER_BYTES = 16 * 1024;
/** Bytes on the wire for each byte of a body that is taken, and for all else: chunks of a few bytes, headers, trailers. */
const WIRE_BYTES_PER_BYTE = 8;
const WIRE_BYTES = 64 * 1024;

/** TLS sessions to resume, which all connections to one origin share. */
export interface Sessions {
  session?: Buffer;
}

/** One HTTP/1.1 connection, one request at a time: it dials with the first one, and again if it was closed since. */
export class Connection implements Carrier {
  served = 0;
  isOpen = false;
  private readonly client: Client;
  private socket: Socket | undefined;
  private dialing: Socket | undefined;
  private connectTimeoutMs = 0;
  /** What `bytesRead` must not exceed. */
  private mostBytes = Infinity;
  private wireBytes = Infinity;
  private isBusy = false;

  constructor(
    private readonly target: Target,
    private readonly dialer: Dialer,
    private readonly sessions: Sessions,
    onIdleEnd: (connection: Connection) => void,
  ) {
    this.client = new Client(target.origin, {
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      // The deadline of the call covers both, and more.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (_, callback) => {
        this.dial(callback);
      },
    });
    this.client.on('connect', () => {
      this.isOpen = true;
    });
    this.client.on('disconnect', () => {
      this.isOpen = false;
      if (!this.isBusy) onIdleEnd(this);
    });
  }

  get origin(): string {
    return this.target.origin;
  }

  get bytesRead(): number {
    return this.socket?.bytesRead ?? 0;
  }

  /** After a failure the connection is of no use. @throws OutboundError */
  async exchange(message: Message, deadline: Deadline): Promise<OutboundAnswer> {
    const { method, path, headers, body, maxResponseBytes, connectTimeoutMs } = message;
    this.isBusy = true;
    this.connectTimeoutMs = connectTimeoutMs;
    this.wireBytes = WIRE_BYTES + WIRE_BYTES_PER_BYTE * maxResponseBytes;
    this.mostBytes = this.bytesRead + this.wireBytes;
    // The answer to HEAD says how long the body would be, and has none.
    const maxBytes = method === 'HEAD' ? Infinity : maxResponseBytes;
    const exchange = new Exchange(this, maxBytes, deadline);
    if (!deadline.error) this.client.dispatch({ method, path, headers, body }, exchange);
    const answer = await exchange.answer;
    this.served += 1;
    this.isBusy = false;
    return answer;
  }

  destroy(): void {
    const error = new OutboundError('cancelled', 'the connection was given up');
    this.isOpen = false;
    void this.client.destroy(error);
    this.dialing?.destroy(error);
  }

  private dial(callback: buildConnector.Callback): void {
    const { target, sessions, connectTimeoutMs } = this;
    // A refusal that is thrown here reaches the request in the same way as one that is emitted.
    const socket = this.dialer.dial(target, sessions.session);
    this.socket = socket;
    this.dialing = socket;
    this.served = 0;
    this.mostBytes = this.wireBytes;
    // The parser counts neither extensions of chunks nor what has no end at all.
    socket.on('readable', () => {
      if (socket.bytesRead <= this.mostBytes) return;
      socket.destroy(new OutboundError('too-large', `more than ${this.wireBytes} bytes came on the wire`));
    });
    if (socket instanceof TLSSocket) socket.on('session', (session) => (sessions.session = session));
    const timer = setTimeout(() => {
      socket.destroy(new OutboundError('refused', `no connection to ${target.origin} within ${connectTimeoutMs} ms`));
    }, connectTimeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      this.dialing = undefined;
      socket.off('error', failed);
    };
    const failed = (error: Error): void => {
      settle();
      callback(error, null);
    };
    socket.once('error', failed);
    socket.once(target.isSecure ? 'secureConnect' : 'connect', () => {
      settle();
      callback(null, socket);
    });
  }
}
