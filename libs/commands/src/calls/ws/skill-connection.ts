import { readForeignJson } from '#common';
import { FloodGuard, OutboundClient, OutboundError, type WebSocket } from '#outbound';
import type { Attempt } from '../transport.js';
import { tooLargeAnswer } from '../skill-answer.js';
import { CallCancelledError, TryError } from '../try-error.js';

/** Milliseconds between signs of life; a connection that answers none in that time is given up. */
const PING_EVERY_MS = 20_000;
/** Milliseconds for the closing handshake. */
const CLOSE_WITHIN_MS = 1_000;
/** Milliseconds without a call after which the far end may have gone away, and is listened to before the next one. */
const LOOK_AFTER_MS = 1_000;
/** Turns of the event loop in which what has come already is read, also through TLS. */
const LOOK_TURNS = 10;
/** Calls without an answer whose answer may still come. */
const MAX_LATE = 1_000;
/** Bytes that wait to be sent, beyond which no further call is: the far end does not read them. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;
/** Ids in a message that are looked at before it is parsed. */
const MAX_IDS = 1_000;
const ID = /"id"\s*:\s*"([^"\\]*)"/g;

/** An AI Bridge message of type `response`. */
export interface BridgeAnswer {
  id: string;
  status: unknown;
  result?: unknown;
  error?: unknown;
}

interface Asked {
  resolve: (answered: { answer: BridgeAnswer; bytes: number }) => void;
  reject: (error: Error) => void;
}

/**
 * One connection to an endpoint, over which many calls go at the same time: answers come in any order. Nothing is read while
 * no call waits. What answers no call counts as unsolicited (`FloodGuard`), but for one late answer of each call.
 */
export class SkillConnection {
  private readonly asked = new Map<string, Asked>();
  /** Calls that were sent and ended without an answer. */
  private readonly late = new Set<string>();
  private readonly opening: Promise<WebSocket>;
  private socket: WebSocket | undefined;
  private ping: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private usedAt = performance.now();
  private closed = false;
  private isAlive = true;

  /** `onFlood` is called when the endpoint sent so much unsolicited that the connection was cut. */
  constructor(
    outbound: OutboundClient,
    url: string,
    authorization: string | undefined,
    private readonly maxPayload: number,
    private readonly onFlood: () => void,
  ) {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    this.opening = outbound.webSocket(url, { headers, timeoutMs: PING_EVERY_MS, maxPayload: this.maxPayload });
    this.opening.then(
      (socket) => {
        this.opened(socket);
      },
      // Whoever waits for it is told.
      () => (this.closed = true),
    );
  }

  get isClosed(): boolean {
    return this.closed;
  }

  get isWaitedFor(): boolean {
    return this.asked.size > 0;
  }

  get idleMs(): number {
    return performance.now() - this.usedAt;
  }

  /** After some time without a call: reads what has come since, so that `isClosed` tells whether the far end has left. */
  async look(): Promise<void> {
    if (this.socket && !this.isWaitedFor && this.idleMs > LOOK_AFTER_MS) this.looking ??= this.read(this.socket);
    await this.looking;
  }

  /** The answer with this id. @throws OutboundError, TryError, CallCancelledError */
  async ask(id: string, message: string, attempt: Attempt): Promise<{ answer: BridgeAnswer; bytes: number }> {
    const { timeoutMs, signal } = attempt;
    if (signal.aborted) throw new CallCancelledError();
    this.usedAt = performance.now();
    // The same execution over the same connection: the first is still waited for.
    if (this.asked.has(id)) throw new TryError('unreachable', 'this execution is under way here', true);
    if (this.socket && this.socket.bufferedAmount > MAX_UNSENT_BYTES) {
      throw new TryError('unreachable', 'the endpoint does not read what it is sent', false);
    }
    if (!this.isWaitedFor) this.isAlive = true;
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
      this.asked.set(id, {
        reject: end,
        resolve: (answered) => {
          end();
          resolve(answered);
        },
      });
      this.opening.then((socket) => {
        if (!this.asked.has(id)) return;
        sent = true;
        socket.resume();
        socket.send(message);
      }, end);
    });
  }

  close(): void {
    this.closed = true;
    clearInterval(this.ping);
    const { socket } = this;
    if (!socket) return;
    socket.resume();
    socket.close();
    const cut = setTimeout(() => {
      socket.terminate();
    }, CLOSE_WITHIN_MS).unref();
    socket.once('close', () => {
      clearTimeout(cut);
    });
  }

  private opened(socket: WebSocket): void {
    this.socket = socket;
    const guard = new FloodGuard(socket, () => {
      this.end(new TryError('bad-answer', 'the endpoint sends more than it is asked for', true));
      this.onFlood();
    });
    socket.on('pong', () => (this.isAlive = true));
    this.ping = setInterval(() => {
      // Nothing is read otherwise, no pong either.
      if (!this.isWaitedFor) return;
      if (!this.isAlive) socket.terminate();
      this.isAlive = false;
      guard.ping();
    }, PING_EVERY_MS).unref();
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (guard.isFlooded) return;
      this.isAlive = true;
      if (isBinary || !this.answered(data)) guard.unsolicited(data.length);
    });
    // 'close' follows, and tells of it.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.end(new OutboundError('reset-before-answer', 'the connection ended before the answer', { sent: true }));
    });
    if (this.closed) this.close();
    else if (!this.isWaitedFor) socket.pause();
  }

  /** No call goes over it any more, and those under way fail. */
  private end(error: Error): void {
    this.closed = true;
    clearInterval(this.ping);
    for (const { reject } of [...this.asked.values()]) reject(error);
  }

  /** A call is over. */
  private ended(id: string, isUnanswered: boolean): void {
    this.asked.delete(id);
    this.usedAt = performance.now();
    if (isUnanswered) {
      this.late.add(id);
      const [first] = this.late;
      if (this.late.size > MAX_LATE && first !== undefined) this.late.delete(first);
    }
    if (!this.isWaitedFor && !this.closed) this.socket?.pause();
  }

  private async read(socket: WebSocket): Promise<void> {
    socket.resume();
    for (let turn = 0; turn < LOOK_TURNS; turn += 1) await new Promise(setImmediate);
    this.looking = undefined;
    if (socket.readyState !== socket.OPEN) {
      this.closed = true;
      socket.terminate();
    }
    if (!this.isWaitedFor && !this.closed) socket.pause();
  }

  /** Returns whether it answers a call, or may have answered one that has ended. What names none of them is not parsed. */
  private answered(data: Buffer): boolean {
    if (this.asked.size + this.late.size === 0) return false;
    const bytes = data.length;
    const text = data.toString('utf8');
    if (!this.mayAnswer(text)) return false;
    const { value, tooLarge } = readForeignJson(data);
    if (tooLarge !== undefined) {
      // Not parsed, so that all that is known is which ids it names; this Skill alone knows them.
      const named = [...this.asked].filter(([id]) => text.includes(`"${id}"`));
      for (const [id, { resolve }] of named) resolve({ answer: { id, ...tooLargeAnswer(tooLarge) }, bytes });
      return named.length > 0;
    }
    // What is no JSON answers nobody in particular: the call runs into its time-out.
    const { type, ...answer } = (value ?? {}) as BridgeAnswer & { type?: unknown };
    if (type !== 'response') return false;
    const call = this.asked.get(answer.id);
    call?.resolve({ answer, bytes });
    return call !== undefined || this.late.delete(answer.id);
  }

  /** Whether it names a call, or more ids than are looked at. */
  private mayAnswer(text: string): boolean {
    let looked = 0;
    for (const [, id = ''] of text.matchAll(ID)) {
      looked += 1;
      if (looked > MAX_IDS || this.asked.has(id) || this.late.has(id)) return true;
    }
    return false;
  }
}
