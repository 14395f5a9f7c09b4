import { MAX_JSON_DEPTH, nestsDeeper, parseForeignJson } from '#common';
import { OutboundClient, OutboundError, type WebSocket } from '#outbound';
import type { Attempt } from './http-transport.js';
import { TOO_DEEP } from './skill-answer.js';
import { CallCancelledError, TryError } from './try-error.js';

/** Milliseconds between signs of life; a connection that answers none in that time is given up. */
const PING_EVERY_MS = 20_000;

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

/** One connection to an endpoint, over which many calls go at the same time: answers come in any order. */
export class SkillConnection {
  private readonly asked = new Map<string, Asked>();
  private readonly opening: Promise<WebSocket>;
  private socket: WebSocket | undefined;
  private ping: NodeJS.Timeout | undefined;
  private usedAt = performance.now();
  private closed = false;

  constructor(
    outbound: OutboundClient,
    url: string,
    authorization: string | undefined,
    private readonly maxPayload: number,
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

  /** The answer with this id. @throws OutboundError, TryError, CallCancelledError */
  async ask(id: string, message: string, attempt: Attempt): Promise<{ answer: BridgeAnswer; bytes: number }> {
    const { timeoutMs, signal } = attempt;
    this.usedAt = performance.now();
    // The same execution over the same connection: the first is still waited for.
    if (this.asked.has(id)) throw new TryError('unreachable', 'this execution is under way here', true);
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
        this.asked.delete(id);
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
        socket.send(message);
      }, end);
    });
  }

  close(): void {
    this.closed = true;
    clearInterval(this.ping);
    this.socket?.close();
  }

  private opened(socket: WebSocket): void {
    this.socket = socket;
    let isAlive = true;
    socket.on('pong', () => (isAlive = true));
    this.ping = setInterval(() => {
      if (!isAlive) socket.terminate();
      isAlive = false;
      socket.ping();
    }, PING_EVERY_MS).unref();
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      isAlive = true;
      if (!isBinary) this.answered(data);
    });
    // 'close' follows, and tells of it.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      clearInterval(this.ping);
      for (const { reject } of [...this.asked.values()]) {
        reject(new OutboundError('reset-before-answer', 'the connection ended before the answer', { sent: true }));
      }
    });
    if (this.closed) socket.close();
  }

  /** Anything that answers nobody is left alone: it may be meant for a call that has timed out. */
  private answered(data: Buffer): void {
    const bytes = data.length;
    const text = data.toString('utf8');
    const message = parseForeignJson(text);
    if (message === undefined && nestsDeeper(text, MAX_JSON_DEPTH)) {
      // Not parsed, so that all that is known is which ids it names; this Skill alone knows them.
      for (const [id, { resolve }] of [...this.asked]) {
        if (text.includes(`"${id}"`)) resolve({ answer: { id, ...TOO_DEEP }, bytes });
      }
      return;
    }
    // What is no JSON answers nobody in particular: the call runs into its time-out.
    const { type, ...answer } = (message ?? {}) as BridgeAnswer & { type?: unknown };
    if (type === 'response') this.asked.get(answer.id)?.resolve({ answer, bytes });
  }
}
