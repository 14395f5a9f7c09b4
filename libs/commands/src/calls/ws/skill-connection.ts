import { type JsonText, readForeignJson } from '#common';
import { FloodGuard, OutboundClient, OutboundError, type WebSocket } from '#outbound';
import type { EndpointOptions } from '../endpoint-options.js';
import type { Attempt } from '../transport.js';
import { CallCancelledError, TryError } from '../try-error.js';

/** Milliseconds between pings. A connection without any message in that time is cut. */
const PING_EVERY_MS = 20_000;
/** Milliseconds for the closing handshake. */
const CLOSE_WITHIN_MS = 1_000;
/** Milliseconds without a call after which `look` reads from the socket. */
const LOOK_AFTER_MS = 1_000;
/** Turns of the event loop in which `look` reads: enough for data that has arrived, with TLS too. */
const LOOK_TURNS = 10;
/** Calls that timed out, and whose answer may still come. */
const MAX_LATE = 1_000;
/** Bytes in the send buffer from which no further call is sent: the endpoint does not read. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;
/** Ids that are looked for in a message before it is parsed. */
const MAX_IDS = 1_000;
const ID = /"id"\s*:\s*"([^"\\]*)"/g;

/** An AI Bridge message of type `response`, or why it is too large to be parsed. */
export interface BridgeAnswer {
  data: Buffer;
  json?: JsonText | undefined;
  tooLarge?: string;
}

interface PendingCall {
  resolve: (answer: BridgeAnswer) => void;
  reject: (error: Error) => void;
}

/**
 * One connection to an endpoint. Many calls share it, and answers come in any order. The socket is paused while no call
 * waits. A message that answers no call is unsolicited (`FloodGuard`), except for one late answer of each call.
 */
export class SkillConnection {
  private readonly pending = new Map<string, PendingCall>();
  /** Calls that were sent and ended without an answer. */
  private readonly late = new Set<string>();
  private readonly opening: Promise<WebSocket>;
  private socket: WebSocket | undefined;
  private ping: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private usedAt = performance.now();
  private closed = false;
  private isAlive = true;

  /** `onFlood` is called when the connection was cut because of too many unsolicited messages. */
  constructor(
    outbound: OutboundClient,
    { url, authorization, ca }: Pick<EndpointOptions, 'url' | 'authorization' | 'ca'>,
    private readonly maxPayload: number,
    private readonly onFlood: () => void,
  ) {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    this.opening = outbound.webSocket(url, { headers, ca, timeoutMs: PING_EVERY_MS, maxPayload: this.maxPayload });
    this.opening.then(
      (socket) => {
        this.opened(socket);
      },
      // The calls that wait for it get the error.
      () => (this.closed = true),
    );
  }

  /** Whether no further call can use it. */
  get isClosed(): boolean {
    return this.closed;
  }

  /**
   * After a second without a call: reads from the paused socket, so that `isClosed` is right. The endpoint may have closed
   * the connection meanwhile.
   */
  async look(): Promise<void> {
    const idleMs = performance.now() - this.usedAt;
    if (this.socket && !this.isInUse && idleMs > LOOK_AFTER_MS) this.looking ??= this.read(this.socket);
    await this.looking;
  }

  /** Sends a message and returns the answer with its id. @throws OutboundError, TryError, CallCancelledError */
  async ask(id: string, message: string, attempt: Attempt): Promise<BridgeAnswer> {
    const { timeoutMs, signal } = attempt;
    if (signal.aborted) throw new CallCancelledError();
    this.usedAt = performance.now();
    // An earlier try of this execution waits on the same connection.
    if (this.pending.has(id)) throw new TryError('unreachable', 'this execution is under way here', true);
    if (this.socket && this.socket.bufferedAmount > MAX_UNSENT_BYTES) {
      throw new TryError('unreachable', 'the endpoint does not read from its connection', false);
    }
    if (!this.isInUse) this.isAlive = true;
    let sent = false;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        end(new TryError('timeout', 'the endpoint did not answer in time', sent));
      }, timeoutMs);
      const onAbort = (): void => {
        end(new CallCancelledError());
      };
      const end = (error?: Error): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        this.ended(id, sent && error !== undefined);
        if (error) reject(error);
      };
      signal.addEventListener('abort', onAbort);
      this.pending.set(id, {
        reject: end,
        resolve: (answered) => {
          end();
          resolve(answered);
        },
      });
      this.opening.then((socket) => {
        if (!this.pending.has(id)) return;
        sent = true;
        socket.resume();
        socket.send(message);
      }, end);
    });
  }

  /** Takes no further call, and closes as soon as no call waits for an answer. */
  close(): void {
    this.closed = true;
    if (!this.isInUse) this.closeSocket();
  }

  private get isInUse(): boolean {
    return this.pending.size > 0;
  }

  private opened(socket: WebSocket): void {
    this.socket = socket;
    const guard = new FloodGuard(socket, () => {
      this.fail(new TryError('bad-answer', 'the endpoint sent too many unsolicited messages', true));
      this.onFlood();
    });
    socket.on('pong', () => (this.isAlive = true));
    this.ping = setInterval(() => {
      // A paused socket reads no pong.
      if (!this.isInUse) return;
      if (!this.isAlive) socket.terminate();
      this.isAlive = false;
      guard.ping();
    }, PING_EVERY_MS).unref();
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (guard.isFlooded) return;
      this.isAlive = true;
      if (isBinary || !this.handle(data)) guard.unsolicited(data.length);
    });
    // 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.fail(new OutboundError('reset-before-answer', 'the connection closed before the answer', { sent: true }));
    });
    this.settle();
  }

  /** Without a call, a connection is paused, or closed if it takes no further call. */
  private settle(): void {
    if (this.isInUse) return;
    if (this.closed) this.closeSocket();
    else this.socket?.pause();
  }

  private closeSocket(): void {
    clearInterval(this.ping);
    const { socket } = this;
    if (!socket || socket.readyState === socket.CLOSED) return;
    socket.resume();
    socket.close();
    const cut = setTimeout(() => {
      socket.terminate();
    }, CLOSE_WITHIN_MS).unref();
    socket.once('close', () => {
      clearTimeout(cut);
    });
  }

  /** The connection is lost: the calls that wait fail. */
  private fail(error: Error): void {
    this.closed = true;
    clearInterval(this.ping);
    for (const { reject } of [...this.pending.values()]) reject(error);
  }

  private ended(id: string, isUnanswered: boolean): void {
    this.pending.delete(id);
    this.usedAt = performance.now();
    if (isUnanswered) {
      this.late.add(id);
      const [first] = this.late;
      if (this.late.size > MAX_LATE && first !== undefined) this.late.delete(first);
    }
    this.settle();
  }

  private async read(socket: WebSocket): Promise<void> {
    socket.resume();
    for (let turn = 0; turn < LOOK_TURNS; turn += 1) await new Promise(setImmediate);
    this.looking = undefined;
    if (socket.readyState !== socket.OPEN) {
      this.closed = true;
      socket.terminate();
    }
    this.settle();
  }

  /** Returns whether a message answers a call, or one that has timed out. A message with no known id is not parsed. */
  private handle(data: Buffer): boolean {
    if (this.pending.size + this.late.size === 0) return false;
    const text = data.toString('utf8');
    if (!this.mayAnswer(text)) return false;
    const { value, json, tooLarge } = readForeignJson(data);
    if (tooLarge !== undefined) {
      // It is not parsed, so any id in its text counts. Only this Skill knows these ids.
      const named = [...this.pending].filter(([id]) => text.includes(`"${id}"`));
      for (const [, { resolve }] of named) resolve({ data, tooLarge });
      return named.length > 0;
    }
    // Invalid JSON answers no call: the call times out.
    const { type, id } = (value ?? {}) as { type?: unknown; id: string };
    if (type !== 'response') return false;
    const call = this.pending.get(id);
    call?.resolve({ data, json });
    return call !== undefined || this.late.delete(id);
  }

  /** Whether a message contains the id of a call, or too many ids to tell. */
  private mayAnswer(text: string): boolean {
    let looked = 0;
    for (const [, id = ''] of text.matchAll(ID)) {
      looked += 1;
      if (looked > MAX_IDS || this.pending.has(id) || this.late.has(id)) return true;
    }
    return false;
  }
}
