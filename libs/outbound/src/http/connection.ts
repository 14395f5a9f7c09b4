import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type buildConnector, Client } from 'undici';
import type { Deadline } from '../deadline.js';
import type { Dialer } from '../guard/dialer.js';
import type { Target } from '../guard/target.js';
import { OutboundError } from '../outbound-error.js';
import { USER_AGENT } from '../user-agent.js';
import { Exchange, type OutboundAnswer } from './exchange.js';

/** One request. */
export interface Message {
  method: string;
  headers: Readonly<Record<string, string>>;
  body: string | Buffer | undefined;
  /** The longest response body, in bytes. */
  maxResponseBytes: number;
  /** Milliseconds for opening a new connection: look-up, TCP and TLS. */
  connectTimeoutMs: number;
}

/** Milliseconds that an idle connection is kept: shorter than the 2 s of common servers. A server's `Keep-Alive: timeout` has priority. */
const KEEP_ALIVE_MS = 1_500;
const KEEP_ALIVE_MAX_MS = 60_000;
/** Milliseconds by which an idle connection closes before the time that its server told. */
const KEEP_ALIVE_MARGIN_MS = 500;
const MAX_HEADER_BYTES = 16 * 1024;
/** Bytes on the wire per byte of the longest body, and for headers and trailers: bounds tiny chunks and chunk extensions. */
const WIRE_BYTES_PER_BYTE = 8;
const WIRE_BYTES = 64 * 1024;

/** The TLS session to resume; all connections of a pool share it. */
export interface Sessions {
  session?: Buffer;
}

/** One HTTP/1.1 connection, one request at a time. Connects with the first request, and again after the server closed it. */
export class Connection {
  isOpen = false;
  /** Whether the present socket has brought an answer to an earlier request: its server may close it while another one is sent. */
  hasAnswered = false;
  private readonly client: Client;
  private socket: Socket | undefined;
  private dialing: Socket | undefined;
  private connectTimeoutMs = 0;
  private wireBytes = Infinity;
  /** The most that `bytesRead` may reach during the current request. */
  private maxBytesRead = Infinity;
  private isBusy = false;

  /** `onIdleEnd` is called when the connection closes while no request uses it. */
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
      keepAliveTimeoutThreshold: KEEP_ALIVE_MARGIN_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      // The deadline of the call covers both.
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

  get trustAdvice(): string {
    return this.dialer.trustAdvice;
  }

  /** Bytes received on the current socket. */
  get bytesRead(): number {
    return this.socket?.bytesRead ?? 0;
  }

  /** Sends a request. Destroy the connection after a failure. @throws OutboundError */
  async exchange(message: Message, path: string, deadline: Deadline): Promise<OutboundAnswer> {
    const { method, headers, body, maxResponseBytes, connectTimeoutMs } = message;
    this.isBusy = true;
    this.connectTimeoutMs = connectTimeoutMs;
    this.wireBytes = WIRE_BYTES + WIRE_BYTES_PER_BYTE * maxResponseBytes;
    this.maxBytesRead = this.bytesRead + this.wireBytes;
    // A response to HEAD has a content-length, but no body.
    const maxBytes = method === 'HEAD' ? Infinity : maxResponseBytes;
    const exchange = new Exchange(this, maxBytes, deadline);
    if (!deadline.error)
      this.client.dispatch({ method, path, headers: { 'user-agent': USER_AGENT, ...headers }, body }, exchange);
    const answer = await exchange.answer;
    this.isBusy = false;
    this.hasAnswered = true;
    return answer;
  }

  destroy(): void {
    const error = new OutboundError('cancelled', 'the connection was closed by this service');
    this.isOpen = false;
    void this.client.destroy(error);
    this.dialing?.destroy(error);
  }

  private dial(callback: buildConnector.Callback): void {
    const { target, sessions, connectTimeoutMs } = this;
    // undici passes what this throws to the request, like an error of the socket.
    const socket = this.dialer.dial(target, sessions.session);
    this.socket = socket;
    this.hasAnswered = false;
    this.dialing = socket;
    this.maxBytesRead = this.wireBytes;
    // undici bounds neither chunk extensions nor trailers.
    socket.on('readable', () => {
      if (socket.bytesRead <= this.maxBytesRead) return;
      socket.destroy(
        new OutboundError('too-large', `the response takes more than ${this.wireBytes} bytes on the wire`),
      );
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
